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
def claimed(staging: str | Path) -> Iterator[RunError | None]:
    """Make the folder `<data>/.sinagotd/staging/<run id>` and hold it; gives None, or why it cannot be had.

    Dask runs an order again when it has lost sight of a worker, which may still be at it. The lock dies with its
    owner. A file system without locks counts as free: then only the daemon's fence is left.
    """
    state_folder = os.path.dirname(
        os.path.dirname(staging)
    )  # the daemon made it: where it is missing, this is not the data folder
    with ExitStack() as held:
        try:
            if os.path.islink(staging):
                os.unlink(staging)  # the script of an earlier attempt put it there; where it leads is not ours
            make_folder(staging, within=state_folder)
            is_ours = _locked(staging, held)
        except OSError as fault:
            yield machine_fault(fault)
            return
        yield None if is_ours else RunError(ErrorKind.HOST_FAILED, "another worker is still at this run")


def make_folder(folder: str | Path, *, within: str | Path) -> None:
    """Make a folder, but never the one it lies within: what was moved or unmounted must find its place empty.

    Raises FileNotFoundError where that is not there.
    """
    folder, within = str(folder), str(within)
    if folder != within and not os.path.isdir(folder):
        make_folder(os.path.dirname(folder), within=within)
        _make(folder)


def _make(folder: str) -> None:
    try:
        os.mkdir(folder)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise


def left_receipt(staging: str | Path) -> Receipt | None:
    """The receipt of this run; None if it did not get that far, or something else is there."""
    try:
        receipt = Receipt.from_json(read_regular(f"{staging}/{RECEIPT_NAME}", limit=LARGEST_RECEIPT_BYTES).decode())
    except (OSError, ValueError):
        return None
    return receipt if receipt.run_id == os.path.basename(staging) else None


def emptied(staging: str | Path) -> RunError | None:
    """Remove what an attempt that was cut short left behind; gives the reason if that is impossible."""
    try:
        with os.scandir(staging) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                elif entry.name != LOCK_NAME:
                    os.unlink(entry.path)
    except OSError as fault:
        return machine_fault(fault)
    return None


def _locked(staging: str | Path, held: ExitStack) -> bool:
    """The folder itself where that can be: to make and remove a file costs. NFS locks only what is open for writing."""
    lock = f"{staging}/{LOCK_NAME}"
    for place, flags in ((staging, os.O_RDONLY | os.O_DIRECTORY), (lock, os.O_RDWR | os.O_CREAT)):
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
