"""Versions of a dataset: what readers see, what is listed and kept, what someone did to it, and the way back."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from durable_acts import Act, noted_acts

from sinagotd.datakit.builds import versions
from sinagotd.datakit.builds.built import Status
from sinagotd.datakit.builds.home import Home
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
