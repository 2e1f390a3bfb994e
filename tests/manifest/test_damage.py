import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sinagotd.core.facts import RESTORED, Digest, Stamp, StepHistory
from sinagotd.core.keys import StepKey
from sinagotd.manifest.check import check
from sinagotd.manifest.faults import DamagedError
from sinagotd.manifest.opening import open_manifest
from sinagotd.manifest.reader import Reader, open_reader
from sinagotd.manifest.rows import Standing

RECORDS = 60
GARBAGE = b"\x00\xff not a database " * 400


def key(number: int) -> StepKey:
    return StepKey(f"REC-{number}", "count")


@pytest.fixture
def seeded(world: Any, tmp_path: Path) -> Path:
    """A copy of a manifest in use: even records succeeded, odd ones failed; with a backup of the first half."""
    for half in (range(RECORDS // 2), range(RECORDS // 2, RECORDS)):
        with world.manifest.transaction():
            for number in half:
                world.claim(f"r{number}", key(number), inputs=b"i%d" % number)
                world.fail(f"r{number}", 9.0) if number % 2 else world.succeed(f"r{number}", b"%16d" % number)
        if 0 in half:
            world.claim("in flight", StepKey("REC-1", "mean"))
            world.manifest.checkpoint()
            world.manifest.backup(world.folder / "backups")
    with world.manifest.transaction():
        world.manifest.remember_digests((f"raw/{n}", Stamp(b"s" * 32), Digest(b"%16d" % n)) for n in range(400))
        world.manifest.see_records([key(number).record for number in range(RECORDS)], 1.0)
    place = tmp_path / "killed"
    shutil.copytree(world.folder, place)
    world.manifest.abandon("in flight", "abandoned", "", at=1.0)
    return place


@pytest.fixture
def at_rest(seeded: Path) -> Path:
    """The same, closed properly: all is in the file."""
    open_manifest(seeded, at=1.0).manifest.close()
    return seeded


def read_everything(reader: Reader) -> dict[StepKey, StepHistory]:
    reader.counts(), reader.records(), reader.standings(), reader.in_flight(), dict(reader.stamps())
    for run in reader.runs(limit=1000):
        assert reader.run(run.run_id) == run
    reader.events()
    return reader.history()


def open_and_use(place: Path) -> tuple[str | None, dict[StepKey, StepHistory]]:
    """Open, read everything, write something, close; none of it may raise."""
    opened = open_manifest(place, at=2_000_000_000.0)
    with_all = read_everything(opened.manifest.read)
    opened.manifest.stand([(key(1), Standing("stale", "NEVER_RAN", "it never ran", 1.0))])  # type: ignore[arg-type]
    opened.manifest.close()
    with open_reader(place) as reader:
        assert key(1) in reader.standings(["REC-1"])
    return opened.repaired, with_all


def assert_no_success_is_invented(history: dict[StepKey, StepHistory]) -> None:
    """What never succeeded has no success; what did has its own, or one that no fingerprint will match."""
    for (record, step), past in history.items():
        number = record.removeprefix("REC-")
        if past.made is None or step != "count" or not number.isdigit() or past.made.fingerprint.code != b"code":
            continue
        if past.made.fingerprint.inputs == b"i%s" % number.encode():
            assert int(number) % 2 == 0


def empty(path: Path) -> None:
    path.write_bytes(b"")


def fill_with_garbage(path: Path) -> None:
    path.write_bytes(GARBAGE)


def cut_in_half(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 + 123)


def overwrite_the_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(GARBAGE)


def make_it_another_programs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")


@pytest.mark.parametrize(
    "harm", [empty, fill_with_garbage, cut_in_half, overwrite_the_middle, make_it_another_programs]
)
def test_a_damaged_file_is_kept_aside_and_the_newest_good_backup_restored(
    at_rest: Path, harm: Callable[[Path], None]
) -> None:
    path = at_rest / "manifest.db"
    harm(path)
    damaged = path.read_bytes()
    fill_with_garbage(at_rest / "backups" / "manifest-29990101T000000Z.db")
    repaired, history = open_and_use(at_rest)
    assert repaired is not None
    assert "damaged" in repaired
    assert "restored from" in repaired
    assert (at_rest / "quarantine" / "20330518T033320Z" / "manifest.db").read_bytes() == damaged
    assert_no_success_is_invented(history)
    assert history[key(0)].made is not None
    assert key(RECORDS - 2) not in history


def test_without_a_good_backup_it_starts_empty_and_says_so(seeded: Path) -> None:
    for backup in (seeded / "backups").iterdir():
        cut_in_half(backup)
    fill_with_garbage(seeded / "manifest.db")
    repaired, history = open_and_use(seeded)
    assert "there is no good backup, so it starts empty" in str(repaired)
    assert history == {}
    moved = {path.name for path in (seeded / "quarantine").rglob("*") if path.is_file()}
    assert moved == {"manifest.db", "manifest.db-wal", "manifest.db-shm"}


def test_after_a_restore_no_run_is_in_flight_and_no_output_is_taken_for_edited(seeded: Path) -> None:
    fill_with_garbage(seeded / "manifest.db")
    opened = open_manifest(seeded, at=5.0)
    assert opened.manifest.read.in_flight() == []
    assert opened.manifest.read.run("in flight").outcome == "abandoned"  # type: ignore[union-attr]
    made = opened.manifest.read.history()[key(0)].made
    assert made is not None
    assert (made.run_id, made.fingerprint.inputs) == (RESTORED, b"i0")
    opened.manifest.close()


@pytest.mark.parametrize("harm", [Path.unlink, empty])
def test_a_write_ahead_log_that_is_gone_is_noticed(seeded: Path, harm: Callable[[Path], None]) -> None:
    harm(seeded / "manifest.db-wal")
    (seeded / "manifest.db-shm").unlink()
    assert check(seeded).findings[0].startswith("the write-ahead log is gone")
    repaired, history = open_and_use(seeded)
    assert "write-ahead log of the manifest is gone" in str(repaired)
    assert_no_success_is_invented(history)
    assert all(past.flight is None for past in history.values())
    assert open_and_use(seeded)[0] is None


def test_a_kill_soon_after_a_start_leaves_a_log_also_if_the_clock_stood_still(at_rest: Path, tmp_path: Path) -> None:
    place = tmp_path / "killed again"
    opened = open_manifest(at_rest, at=1.0)
    shutil.copytree(at_rest, place)
    opened.manifest.close()
    assert open_and_use(place)[0] is None


def test_a_manifest_that_is_gone_is_restored_and_never_mixed_with_the_log_it_left(seeded: Path) -> None:
    (seeded / "manifest.db").unlink()
    repaired, history = open_and_use(seeded)
    assert "was not there: restored from" in str(repaired)
    assert (seeded / "quarantine" / "20330518T033320Z" / "manifest.db-wal").exists()
    assert key(0) in history


def test_a_manifest_that_is_gone_without_a_trace_is_restored_and_said(at_rest: Path) -> None:
    (at_rest / "manifest.db").unlink()
    repaired, history = open_and_use(at_rest)
    assert "was not there: restored from" in str(repaired)
    assert key(0) in history


def test_a_manifest_that_is_gone_with_all_its_backups_is_no_new_one(at_rest: Path) -> None:
    (at_rest / "manifest.db").unlink()
    for backup in (at_rest / "backups").iterdir():
        backup.unlink()
    assert "was not there: there is no good backup" in str(open_and_use(at_rest)[0])


def test_an_older_manifest_is_not_mixed_with_the_log_of_the_last_one(seeded: Path) -> None:
    backup = next((seeded / "backups").iterdir())
    shutil.copyfile(backup, seeded / "manifest.db")
    log = (seeded / "manifest.db-wal").read_bytes()
    repaired, history = open_and_use(seeded)
    assert "belongs to another file" in str(repaired)
    assert log in {path.read_bytes() for path in (seeded / "quarantine").rglob("manifest.db-wal")}
    assert_no_success_is_invented(history)


def test_an_older_manifest_that_was_put_in_its_place_is_told_from_the_last_one(at_rest: Path) -> None:
    backup = next((at_rest / "backups").iterdir())
    shutil.copyfile(backup, at_rest / "manifest.db")
    repaired, history = open_and_use(at_rest)
    assert "an older one or another's" in str(repaired)
    assert {past.made.run_id for past in history.values() if past.made} == {RESTORED}
    assert open_and_use(at_rest)[0] is None


def test_a_reader_says_that_a_file_without_tables_is_damaged(at_rest: Path) -> None:
    empty(at_rest / "manifest.db")
    with pytest.raises(DamagedError, match="holds no tables"):
        open_reader(at_rest)


def test_two_damages_in_one_second_are_both_kept(seeded: Path) -> None:
    for _ in range(2):
        fill_with_garbage(seeded / "manifest.db")
        open_and_use(seeded)
    assert len(list((seeded / "quarantine").rglob("manifest.db"))) == 2


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        ("UPDATE runs SET outcome = 'succefded' WHERE record = 'REC-0'", "succefded is no outcome"),
        ("UPDATE steps SET made_run_id = 'r1?' WHERE record = 'REC-0'", "REC-0/count was made by a run that is not"),
    ],
)
def test_what_no_program_writes_is_damage(seeded: Path, harm: str, fault: str) -> None:
    manifest = open_manifest(seeded, at=1.0).manifest
    manifest._session.change(harm)
    manifest.close()
    assert fault in str(open_and_use(seeded)[0])


