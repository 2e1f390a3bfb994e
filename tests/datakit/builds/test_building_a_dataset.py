"""What a build does: it publishes what changed, says why, and leaves alone what did not."""

import csv
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sinagotd.datakit import Dataset, Sources, TableSource
from sinagotd.datakit.builds.built import Status
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.reading import load_published
from sinagotd.errors import DatasetError


def backwards(dataset: Dataset) -> Dataset:
    return Dataset(dataset.inventory.iloc[::-1], registry=dataset.registry)


def look_of(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in sorted(folder.glob("main*"))}


def test_the_first_build_loads_everything_and_publishes_version_one(world: Any) -> None:
    built = world.build()
    assert (built.status, built.version, built.rows, built.cells_loaded) == (Status.PUBLISHED, 1, 3, 9)
    assert built.why == "the first version"
    world.check()


def test_a_build_with_nothing_changed_writes_nothing_and_says_so(world: Any) -> None:
    world.build()
    before = look_of(world.output.parent)
    built = world.build()
    assert (built.status, built.why, built.cells_loaded, built.cells_reused) == (
        Status.UNCHANGED,
        "nothing changed",
        0,
        9,
    )
    assert look_of(world.output.parent) == before


def test_one_changed_file_loads_its_cell_and_those_that_require_it(world: Any) -> None:
    world.build()
    world.write("02", "values.json", {"age": 7, "name": "new"})
    built = world.build()
    assert (built.status, built.version, built.cells_loaded) == (Status.PUBLISHED, 2, 2)
    assert built.why == "cells changed: 1 file, 1 dependency"
    world.check()


def test_a_touched_file_changes_nothing(world: Any) -> None:
    world.build()
    os.utime(world.path("02", "notes.txt"))
    assert world.build().status == Status.UNCHANGED


def test_an_edited_source_loads_its_cells_again_and_a_comment_does_not(world: Any) -> None:
    """The classes of one file share its code: an edit of one of them reloads the cells of all."""
    world.build()
    file = world.scripts / "lab_sources.py"
    file.write_text(file.read_text() + "\n# a remark\n")
    assert world.build().cells_loaded == 0
    world.edit_sources(2)
    built = world.build()
    assert (built.cells_loaded, built.why) == (9, "cells changed: 9 code, 3 dependency")
    world.check()


def test_rows_come_and_go(world: Any) -> None:
    world.build()
    world.fill("00", "025")
    for name in ("values.json", "rows.csv", "notes.txt"):
        world.path("02", name).unlink()
    built = world.build()
    assert (built.rows, built.cells_loaded) == (4, 6)
    assert built.why == "cells changed: 6 appeared, 3 gone"
    world.check()


def test_what_is_loaded_is_shared_by_all_datasets_with_one_cache(world: Any) -> None:
    world.build()
    world.declare(name="other", output=world.output.with_name("other.parquet"))
    built = world.build()
    assert (built.status, built.cells_loaded, built.cells_reused) == (Status.PUBLISHED, 0, 9)
    world.check()


def test_a_lost_cache_costs_time_and_nothing_else(world: Any) -> None:
    world.build()
    for entry in (world.folder / "cache").rglob("*.cell"):
        entry.write_bytes(entry.read_bytes()[:-3])
    world.write("02", "values.json", {"age": 1.5})
    assert world.build().status == Status.PUBLISHED
    world.check()


def test_a_failing_cell_is_a_problem_and_the_build_goes_on(world: Any) -> None:
    world.write("02", "values.json", {"fail": "torn cable"})
    world.path("03", "rows.csv").unlink()
    built = world.build()
    assert built.status == Status.PUBLISHED
    assert [(problem.row[0], problem.source, problem.status) for problem in built.problems] == [
        ("02", "facts", "error"),
        ("03", "table", "missing"),
    ]
    with (world.output.parent / "main.problems.csv").open() as file:
        listed = list(csv.DictReader(file))
    assert [(row["Subject"], row["source"], row["message"]) for row in listed[:2]] == [
        ("02", "facts", "torn cable"),
        ("03", "table", ""),
    ]
    world.check()
    assert world.build().cells_loaded == 0, "what failed by its content is not tried again"


