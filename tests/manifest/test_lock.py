import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sinagotd.errors import LockedError, ManifestError
from sinagotd.manifest.lock import Lock, owner

HOLDER = """
import os, subprocess, sys, time
from pathlib import Path
from sinagotd.manifest.lock import Lock

Lock.acquire(Path(sys.argv[1]), command="sinagotd run", at=1_800_000_000.0)
child = 0
if sys.argv[2] == "fork":
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
if sys.argv[2] == "spawn":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False).pid
print(child, flush=True)
time.sleep(60)
"""


def hold(folder: Path, kind: str = "alone") -> tuple["subprocess.Popen[str]", int]:
    """Start a process that owns the folder; returns it and the pid of the child it made."""
    words = [sys.executable, "-c", HOLDER, str(folder), kind]
    holder = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    return holder, int(holder.stdout.readline())


def end(holder: "subprocess.Popen[str]", child: int = 0) -> None:
    if child:
        os.kill(child, signal.SIGKILL)
    holder.kill()
    holder.communicate()


def test_a_second_daemon_is_told_who_the_first_one_is(folder: Path) -> None:
    holder, _ = hold(folder)
    try:
        with pytest.raises(LockedError, match=r"sinagotd run.*since 2027-01-15 08:00:00") as refused:
            Lock.acquire(folder, command="sinagotd run", at=1.0)
        assert f"process {holder.pid} on " in str(refused.value)
        assert f"{folder} is in use by" in str(refused.value)
    finally:
        end(holder)


def test_anyone_may_ask_for_the_owner(folder: Path) -> None:
    assert owner(folder) is None
    holder, _ = hold(folder)
    found = owner(folder)
    end(holder)
    assert found is not None
    assert (found.pid, found.command, found.started_at) == (holder.pid, "sinagotd run", 1_800_000_000.0)
    assert (folder / "lock").stat().st_mode & 0o777 == 0o644


def test_the_lock_dies_with_its_owner_whatever_the_file_says(folder: Path) -> None:
    holder, _ = hold(folder)
    end(holder)
    assert str(holder.pid) in (folder / "lock").read_text()
    assert owner(folder) is None
    Lock.acquire(folder, command="sinagotd run", at=1.0).release()


@pytest.mark.parametrize("kind", ["spawn", "fork"])
def test_a_child_that_outlives_the_owner_does_not_hold_the_lock(folder: Path, kind: str) -> None:
    holder, child = hold(folder, kind)
    holder.kill()
    holder.wait()
    try:
        os.kill(child, 0)  # it lives
        deadline = time.monotonic() + 20
        while owner(folder) is not None and time.monotonic() < deadline:  # a fork closes it a moment later
            time.sleep(0.01)
        assert owner(folder) is None
    finally:
        end(holder, child)


def test_a_released_lock_can_be_taken_again_in_the_same_process(folder: Path) -> None:
    with Lock.acquire(folder, command="first", at=1.0), pytest.raises(LockedError, match="first"):
        Lock.acquire(folder, command="second", at=2.0)
    assert owner(folder) is None
    lock = Lock.acquire(folder, command="third", at=3.0)
    lock.release()
    lock.release()


def test_somebody_who_asks_at_the_wrong_moment_does_not_keep_the_lock_from_being_taken(folder: Path) -> None:
    Lock.acquire(folder, command="first", at=1.0).release()
    asking = os.open(folder / "lock", os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    answered = threading.Timer(0.03, os.close, [asking])
    answered.start()
    Lock.acquire(folder, command="again", at=1.0).release()
    answered.join()


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ManifestError, match="cannot be made to keep the manifest in: Not a directory"):
        Lock.acquire(tmp_path / "file" / "state", command="sinagotd run", at=1.0)
