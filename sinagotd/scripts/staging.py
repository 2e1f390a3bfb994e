"""The folder in which one run writes: claimed by one worker at a time, and empty when the run begins."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sinagotd.scripts.faults import ErrorKind, machine_fault
from sinagotd.scripts.orders import RECEIPT_NAME, Receipt, RunError
from sinagotd.scripts.regular import read_regular

LOCK_NAME = ".lock"
LARGEST_RECEIPT_BYTES = 1 << 30


@contextmanager
def claimed(staging: Path) -> Iterator[RunError | None]:
    """Make the folder `<data>/.sinagotd/staging/<run id>` and hold it; gives None, or why it cannot be had.

    Dask runs an order again when it has lost sight of a worker, which may still be at it. The lock dies with its
    owner. A file system without locks counts as free: then only the daemon's fence is left.
    """
    state_folder = staging.parents[1]  # the daemon made it: where it is missing, this is not the data folder
    with ExitStack() as held:
        try:
            if staging.is_symlink():
                staging.unlink()  # the script of an earlier attempt put it there; where it leads is not ours
            make_folder(staging, within=state_folder)
            is_ours = _locked(staging, held)
        except OSError as fault:
            yield machine_fault(fault)
            return
        yield None if is_ours else RunError(ErrorKind.HOST_FAILED, "another worker is still at this run")


def make_folder(folder: Path, *, within: Path) -> None:
    """Make a folder, but never the one it lies within: what was moved or unmounted must find its place empty.

    Raises FileNotFoundError where that is not there.
    """
    if folder != within and not folder.is_dir():
        make_folder(folder.parent, within=within)
        folder.mkdir(exist_ok=True)


def left_receipt(staging: Path) -> Receipt | None:
    """The receipt of this run; None if it did not get that far, or something else is there."""
    try:
        receipt = Receipt.from_json(read_regular(staging / RECEIPT_NAME, limit=LARGEST_RECEIPT_BYTES).decode())
    except (OSError, ValueError):
        return None
    return receipt if receipt.run_id == staging.name else None


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


def _locked(staging: Path, held: ExitStack) -> bool:
    """The folder itself where that can be: to make and remove a file costs. NFS locks only what is open for writing."""
    for place, flags in ((staging, os.O_RDONLY | os.O_DIRECTORY), (staging / LOCK_NAME, os.O_RDWR | os.O_CREAT)):
        descriptor = os.open(place, flags | os.O_CLOEXEC, 0o644)
        held.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            continue
        return True
    return True
