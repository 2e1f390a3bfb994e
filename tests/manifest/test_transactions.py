import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sinagotd.core.facts import Digest, Stamp
from sinagotd.errors import ManifestError
from sinagotd.manifest.faults import DamagedError, told
from sinagotd.manifest.opening import open_manifest
from sinagotd.manifest.reader import open_reader


def row(path: str, letters: int = 4) -> tuple[str, Stamp, Digest]:
    return path, Stamp(b"s" * 8 * letters), Digest(b"d" * 16)


def test_an_exception_undoes_everything(world: Any) -> None:
    def fail_halfway() -> None:
        with world.manifest.transaction():
            world.manifest.remember_digests([row("a")])
            world.manifest.set_meta("name", "value")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert dict(world.manifest.read.stamps()) == {}
    assert world.manifest.read.meta("name") is None


def test_others_see_a_nested_transaction_only_when_the_outermost_ends(world: Any) -> None:
    with open_reader(world.folder) as reader:
        with world.manifest.transaction():
            with world.manifest.transaction():
                world.manifest.remember_digests([row("a")])
            assert set(dict(world.manifest.read.stamps())) == {"a"}
            assert dict(reader.stamps()) == {}
        assert set(dict(reader.stamps())) == {"a"}


def test_a_refused_claim_undoes_only_itself(world: Any) -> None:
    world.claim("r1")
    with world.manifest.transaction():
        world.manifest.set_meta("before", "kept")
        with pytest.raises(ManifestError, match="in flight"):
            world.claim("r2")
        world.manifest.set_meta("after", "kept")
    assert world.manifest.read.meta("before") == world.manifest.read.meta("after") == "kept"
    assert world.manifest.read.run("r2") is None


def test_a_run_id_that_is_taken_is_refused_and_its_step_stays_free(world: Any) -> None:
    world.claim("r1")
    world.succeed("r1")
    with pytest.raises(ManifestError, match="cannot be stored"):
        world.claim("r1")
    assert world.manifest.read.in_flight() == []
    world.claim("r2")


def test_the_settings_of_the_connection_are_really_set(world: Any) -> None:
    def ask(name: str) -> Any:
        return world.manifest._session.rows(f"PRAGMA {name}")[0][0]

    assert ask("journal_mode") == "wal"
    assert ask("synchronous") == 2
    assert ask("busy_timeout") == 5000
    assert ask("journal_size_limit") == 64 * 1024 * 1024
    assert ask("foreign_keys") == ask("trusted_schema") == 0
    assert ask("cell_size_check") == 1
    assert world.manifest._session.connection.isolation_level is None


def test_files_are_for_the_owner_and_the_group_only(world: Any) -> None:
    world.claim("r1")
    assert world.folder.stat().st_mode & 0o777 == 0o750
    modes = {path.name: path.stat().st_mode & 0o777 for path in world.folder.glob("manifest*")}
    assert modes == dict.fromkeys(["manifest.db", "manifest.db-wal", "manifest.db-shm"], 0o640)


def test_after_a_clean_close_one_plain_file_is_left(folder: Path) -> None:
    opened = open_manifest(folder, at=1.0)
    opened.manifest.set_meta("name", "value")
    opened.manifest.close()
    opened.manifest.close()
    assert [path.name for path in folder.glob("manifest*")] == ["manifest.db"]
    with open_reader(folder) as reader:
        assert reader.meta("name") == "value"


def test_a_checkpoint_moves_the_log_unless_a_reader_stands_in_the_way(world: Any) -> None:
    world.manifest.set_meta("name", "value")
    with open_reader(world.folder) as reader:
        cursor = reader._session.connection.execute("SELECT * FROM meta UNION ALL SELECT * FROM meta")
        cursor.fetchone()
        world.manifest.set_meta("name", "later")
        assert not world.manifest.checkpoint()
        cursor.close()
    assert world.manifest.checkpoint()
    assert b"later" in (world.folder / "manifest.db").read_bytes()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False, text=True
    )
    if done.returncode:
        pytest.skip(f"a small file system of its own needs root: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_undoes_the_transaction_and_work_goes_on_once_there_is_room(small_disk: Path) -> None:
    folder = small_disk / "state"
    manifest = open_manifest(folder, at=1.0).manifest
    manifest.remember_digests([row("kept")])
    ballast = small_disk / "ballast"
    fill_up(ballast)
    for _ in range(20):
        with pytest.raises(OSError, match="No space left on device") as fault:
            manifest.remember_digests(row(f"{number}") for number in range(2000))
        assert fault.value.errno == errno.ENOSPC
        assert set(dict(manifest.read.stamps())) == {"kept"}
    ballast.unlink()
    manifest.remember_digests(row(f"{number}") for number in range(2000))
    with open_reader(folder) as reader:
        assert len(dict(reader.stamps())) == 2001
    manifest.close()
    opened = open_manifest(folder, at=2.0)
    assert opened.repaired is None
    opened.manifest.close()


def fill_up(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"0" * 4096)


def test_nothing_slips_in_after_sqlite_rolled_back_by_itself(world: Any) -> None:
    """As it does for some faults: what comes next would be kept without what came before."""

    def go_on_regardless() -> None:
        with world.manifest.transaction():
            world.manifest.set_meta("before", "lost")
            world.manifest._session.connection.execute("ROLLBACK")
            world.manifest.set_meta("after", "must not be kept alone")

    with pytest.raises(ManifestError, match="rolled back after a fault"):
        go_on_regardless()
    assert world.manifest.read.meta("before") is None
    assert world.manifest.read.meta("after") is None


AS_ANOTHER_USER = """
import os, sys
from pathlib import Path
from sinagotd.manifest.reader import open_reader

folder, user, group = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
open_reader(folder).close()  # the other user may not be able to import from here
os.setgroups([])
os.setgid(group)
os.setuid(user)
try:
    with open_reader(folder) as reader:
        print(reader.meta("name"))
except Exception as fault:
    print(type(fault).__name__)
"""


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that other users reach: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_the_group_reads_while_the_daemon_works_after_a_kill_and_after_a_clean_end(open_place: Path) -> None:
    folder, killed = open_place / "state", open_place / "killed"
    manifest = open_manifest(folder, at=1.0).manifest
    manifest.set_meta("name", "value")
    shutil.copytree(folder, killed)
    for path in [folder, killed, *folder.iterdir(), *killed.iterdir()]:
        os.chown(path, 0, 54321)
    assert read_as(54320, 54321, folder) == read_as(54320, 54321, killed) == "value"
    assert read_as(54320, 54322, folder) != "value"
    manifest.close()
    assert read_as(54320, 54321, folder) == "value"


def read_as(user: int, group: int, folder: Path) -> str:
    words = [sys.executable, "-c", AS_ANOTHER_USER, str(folder), str(user), str(group)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, OSError),
        (sqlite3.SQLITE_IOERR_READ, ManifestError),
        (sqlite3.SQLITE_IOERR_SHORT_READ, DamagedError),
        (sqlite3.SQLITE_CORRUPT, DamagedError),
        (sqlite3.SQLITE_NOTADB, DamagedError),
        (sqlite3.SQLITE_READONLY, ManifestError),
    ],
)
def test_a_fault_of_the_disk_is_no_damage_unless_the_file_is_too_short(code: int, kind: type[Exception]) -> None:
    fault = sqlite3.OperationalError("as SQLite says it")
    fault.sqlite_errorcode = code
    assert type(told(fault, Path("manifest.db"))) is kind
