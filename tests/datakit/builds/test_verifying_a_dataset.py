"""A check finds a published dataset that is not what its files say."""

from typing import Any

import pytest

from sinagotd.datakit.builds.outcome import from_bytes, to_bytes
from sinagotd.datakit.builds.packing import load_here
from sinagotd.datakit.builds.verifying import verify
from sinagotd.errors import DatasetError


@pytest.mark.parametrize(("name", "partition_by"), [("main.parquet", ()), ("main.h5", ()), ("main", ("subject",))])
def test_a_dataset_that_was_just_built_is_right(world: Any, name: str, partition_by: tuple[str, ...]) -> None:
    world.write("02", "values.json", {"age": "of another type"})
    world.declare(output=world.output.with_name(name), partition_by=partition_by)
    world.build()
    verified = verify(world.declaration, load=load_here)
    assert (verified.rows, verified.cells, verified.outdated, verified.mismatches) == (3, 9, 0, ())


def test_a_share_of_the_rows_can_be_checked(world: Any) -> None:
    world.fill(*(f"{number:02}" for number in range(40)))
    world.build()
    verified = verify(world.declaration, 0.3, load=load_here)
    assert 2 < verified.rows < 30
    assert verified.mismatches == ()


def test_cells_that_changed_since_the_build_are_not_held_against_it(world: Any) -> None:
    world.build()
    world.write("02", "notes.txt", "newer")
    world.write("03", "values.json", {"age": "of another type", "name": 1})
    verified = verify(world.declaration, load=load_here)
    assert (verified.cells, verified.outdated, verified.mismatches) == (6, 3, ())


def test_rows_that_came_and_went_since_the_build_are_not_held_against_it(world: Any) -> None:
    world.build()
    world.fill("04")
    for name in ("values.json", "rows.csv", "notes.txt"):
        world.path("01", name).unlink()
    verified = verify(world.declaration, load=load_here)
    assert (verified.rows, verified.cells, verified.outdated, verified.mismatches) == (3, 6, 3, ())


def test_one_that_is_divided_otherwise_by_now_must_be_built_first(world: Any) -> None:
    world.declare(output=world.output.with_name("main"), partition_by=("subject",))
    world.build()
    world.declare(partition_by=("session",))
    with pytest.raises(DatasetError, match="declared otherwise by now"):
        verify(world.declaration, load=load_here)


def test_a_value_that_is_not_what_its_file_says_is_found(world: Any) -> None:
    """A kept cell is spoiled in such a way that its checksum fits, and the dataset is built of it."""
    world.build()
    for entry in (world.folder / "cache").rglob("*.cell"):
        outcome = from_bytes(entry.read_bytes())
        if outcome.cells.get("text") == "seen 02":
            entry.write_bytes(to_bytes(outcome._replace(cells={**outcome.cells, "text": "spoiled"})))
    world.declare(output=world.output.with_name("other.parquet"))
    world.build()
    (mismatch,) = verify(world.declaration, load=load_here).mismatches
    assert (mismatch.row[0], mismatch.source, mismatch.feature) == ("02", "remarks", "text")


def test_there_must_be_something_to_check(world: Any) -> None:
    with pytest.raises(DatasetError, match="no version is published"):
        verify(world.declaration, load=load_here)
