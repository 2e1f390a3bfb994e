import os
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from sinagotd.errors import ManifestError


def test_a_backup_is_one_whole_file_that_anyone_can_open(world: Any, tmp_path: Any) -> None:
    world.claim("r1")
    with world.manifest.transaction():
        world.manifest.set_meta("name", "value")
    path = world.manifest.backup(tmp_path / "elsewhere")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o640
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("SELECT run_id FROM runs").fetchall() == [("r1",)]
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_only_the_newest_backups_are_kept(world: Any, tmp_path: Any) -> None:
    for day in range(10, 20):
        (tmp_path / f"manifest-202001{day}T000000Z.db").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("mine")
    newest = world.manifest.backup(tmp_path, keep=3)
    assert sorted(os.listdir(tmp_path)) == [  # noqa: PTH208 - names are what is compared
        "manifest-20200118T000000Z.db",
        "manifest-20200119T000000Z.db",
        newest.name,
        "notes.txt",
        "state",
    ]


def test_a_backup_of_a_damaged_manifest_does_not_push_out_the_good_ones(world: Any, tmp_path: Any) -> None:
    world.claim("r1")
    good = world.manifest.backup(tmp_path / "backups", keep=1)
    world.manifest._session.change("UPDATE runs SET outcome = 'succefded'")
    good = good.rename(good.with_name("manifest-20200101T000000Z.db"))
    with pytest.raises(ManifestError, match="is not kept, for it is damaged: runs: succefded is no outcome"):
        world.manifest.backup(tmp_path / "backups", keep=1)
    assert list((tmp_path / "backups").iterdir()) == [good]
    world.manifest._session.change("UPDATE runs SET outcome = NULL")