def test_what_a_disk_refused_is_tried_again_with_all_that_requires_it(world: Any) -> None:
    world.write("02", "values.json", {"refuse": 1})
    (world.scripts / "refuse").touch()
    assert world.build().problems[0].message == "[Errno 5] Input/output error"
    assert world.build().cells_loaded == 2
    (world.scripts / "refuse").unlink()
    built = world.build()
    assert (built.problems, built.cells_loaded) == ((), 2)
    world.check()


def test_a_strict_dataset_keeps_its_last_good_version_and_says_why(world: Any) -> None:
    world.declare(strict=True)
    world.build()
    good = world.published()
    world.write("02", "values.json", {"fail": "torn cable"})
    built = world.build()
    assert (built.status, built.version) == (Status.KEPT, 1)
    assert "torn cable" in built.why
    pd.testing.assert_frame_equal(world.published(), good)
    world.write("02", "values.json", {"age": 3})
    assert world.build().status == Status.PUBLISHED
    world.check()


def test_a_required_source_that_a_row_lacks_is_an_error(world: Any) -> None:
    world.declare(required=("table",), strict=True)
    world.path("03", "rows.csv").unlink()
    built = world.build()
    assert (built.status, built.version) == (Status.KEPT, 0)
    assert "table of 03" in built.why
    assert not world.output.exists()


def test_filters_narrow_rows_and_cells(world: Any) -> None:
    world.declare(include={"subject": ("01", "02")}, exclude={"source": ("remarks",)})
    world.build()
    published = world.published()
    assert list(published.index.get_level_values("Subject")) == ["01", "02"]
    assert set(published.columns.get_level_values("Source")) == {"facts", "table"}


def test_a_change_of_the_declaration_is_a_new_version(world: Any) -> None:
    world.build()
    world.declare(sources=("facts", "table"))
    assert world.build().status == Status.PUBLISHED
    world.check()


@pytest.mark.parametrize("suffix", ["h5", "pkl"])
def test_other_formats_are_published_from_the_same_cells(world: Any, suffix: str) -> None:
    world.declare(output=world.output.with_name(f"main.{suffix}"))
    world.build()
    world.write("02", "values.json", {"age": 0.5})
    world.build()
    world.check()


def test_a_cell_that_moves_while_it_is_loaded_is_loaded_again_at_the_next_build(world: Any) -> None:
    from sinagotd.datakit.builds.packing import load_here

    def load(plan: Any, rows: Any) -> Any:
        world.write("02", "notes.txt", "written during the build")
        return load_here(plan, rows)

    world.build(load=load)
    assert world.build().cells_loaded >= 1
    world.check()
    world.write("02", "notes.txt", "seen 02")
    world.build()
    world.check()


def test_a_second_build_at_the_same_time_is_refused(world: Any) -> None:
    from sinagotd.datakit.builds.home import Home

    with Home(world.output).locked(), pytest.raises(DatasetError, match="another process is building it"):
        world.build()


def test_partitions_are_rewritten_only_where_a_row_changed(world: Any) -> None:
    world.declare(output=world.folder / "out" / "main", partition_by=("subject",))
    world.build()
    before = {path.name: path.stat().st_ino for path in Path(os.path.realpath(world.output)).glob("*.parquet")}
    world.write("02", "values.json", {"age": 9, "name": "new"})
    world.build()
    after = {path.name: path.stat().st_ino for path in Path(os.path.realpath(world.output)).glob("*.parquet")}
    assert sorted(before) == ["01.parquet", "02.parquet", "03.parquet"]
    assert {name for name in after if after[name] != before[name]} == {"02.parquet"}
    pd.testing.assert_frame_equal(load_published(world.output), world.from_scratch())


