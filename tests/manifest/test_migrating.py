import shutil
from pathlib import Path
from typing import Any

import pytest

from sinagotd.errors import ManifestError
from sinagotd.manifest import migrating
from sinagotd.manifest.check import check
from sinagotd.manifest.opening import open_manifest
from sinagotd.manifest.reader import open_reader
from sinagotd.manifest.session import open_to_write

SECOND = "CREATE TABLE extra (name TEXT PRIMARY KEY);\nALTER TABLE records ADD COLUMN colour TEXT;\n"


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes this program one migration newer, as if it had been upgraded."""
    place = tmp_path / "migrations"
    shutil.copytree(Path(migrating.__file__).with_name("migrations"), place)

    def upgrade(sql: str) -> None:
        (place / "0002_second.sql").write_text(sql)
        monkeypatch.setattr(migrating, "FILES", str(place))

    return upgrade


def closed(folder: Path, **meta: str) -> None:
    manifest = open_manifest(folder, at=1.0).manifest
    for name, value in meta.items():
        manifest.set_meta(name, value)
    manifest.close()


def test_a_new_manifest_went_through_every_migration(world: Any) -> None:
    assert migrating.version_of(world.manifest._session) == migrating.newest_version() == 1
    assert world.manifest._session.rows("PRAGMA application_id") == [(int.from_bytes(b"SNGT"),)]


def test_the_numbers_of_the_migrations_have_no_gap() -> None:
    assert [step.number for step in migrating.migrations()] == list(range(1, migrating.newest_version() + 1))


def test_an_older_manifest_is_brought_up_to_date_with_a_backup_first(folder: Path, next_version: Any) -> None:
    closed(folder, name="value")
    next_version(SECOND)
    with pytest.raises(ManifestError, match="start the daemon once"):
        open_reader(folder)
    assert "of version 1: start the daemon once" in check(folder).findings[0]
    opened = open_manifest(folder, at=2.0)
    assert opened.repaired is None
    assert opened.manifest.read.meta("name") == "value"
    assert migrating.version_of(opened.manifest._session) == 2
    opened.manifest.close()
    assert len(list((folder / "backups").iterdir())) == 1


def test_a_failing_migration_is_undone_as_a_whole(folder: Path, next_version: Any) -> None:
    closed(folder, name="value")
    next_version(SECOND + "CREATE TABLE digests (path TEXT);")
    with pytest.raises(ManifestError, match=r"migration 0002_second.sql failed and was undone: .*already exists"):
        open_manifest(folder, at=2.0)
    session = open_to_write(folder / "manifest.db")
    assert migrating.version_of(session) == 1
    assert session.rows("SELECT name FROM sqlite_master WHERE name = 'extra'") == []
    assert session.rows("SELECT value FROM meta WHERE name = 'name'") == [("value",)]
    session.close()


def test_a_newer_manifest_is_refused_and_left_as_it_is(folder: Path) -> None:
    closed(folder)
    session = open_to_write(folder / "manifest.db")
    session.rows("PRAGMA user_version = 7")
    session.close()
    content = (folder / "manifest.db").read_bytes()
    for use in (lambda: open_manifest(folder, at=2.0), lambda: open_reader(folder)):
        with pytest.raises(ManifestError, match=r"a newer sinagotd \(schema 7, this one knows 1\)"):
            use()
    assert "newer sinagotd" in check(folder).findings[0]
    assert (folder / "manifest.db").read_bytes() == content
    assert not (folder / "quarantine").exists()


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
