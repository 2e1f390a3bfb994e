"""A full disk, a damaged manifest, a log that cannot be written: told, waited for, and made good afterwards by itself."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_world import COUNTED, RAW, SETTINGS, Lab, a_lab, script

from sinagotd.core.states import Outcome

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

SIZE_MIB = 12
OUTPUT_BYTES = 200_000
LARGE = script(RAW, COUNTED, f"self.path.output.write_text(text * {OUTPUT_BYTES})")
LARGE_MEAN = script(COUNTED, ("mean", "{id}.txt"), "self.path.output.write_text('mean of ' + text[:1])")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MiB, on which a workspace's data folder lies."""
    place = tmp_path / "lab" / "dataset"
    place.mkdir(parents=True)
    options = ["-o", f"size={SIZE_MIB}m", "-t", "tmpfs", "tmpfs"]
    mounted = subprocess.run(["mount", *options, place], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a small disk needs root: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(file: Path, *, leave_bytes: int) -> None:
    free = os.statvfs(file.parent)
    size = free.f_bavail * free.f_frsize - leave_bytes
    with file.open("wb") as written:
        written.write(b"x" * size)


@pytest.mark.parametrize("left", [100_000, 0], ids=["no output fits", "not even the manifest fits"])
def test_on_a_full_disk_nothing_is_damaged_and_all_is_done_once_there_is_room(small_disk: Path, left: int) -> None:
    with a_lab(small_disk, SETTINGS.replace("REC-[0-9]+", "[A-Z]+-[a-z0-9]+"), count=LARGE, mean=LARGE_MEAN) as lab:
        daemon = lab.start()
        first = lab.new_record("a")
        lab.wait_current(first)
        late = {f"LATE-{letter}": letter for letter in "bcdefg"}
        for record, letter in late.items():
            lab.put(f"store/{record}.txt", letter)
        fill(lab.data / "ballast", leave_bytes=left)
        for record in late:
            (lab.data / f"store/{record}.txt").rename(lab.data / f"raw/{record}.txt")
        daemon.wait_until(lambda: is_told(lab), "the full disk told")
        assert lab.read(f"count/{first}.txt") == "a" * OUTPUT_BYTES
        assert {lab.read(f"count/{record}.txt") for record in late} == {None}
        (lab.data / "ballast").unlink()
        lab.wait_current(first, *late)
        assert {lab.read(f"count/{record}.txt") for record in late} == {letter * OUTPUT_BYTES for letter in "bcdefg"}
        assert {lab.read(f"mean/{record}.txt") for record in late} == {f"mean of {letter}" for letter in "bcdefg"}
        assert {run.outcome for run in daemon.runs()} <= {Outcome.SUCCEEDED, Outcome.ABANDONED}
        daemon.stop()
        lab.command("manifest", "check", lab.folder)


def is_told(lab: Lab) -> bool:
    return any("No space left" in str(line.get("why")) for line in lab.daemon.lines())


def test_a_manifest_with_flipped_bytes_is_moved_aside_and_everything_goes_on(tmp_path: Path) -> None:
    with a_lab(tmp_path) as lab:
        lab.start("--inline")
        record = lab.new_record("two words")
        lab.wait_current(record)
        lab.daemon.stop()
        file = lab.data / ".sinagotd" / "manifest.db"
        damaged = bytearray(file.read_bytes())
        for place in range(4096, len(damaged), 97):
            damaged[place] ^= 0xFF
        file.write_bytes(damaged)
        lab.start("--inline")
        assert "damaged" in lab.daemon.wait_for_line("manifest_repaired")["why"]
        lab.come_to_rest()
        lab.wait_current(record, lab.last_record)
        assert lab.results(record) == ("2", "mean of 2")
        assert list((lab.data / ".sinagotd" / "quarantine").rglob("manifest.db*"))
        lab.daemon.stop()


def test_a_log_folder_that_cannot_be_written_costs_the_records_own_logs_only(tmp_path: Path) -> None:
    with a_lab(tmp_path) as lab:
        lab.put("LOG", "a file where the folder should be")
        lab.start("--inline")
        record = lab.new_record("two words")
        lab.wait_current(record)
        assert "LOG" in lab.daemon.lines("record_log_failed")[0]["why"]
        assert lab.read("LOG") == "a file where the folder should be"
        lab.daemon.stop()
