"""The folder in which one run writes: claimed by one worker at a time, and empty when the run begins."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sinagotd.scripts.faults import ErrorKind, machine_fault
from sinagotd.scripts.orders import RunError

LOCK_NAME = ".lock"


@contextmanager
def claimed(staging: Path, *, within: Path) -> Iterator[RunError | None]:
    """Make the folder, somewhere within one that is there, and hold it; gives None, or why it cannot be had.

    Dask runs an order again when it has lost sight of a worker, which may still be at it. The lock dies with its
    owner. A file system without locks counts as free: then only the daemon's fence is left.
    """
    try:
        _make(staging, within)
        descriptor = os.open(staging / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        yield machine_fault(fault)
        return
    try:
        yield None if _locked(descriptor) else RunError(ErrorKind.HOST_FAILED, "another worker is still at this run")
    finally:
        os.close(descriptor)


def _make(staging: Path, within: Path) -> None:
    """Never make the data folder itself: one that was moved or unmounted must find its place empty."""
    for folder in reversed([staging, *(parent for parent in staging.parents if within in parent.parents)]):
        folder.mkdir(exist_ok=True)


def emptied(staging: Path) -> RunError | None:
    """Remove what an attempt that was cut short left behind; gives the reason if that is impossible."""
    try:
        for entry in staging.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != LOCK_NAME:
                entry.unlink()
    except OSError as fault:
        return machine_fault(fault)
    return None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
