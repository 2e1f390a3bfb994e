"""A check finds a published dataset that is not what its files say."""

from typing import Any

import pytest

from sinagotd.datakit.builds.outcome import from_bytes, to_bytes
from sinagotd.datakit.builds.verifying import verify
from sinagotd.datakit.parallel import load_rows
from sinagotd.errors import DatasetError


def test_a_dataset_that_was_just_built_is_right(world: Any) -> None:
    world.build()
    verified = verify(world.declaration, load=load_rows)
    assert (verified.rows, verified.cells, verified.outdated, verified.mismatches) == (3, 9, 0, ())


def test_a_share_of_the_rows_can_be_checked(world: Any) -> None:
    world.fill(*(f"{number:02}" for number in range(40)))
    world.build()
    verified = verify(world.declaration, 0.3, load=load_rows)
    assert 2 < verified.rows < 30
    assert verified.mismatches == ()


def test_cells_that_changed_since_the_build_are_not_held_against_it(world: Any) -> None:
    world.build()
    world.write("02", "notes.txt", "newer")
    world.write("03", "values.json", {"age": "of another type", "name": 1})
    verified = verify(world.declaration, load=load_rows)
    assert (verified.cells, verified.outdated, verified.mismatches) == (6, 3, ())


def test_a_value_that_is_not_what_its_file_says_is_found(world: Any) -> None:
    """A kept cell is spoiled in such a way that its checksum fits, and the dataset is built of it."""
    world.build()
    for entry in (world.folder / "cache").rglob("*.cell"):
        outcome = from_bytes(entry.read_bytes())
        if outcome.cells.get("text") == "seen 02":
            entry.write_bytes(to_bytes(outcome._replace(cells={**outcome.cells, "text": "spoiled"})))
    world.declare(output=world.output.with_name("other.parquet"))
    world.build()
    (mismatch,) = verify(world.declaration, load=load_rows).mismatches
    assert (mismatch.row[0], mismatch.source, mismatch.feature) == ("02", "remarks", "text")


def test_there_must_be_something_to_check(world: Any) -> None:
    with pytest.raises(DatasetError, match="no version is published"):
        verify(world.declaration, load=load_rows)
