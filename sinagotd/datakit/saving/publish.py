"""Puts a finished file in its place in one step, so that a kill or a full disk leaves what was there before. Writes no content.

A file is made in a folder of its own beside its place. A folder whose maker has died is taken away by the next one to save there.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sinagotd.atomic import fsync_file, fsync_folder
from sinagotd.errors import DatasetError

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def staging(path: Path) -> Iterator[Path]:
    """A new folder beside the path, gone at the end. Raises DatasetError when there is no room, OSError else."""
    for left in path.parent.glob(f".{_literal(path.name)}.*.tmp"):
        _take_away_if_dead(left)
    folder, lock = _locked_folder(path)
    try:
        yield folder
    except OSError as fault:
        raise _told(fault, path) from fault
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def publish(staged: Path, path: Path) -> None:
    """Move a finished file to its place, where it replaces any file of that name; both survive a power cut."""
    fsync_file(staged)
    staged.replace(path)
    fsync_folder(path.parent)


def place_of(path: Path) -> Path:
    """Where a file is really written: `~` expanded, links followed, parents made. Raises OSError, also for a folder."""
    place = Path(os.path.realpath(path.expanduser()))
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder is there: name a file in it", str(place))
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _locked_folder(path: Path) -> tuple[Path, int]:
    """A new folder and the lock on it; where there are no locks, nobody takes anything away."""
    while True:
        folder = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        folder.mkdir()
        lock = os.open(folder, FOLDER_FLAGS)
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)  # it was taken for a dead one before it was locked


def _take_away_if_dead(folder: Path) -> None:
    """Delete a folder on which nobody holds the lock."""
    with suppress(OSError):
        lock = os.open(folder, FOLDER_FLAGS | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _literal(name: str) -> str:
    """A name as a glob pattern that matches nothing else."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _told(fault: OSError, path: Path) -> Exception:
    if fault.errno not in NO_ROOM:
        return fault
    return DatasetError(f"{path}: there is no room to save it ({fault.strerror}); what was there before is untouched")
