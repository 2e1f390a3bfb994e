"""What was there before stays readable, whatever happens while a dataset is saved: V 33."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saving_world import assert_same, column, frame_of

from sinagotd.datakit.saving import digesting, writing
from sinagotd.datakit.saving.faults import DamagedError
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.saving.writing import open_writer, save_frame

SAVE_FOREVER = """
import sys, numpy, pandas
from saving_world import column, frame_of
from sinagotd.datakit.saving.writing import open_writer, save_frame
path, number = sys.argv[1], 0
while True:
    number += 1
    save_frame(frame_of({("a", "x"): column(numpy.full(50_000, float(number)))}), path)
    print(number, flush=True)
"""
SAVE_TOO_MUCH = """
import resource, signal, sys, numpy
from saving_world import column, frame_of
from sinagotd.datakit.saving.writing import save_frame
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
save_frame(frame_of({("a", "x"): column(numpy.random.default_rng(0).random(2**18))}), sys.argv[1])
"""


def small(number: float = 1.0) -> pd.DataFrame:
    return frame_of({("a", "x"): column(np.full(3, number))})


def start(program: str, path: Path) -> subprocess.Popen[str]:
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n{program}"
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.03])
def test_a_kill_leaves_a_whole_file(tmp_path: Path, delay_s: float) -> None:
    path = tmp_path / "saved.parquet"
    with start(SAVE_FOREVER, path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        time.sleep(delay_s)  # somewhere in the midst of the next ones
        process.kill()
        done = max([1, *map(int, process.stdout.read().split())])
    (value,) = {cell[0] for cell in load_saved(path)["a", "x"]}
    assert value in (done, done + 1)


def test_who_reads_meanwhile_never_sees_half_a_file(tmp_path: Path) -> None:
    frame = frame_of({("a", "x"): column(np.random.default_rng(0).random(2**17))})
    path = save_frame(frame, tmp_path / "saved.parquet")
    size, sizes, done = path.stat().st_size, set[int](), threading.Event()

    def read() -> None:
        while not done.is_set():
            sizes.add(len(path.read_bytes()))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        save_frame(frame, path)
    done.set()
    reader.join()
    assert sizes == {size}


@pytest.mark.parametrize("suffix", ["parquet", "h5", "pkl"])
def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path: Path, suffix: str) -> None:
    path = save_frame(small(), tmp_path / f"saved.{suffix}")
    with start(SAVE_TOO_MUCH, path) as process:
        _, told = process.communicate()
    assert "DatasetError" in told
    assert "there is no room to save it" in told
    assert list(tmp_path.iterdir()) == [path]
    assert_same(load_saved(path), small())


def _write_half(path: Path) -> None:
    with open_writer(path) as writer:
        writer.write(small(2.0))
        raise ZeroDivisionError


def test_an_error_between_batches_leaves_what_was_there(tmp_path: Path) -> None:
    path = save_frame(small(), tmp_path / "saved.parquet")
    with pytest.raises(ZeroDivisionError):
        _write_half(path)
    assert list(tmp_path.iterdir()) == [path]
    assert_same(load_saved(path), small())


def test_what_a_dead_process_left_is_taken_away_and_what_a_living_one_makes_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".saved.parquet.01234567.tmp"
    dead.mkdir()
    (dead / "part-0").write_bytes(b"half")
    with open_writer(tmp_path / "saved.parquet") as slow:
        slow.write(small(3.0))
        assert not dead.exists()
        save_frame(small(2.0), tmp_path / "saved.parquet")
        assert_same(load_saved(tmp_path / "saved.parquet"), small(2.0))
    assert_same(load_saved(tmp_path / "saved.parquet"), small(3.0))


def test_a_file_that_reads_back_otherwise_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_frame(small(), tmp_path / "saved.parquet")

    def lying(self: digesting.Digesting, content: bytes) -> int:
        self._digest.update(content)
        return self._file.write(bytes(content).replace(b"\0\0", b"\0\1"))

    monkeypatch.setattr(digesting.Digesting, "write", lying)
    with pytest.raises(DamagedError):
        save_frame(small(2.0), path)
    monkeypatch.undo()
    assert_same(load_saved(path), small())


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.parquet"
    (tmp_path / "link.parquet").symlink_to(real)
    save_frame(small(), tmp_path / "link.parquet")
    assert (tmp_path / "link.parquet").is_symlink()
    assert_same(load_saved(real), small())


def test_a_folder_of_that_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="name a file in it"):
        save_frame(small(), tmp_path)


def test_a_large_frame_is_saved_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "SLICE_BYTES", 2**10)
    frame = frame_of({("a", "x"): column(np.arange(64.0), "text", rows=100)}, rows=100)
    assert_same(load_saved(save_frame(frame, tmp_path / "saved.parquet")), frame)


def test_saving_holds_a_bounded_part_in_memory(tmp_path: Path) -> None:
    """Peak memory of a save is a batch and a row group, however many rows there are: V 27."""
    program = """
import resource, sys, numpy
from saving_world import column, frame_of
from sinagotd.datakit.saving.writing import open_writer
def save(rows):
    with open_writer(sys.argv[1]) as writer:
        for number in range(rows):
            writer.write(frame_of({("a", "x"): column(numpy.random.random(2**17), rows=1)}, rows=1, first=number))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
few = save(20)
print((save(80) - few) / 1024)
"""
    with start(program, tmp_path / "saved.parquet") as process:
        out, told = process.communicate()
    assert told == ""
    assert float(out) < 30, "80 MB were saved, and the first 20 MB needed as much"
