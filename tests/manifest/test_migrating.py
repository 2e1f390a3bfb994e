import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sinagotd.core.facts import Failure, Fingerprint, StepHistory, Vain
from sinagotd.core.keys import StepKey
from sinagotd.errors import ManifestError, UnusableError
from sinagotd.manifest import migrating
from sinagotd.manifest.check import check
from sinagotd.manifest.health import SCHEMA
from sinagotd.manifest.opening import open_manifest
from sinagotd.manifest.reader import open_reader
from sinagotd.manifest.session import Session, create, open_to_write

NEWEST = migrating.newest_version()
NEXT = f"{NEWEST + 1:04}_next.sql"
CHANGES = "CREATE TABLE extra (name TEXT PRIMARY KEY);\nALTER TABLE records ADD COLUMN colour TEXT;\n"


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes this program one migration newer, as if it had been upgraded."""
    place = tmp_path / "migrations"
    shutil.copytree(Path(migrating.__file__).with_name("migrations"), place)

    def upgrade(sql: str) -> None:
        (place / NEXT).write_text(sql)
        monkeypatch.setattr(migrating, "FOLDER", place)

    return upgrade


def closed(folder: Path, **meta: str) -> None:
    manifest = open_manifest(folder, at=1.0).manifest
    for name, value in meta.items():
        manifest.set_meta(name, value)
    manifest.close()


def test_a_new_manifest_went_through_every_migration(world: Any) -> None:
    assert migrating.version_of(world.manifest._session) == NEWEST
    assert world.manifest._session.rows("PRAGMA application_id") == [(int.from_bytes(b"SNGT"),)]


def test_what_the_first_version_remembered_is_kept_and_every_column_added_since_is_empty(folder: Path) -> None:
    folder.mkdir()
    session = create(folder / "manifest.db")
    migrating.migrate(session, migrating.migrations()[:1])
    session.change(
        "INSERT INTO steps (record, step, failed_code, failed_parameters, failed_inputs, failed_attempts, failed_error)"
        " VALUES ('REC-1', 'count', x'01', x'02', x'03', 2, 'ValueError: no')"
    )
    session.close()
    opened = open_manifest(folder, at=2.0)
    failure = Failure(Fingerprint(b"\1", b"\2", b"\3"), 2, None, "ValueError: no")
    key = StepKey("REC-1", "count")
    assert (opened.repaired, opened.manifest.read.history()) == (None, {key: StepHistory(failure=failure)})
    opened.manifest.run_in_vain(key, Vain(b"code", 1, 5.0, "it moved"))
    assert opened.manifest.read.history()[key].vain == (b"code", 1, 5.0, "it moved")
    opened.manifest.close()
    assert check(folder).findings == ()


def test_the_numbers_of_the_migrations_have_no_gap() -> None:
    assert [step.number for step in migrating.migrations()] == list(range(1, migrating.newest_version() + 1))


def test_an_older_manifest_is_brought_up_to_date_with_a_backup_first(folder: Path, next_version: Any) -> None:
    closed(folder, name="value")
    next_version(CHANGES)
    with pytest.raises(ManifestError, match="start the daemon once"):
        open_reader(folder)
    assert f"of version {NEWEST}: start the daemon once" in check(folder).findings[0]
    opened = open_manifest(folder, at=2.0)
    assert opened.repaired is None
    assert opened.manifest.read.meta("name") == "value"
    assert migrating.version_of(opened.manifest._session) == NEWEST + 1
    opened.manifest.close()
    assert len(list((folder / "backups").iterdir())) == 1


def test_a_failing_migration_is_undone_as_a_whole(folder: Path, next_version: Any) -> None:
    closed(folder, name="value")
    next_version(CHANGES + "CREATE TABLE digests (path TEXT);")
    with pytest.raises(ManifestError, match=rf"migration {NEXT} failed and was undone: .*already exists"):
        open_manifest(folder, at=2.0)
    session = open_to_write(folder / "manifest.db")
    assert migrating.version_of(session) == NEWEST
    assert session.rows("SELECT name FROM sqlite_master WHERE name = 'extra'") == []
    assert session.rows("SELECT value FROM meta WHERE name = 'name'") == [("value",)]
    session.close()


def test_a_newer_manifest_is_refused_and_left_as_it_is(folder: Path) -> None:
    closed(folder)
    session = open_to_write(folder / "manifest.db")
    session.script("PRAGMA user_version = 700; CREATE TABLE news (text TEXT)")
    session.close()
    content = (folder / "manifest.db").read_bytes()
    for use in (lambda: open_manifest(folder, at=2.0), lambda: open_reader(folder)):
        with pytest.raises(UnusableError, match=rf"a newer sinagotd \(schema 700, this one knows {NEWEST}\)"):
            use()
    assert "newer sinagotd" in check(folder).findings[0]
    assert (folder / "manifest.db").read_bytes() == content
    assert not (folder / "quarantine").exists()


@pytest.mark.parametrize("version", [1, NEWEST + 1, NEWEST + 2**24])
def test_a_version_that_the_tables_are_not_of_is_damage(folder: Path, version: int) -> None:
    closed(folder)
    session = open_to_write(folder / "manifest.db")
    session.rows(f"PRAGMA user_version = {version}")
    session.close()
    opened = open_manifest(folder, at=2.0)
    opened.manifest.close()
    assert "the manifest was damaged" in str(opened.repaired)


def test_every_migration_changes_the_tables_for_by_them_a_flipped_bit_in_the_version_is_told() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        session = Session(connection, Path(":memory:"))
        for migration in migrating.migrations():
            before = session.rows(SCHEMA)
            migrating.migrate(session, [migration])
            assert session.rows(SCHEMA) != before


def test_a_run_whose_order_another_version_wrote_is_let_go(folder: Path, world: Any) -> None:
    world.claim("r1")
    world.manifest._session.change("""UPDATE runs SET order_json = '{"fields": "of another time"}'""")
    with pytest.raises(ManifestError, match="holds a row that cannot be read"):
        world.manifest.read.in_flight()
    again = open_manifest(folder, at=2.0)
    assert again.repaired is None
    assert again.manifest.read.in_flight() == []
    again.manifest.close()
    world.claim("r2")