def test_a_partitioned_dataset_follows_a_column_that_changes_its_type(world: Any) -> None:
    world.declare(output=world.folder / "out" / "main", partition_by=("subject", "session"))
    world.build()
    world.write("02", "values.json", {"age": "old", "more": [1, 2]})
    world.build()
    pd.testing.assert_frame_equal(load_published(world.output), world.from_scratch())
    world.path("03", "values.json").unlink()
    world.write("04", "values.json", {"age": 4})
    world.build()
    pd.testing.assert_frame_equal(load_published(world.output), world.from_scratch())


def test_a_partitioned_dataset_opens_as_a_folder_of_plain_parquet(world: Any) -> None:
    world.declare(output=world.folder / "out" / "main", partition_by=("subject",))
    world.build()
    assert len(pd.read_parquet(world.output)) == 3


def test_a_folder_in_the_way_of_the_output_is_said(world: Any) -> None:
    world.output.mkdir()
    with pytest.raises(DatasetError, match="a folder is there that is none of ours"):
        world.build()


def test_an_output_that_cannot_be_written_is_said(world: Any) -> None:
    world.declare(output=Path("/proc/main.parquet"))
    with pytest.raises(DatasetError, match="cannot be published"):
        world.build()


def test_a_tree_without_recordings_raises_and_keeps_what_was_published(world: Any) -> None:
    world.build()
    (world.root / "data").rename(world.folder / "elsewhere")
    with pytest.raises(DatasetError, match="no files discovered"):
        world.build()
    assert len(world.published()) == 3


def test_rows_may_come_from_a_provider(world: Any, tmp_path: Path) -> None:
    class Lines(TableSource):
        tag = "lines"
        patterns = ("*.txt",)

        def build_table(self, path: Path, *, context: Any) -> Any:
            return [], {"text": path.read_text()}, {}

    def rows() -> Dataset:
        index = pd.MultiIndex.from_tuples([("01", "ses-1"), ("02", "ses-1")], names=["Subject", "Session"])
        inventory = pd.DataFrame(
            {"lines": [str(world.path(subject, "notes.txt")) for subject in ("01", "02")]}, index=index
        )
        return Dataset(inventory, registry=Sources(Lines, built_in=False, entry_points=False))

    world.declaration = Declaration("given", tmp_path / "given.parquet", rows=rows)
    assert world.build().cells_loaded == 2
    assert world.build().status == Status.UNCHANGED
    world.write("01", "notes.txt", "another")
    assert world.build().cells_loaded == 1
    assert world.published()["lines", "text"].tolist() == ["another", "seen 02"]
    world.declare(rows=lambda: backwards(rows()))
    assert world.build().cells_loaded == 0
    assert world.published()["lines", "text"].tolist() == ["seen 02", "another"]


BESIDE = '''
from sinagotd.datakit import TableSource

class Beside(TableSource):
    """Reads a file beside its own, of which discovery knows nothing."""
    tag = "beside"
    patterns = ("*_notes.txt",)
    companions = ("*_calibration.json",)

    def build_table(self, path, *, context):
        (other,) = path.parent.glob("*_calibration.json")
        return [], {"text": path.read_text() + other.read_text()}, {}
'''


def test_a_file_that_is_read_beside_the_own_one_counts_like_it(world: Any) -> None:
    """Though all files that make up the rows are the same, and another one of them changed."""
    (world.scripts / "beside.py").write_text(BESIDE)
    world.declare(
        sources=("facts", "beside"), source_files=(*world.declaration.source_files, world.scripts / "beside.py")
    )
    for subject in ("01", "02", "03"):
        world.write(subject, "calibration.json", "1")
    world.build()
    world.write("02", "calibration.json", "2")
    assert world.build().cells_loaded == 1
    pd.testing.assert_frame_equal(world.published(), world.from_scratch())
    world.write("02", "calibration.json", "3")
    world.write("03", "values.json", {"age": 5})
    assert world.build().cells_loaded == 2
    pd.testing.assert_frame_equal(world.published(), world.from_scratch())
