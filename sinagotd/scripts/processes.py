"""Finds, measures and ends the processes that a script started, also those that left its session. Linux only."""

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

KILL_LIMIT_S = 5.0
MARK = "SINAGOTD_STEP_HOST"
"""An environment variable of its own value in each step host, which all that a script starts inherits."""

_PAUSE_S = 0.002
_OOM_SCORE = "500"  # of 1000, which would mean: whatever others take
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Make every descendant whose parent dies a child of this process, so that none gets out of sight."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that forked it ends; `parent` is the pid of its process."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def end_children() -> bool:
    """Kill and reap every descendant of this process; tells whether there was one.

    A process that cannot be killed (it waits for a dead network disk) is left after 5 s.
    """
    deadline = time.monotonic() + KILL_LIMIT_S
    found = False
    while _reap() and time.monotonic() < deadline:
        found = True
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
        time.sleep(_PAUSE_S)
    return found


def end_marked(mark: str) -> None:
    """Kill every process of ours that has this mark in its environment, whoever is its parent now."""
    deadline = time.monotonic() + KILL_LIMIT_S
    while (marked := [process for process in psutil.process_iter() if _mark(process) == mark]) and (
        time.monotonic() < deadline
    ):
        for process in marked:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(_PAUSE_S)


def _mark(process: psutil.Process) -> str | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def be_ended_first() -> None:
    """Have the kernel end this process before others when memory runs out; without effect where that is not allowed."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def tree_memory(pid: int, *, limit: int | None = None) -> int:
    """Bytes that a process and its descendants hold; 0 when it is gone.

    Resident memory, where pages that forked processes share count once each; only if that exceeds `limit`, the
    slower proportional measure, which counts them once in all.
    """
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    resident = sum(_resident(process) for process in tree)
    if limit is None or resident <= limit:
        return resident
    return sum(_proportional(process) for process in tree)


def reset_peak_memory() -> None:
    """Let the peak of `memory` start anew for this process; without effect where the kernel does not allow it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_bytes(b"5")


class Memory(NamedTuple):
    """The resident bytes of a process now, and the most that they were since it began or since the reset."""

    now: int
    peak: int


def memory() -> Memory:
    """Read from /proc/self/status, see proc(5)."""
    status = Path("/proc/self/status").read_text()
    return Memory(_bytes_of("VmRSS:", status), _bytes_of("VmHWM:", status))


def _bytes_of(name: str, status: str) -> int:
    _, _, rest = status.partition(name)
    return int(rest.split(maxsplit=1)[0]) * 1024 if rest else 0


def _reap() -> bool:
    """Collect the children that ended; tells whether others are left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return _resident(process)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