def test_a_strange_letter_in_a_text_is_shown_as_such(seeded: Path) -> None:
    manifest = open_manifest(seeded, at=1.0).manifest
    manifest._session.change("UPDATE steps SET failed_error = CAST(x'6f6820ff' AS TEXT) WHERE record = 'REC-1'")
    manifest.close()
    repaired, history = open_and_use(seeded)
    assert repaired is None
    assert history[key(1)].failure.error == "oh \ufffd"  # type: ignore[union-attr]


def test_a_table_that_is_not_as_it_was_made_is_damage(seeded: Path) -> None:
    manifest = open_manifest(seeded, at=1.0).manifest
    manifest._session.change("DROP INDEX runs_in_flight")
    manifest.close()
    assert "index runs_in_flight is not as it was made" in str(open_and_use(seeded)[0])


@pytest.mark.parametrize("flips", [1, 3, 100])
def test_flipped_bits_are_never_a_crash_and_never_a_success(at_rest: Path, tmp_path: Path, flips: int) -> None:
    chance = random.Random(flips)
    repairs = 0
    for number in range(10):
        place = tmp_path / f"flipped{number}"
        shutil.copytree(at_rest, place)
        flip(place / "manifest.db", flips, chance)
        repaired, history = open_and_use(place)
        repairs += repaired is not None
        assert_no_success_is_invented(history)
    assert repairs


@pytest.mark.parametrize("name", ["manifest.db", "manifest.db-wal", "manifest.db-shm"])
def test_harm_to_any_file_of_a_killed_daemon_is_survived(seeded: Path, tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    for number in range(6):
        place = tmp_path / f"harmed{number}"
        shutil.copytree(seeded, place)
        if number % 2:
            flip(place / name, 3, chance)
        else:
            with (place / name).open("r+b") as file:
                file.truncate(chance.randrange((place / name).stat().st_size))
        assert_no_success_is_invented(open_and_use(place)[1])


def flip(path: Path, flips: int, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(flips):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(6)
    path.write_bytes(content)
