"""Versions of a dataset: what readers see, what is listed and kept, what someone did to it, and the way back."""

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from durable_acts import Act, noted_acts

from sinagotd.datakit.builds import versions
from sinagotd.datakit.builds.built import Status
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.saving import parquet
from sinagotd.datakit.saving.contents import Group
from sinagotd.datakit.saving.parquet import ROW_GROUP_BYTES
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.errors import DatasetError


def test_a_published_file_that_someone_deleted_or_replaced_comes_back(world: Any) -> None:
    world.build()
    world.output.unlink()
    built = world.build()
    assert (built.status, built.version) == (Status.PUBLISHED, 1)
    assert "deleted by someone" in built.why
    world.check()
    world.output.unlink()
    world.output.write_text("mine")
    assert "changed by someone" in world.build().why
    world.check()


def test_a_published_file_that_someone_edited_in_place_is_built_anew(world: Any) -> None:
    world.build()
    with world.output.open("r+b") as file:
        file.write(b"mine")
    built = world.build()
    assert (built.status, built.version, built.cells_loaded) == (Status.PUBLISHED, 2, 0)
    assert "changed by someone" in built.why
    world.check()


@pytest.mark.parametrize("group_bytes", [1, ROW_GROUP_BYTES])
@pytest.mark.parametrize("at", [0.3, 0.95])
def test_a_version_that_the_disk_damaged_is_not_copied_from(
    world: Any, monkeypatch: Any, group_bytes: int, at: float
) -> None:
    """A bit has changed, be it in the values or in the footer, and nothing else tells."""
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", group_bytes)
    world.write("01", "rows.csv", "x,y\n" + "".join(f"{row},{row / 7}\n" for row in range(3000)))
    world.build()
    stat = world.output.stat()
    with world.output.open("r+b") as file:
        file.seek(int(at * stat.st_size))
        flipped = bytes([file.read(1)[0] ^ 1])
        file.seek(-1, os.SEEK_CUR)
        file.write(flipped)
    os.utime(world.output, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    world.write("02", "notes.txt", "another")
    built = world.build()
    assert (built.status, built.version, built.cells_loaded) == (Status.PUBLISHED, 2, 1)
    assert "nothing is copied from version 1" in built.why
    world.check()


def test_rows_that_did_not_change_are_copied_byte_for_byte(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 1)
    world.fill(*(f"{subject:02}" for subject in range(10)))
    world.build()
    for subject in range(0, 10, 2):  # the first build writes one row group
        world.write(f"{subject:02}", "notes.txt", "apart from its neighbours")
    world.build()
    before = groups_of(world)
    world.write("04", "notes.txt", "another")
    world.path("07", "notes.txt").unlink()
    world.build()
    world.check()
    after = groups_of(world)
    assert len(after) == 10
    assert [at for at, group in enumerate(after) if group not in before] == [4, 7]


@pytest.mark.timeout(60)
def test_row_groups_do_not_get_smaller_with_every_build(world: Any, monkeypatch: Any) -> None:
    """Rows come one by one, at every place; one that makes its row group too large leaves a small one behind."""
    world.build()
    limit = 3 * told(world)[0].held
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", limit)
    for subject in range(25):
        world.fill(f"{subject * 37 % 100:02}")
        world.build()
    world.check()
    held = [group.held for group in told(world)]
    assert len(held) >= 3
    assert len(held) <= 2 * sum(held) / limit + 1


def test_rows_that_are_gone_take_their_row_group_along_and_no_other(world: Any, monkeypatch: Any) -> None:
    """Row groups of two rows each, and a row goes from every second one."""
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", 1)
    for subject in range(0, 12, 2):
        world.fill(f"1{subject:02}", f"1{subject + 1:02}")
        world.build()
    before = groups_of(world)
    assert [group.rows for group in told(world)] == [5, *[2] * 5]
    for name in ("values.json", "rows.csv", "notes.txt"):
        for subject in ("102", "107", "110"):
            world.path(subject, name).unlink()
    world.build()
    world.check()
    after = groups_of(world)
    assert [group.rows for group in told(world)] == [5, 1, 2, 1, 2, 1]
    assert [at for at, group in enumerate(after) if group in before] == [0, 2, 4]


def groups_of(world: Any) -> list[bytes]:
    """The bytes of each row group of what is published."""
    content = world.output.read_bytes()
    return [content[group.start : group.start + group.size] for group in told(world)]


def told(world: Any) -> tuple[Group, ...]:
    """What the newest version says of its row groups."""
    home = Home(world.output)
    version = versions.load_version(home, home.numbers()[-1])
    assert version is not None
    return version.files[0].contents.groups


def test_versions_are_listed_and_the_oldest_taken_away(world: Any) -> None:
    world.declare(keep=2)
    for age in range(5):
        world.write("02", "values.json", {"age": age + 10})
        world.build()
    listing = versions.read(world.output)
    assert listing.latest == 5
    assert [version.number for version in listing.versions] == [3, 4, 5]
    held = json.loads((world.output.parent / "main.versions.json").read_text())
    oldest = world.output.parent / held["versions"][0]["path"]
    assert load_saved(oldest)["facts", "age"].tolist() == [0, 12, 2]


def test_a_rollback_shows_an_older_version_until_something_changes(world: Any) -> None:
    world.build()
    first = world.published()
    world.write("02", "notes.txt", "another")
    world.build()
    assert versions.rollback(world.output, 1).latest == 1
    pd.testing.assert_frame_equal(world.published(), first)
    built = world.build()
    assert (built.status, built.version) == (Status.UNCHANGED, 1)
    assert "since version 1 was chosen" in built.why
    world.write("03", "notes.txt", "another")
    assert world.build().version == 3
    world.check()


def test_a_rollback_to_a_version_that_is_not_kept_names_those_that_are(world: Any) -> None:
    world.build()
    with pytest.raises(DatasetError, match="there is no version 7; kept are 1"):
        versions.rollback(world.output, 7)


def test_a_listing_that_the_last_build_could_not_write_is_mended_by_the_next(world: Any) -> None:
    """It is written after readers see the new version: a full disk or a kill may come between."""
    world.build()
    before = world.output.with_name("main.versions.json").read_bytes()
    world.write("02", "notes.txt", "another")
    world.build()
    after = world.output.with_name("main.versions.json").read_bytes()
    for left in (before, b"", None):
        world.output.with_name("main.versions.json").unlink()
        if left is not None:
            world.output.with_name("main.versions.json").write_bytes(left)
        assert world.build().status == Status.UNCHANGED
        assert world.output.with_name("main.versions.json").read_bytes() == after


@pytest.mark.parametrize("partition_by", [(), ("subject",)])
def test_what_someone_did_to_the_published_files_is_told_without_reading_them(world: Any, partition_by: Any) -> None:
    world.declare(partition_by=partition_by, output=world.output.with_name("main" if partition_by else "main.parquet"))
    world.build()
    assert versions.harm(world.output, 1) == ""
    file = next(world.output.rglob("*.parquet")) if partition_by else world.output
    with file.open("ab") as more:
        more.write(b"mine")
    assert versions.harm(world.output, 1) == "changed"
    world.output.unlink()
    assert versions.harm(world.output, 1) == "deleted"


@pytest.mark.parametrize("partition_by", [(), ("subject",)])
def test_a_version_is_on_the_disk_before_readers_see_it(world: Any, monkeypatch: Any, partition_by: Any) -> None:
    """A power cut leaves the old one or the new one, whole."""
    world.declare(partition_by=partition_by, output=world.output.with_name("main" if partition_by else "main.parquet"))
    world.build()
    world.write("02", "notes.txt", "another")
    acts = noted_acts(monkeypatch)
    world.build()
    home = Home(world.output)
    shown = acts.index(Act("rename", str(world.output)))
    before, after = acts[:shown], acts[shown:]
    named = before.index(Act("rename", str(home.of(2))))
    staged = {Path(act.path).name for act in before[:named] if act.kind == "fsync"}
    files = [file for file in home.of(2).rglob("*") if file.is_file()]
    assert {file.name for file in files} <= staged
    assert Act("fsync", str(home.folder)) in before[named:]
    listed = after.index(Act("rename", str(home.listing)))
    assert Act("fsync", str(world.output.parent)) in after[:listed]
