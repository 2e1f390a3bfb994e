import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from functools import cache

import pytest
from scan_world import wait_until, write

from sinagotd.scan.writers import open_for_writing, written_by_own_processes

SLOW_WRITER = """
import sys
with open(sys.argv[1], "a") as file:
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def slow_writer(data):
    """Another process that has `data/a.txt` open for appending."""
    writer = subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, str(data / "a.txt")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout.readline() == "open\n"
    yield writer
    writer.kill()
    writer.communicate()


def test_a_slow_writer_is_seen_until_it_closes(data, slow_writer):
    assert open_for_writing(data / "a.txt") is True
    slow_writer.stdin.write("\n")
    slow_writer.stdin.flush()
    slow_writer.wait(timeout=20)
    assert open_for_writing(data / "a.txt") is False


def test_a_writer_through_a_memory_map_is_seen_though_the_file_is_closed(data):
    with write(data / "a.bin").open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
        assert open_for_writing(data / "a.bin") is True
    assert open_for_writing(data / "a.bin") in (True, False)  # CPython keeps a handle of its own
    mapped.close()
    assert open_for_writing(data / "a.bin") is False


def test_a_reader_is_no_writer(data):
    with write(data / "a.txt").open():
        assert open_for_writing(data / "a.txt") is False


def test_a_folder_is_written_when_any_file_in_it_is(data):
    write(data / "m/sub/a.txt")
    assert open_for_writing(data / "m") is False
    with (data / "m/sub/b.txt").open("w"):
        assert open_for_writing(data / "m") is True


def test_an_open_that_meets_our_lease_waits_a_moment_and_kills_nobody(data):
    write(data / "a.txt")
    stop = threading.Event()
    opened = []

    def keep_opening():
        while not stop.is_set():
            with (data / "a.txt").open("a"):
                opened.append(time.monotonic())

    writer = threading.Thread(target=keep_opening)
    assert signal.getsignal(signal.SIGURG) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGIO) == signal.SIG_DFL
    writer.start()
    answers = {open_for_writing(data / "a.txt") for _ in range(5000)}
    stop.set()
    writer.join()
    assert answers <= {True, False}
    assert len(opened) > 100


def test_without_the_right_to_a_lease_nobody_seen_is_not_nobody(shared, as_nobody):
    file = write(shared / "a.txt")
    file.chmod(0o666)
    if os.geteuid() != 0:
        pytest.skip("only root can make a file that belongs to someone else")
    with as_nobody():
        assert open_for_writing(file) is None
        with file.open("a"):
            assert open_for_writing(file, own_writers=lambda: frozenset([(0, 0)])) is None
            status = file.stat()
            assert open_for_writing(file, own_writers=lambda: frozenset([(status.st_dev, status.st_ino)])) is True


def test_files_that_our_own_processes_write_are_listed(data, slow_writer):
    with write(data / "read.txt").open(), (data / "written.txt").open("w"):
        found = written_by_own_processes()

    def is_in(name):
        status = (data / name).stat()
        return (status.st_dev, status.st_ino) in found

    assert [is_in(name) for name in ("a.txt", "written.txt", "read.txt")] == [True, True, False]
    again = cache(written_by_own_processes)
    assert again() is again()


def test_a_file_that_is_gone_is_an_error(data):
    with pytest.raises(FileNotFoundError):
        open_for_writing(data / "none.txt")


def test_a_finished_writer_is_forgotten_at_once(data):
    done = subprocess.run(["sh", "-c", f"echo x > '{data}/a.txt'"], check=False)
    assert done.returncode == 0
    wait_until(lambda: open_for_writing(data / "a.txt") is False)
