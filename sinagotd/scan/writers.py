"""Whether anybody has a file open for writing on this machine. It cannot see writers on other hosts."""

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sinagotd.scan.stamps import inner_entries

FileId = tuple[int, int]
"""Device and inode."""


def written_by_own_processes() -> frozenset[FileId]:
    """Every file that a process of this user holds open for writing, from `/proc/*/fd`; takes some 10 ms."""
    return frozenset(found for process in _processes() for found in _written_by(process))


def open_for_writing(
    path: str | Path,
    *,
    own_writers: Callable[[], frozenset[FileId]] = written_by_own_processes,
) -> bool | None:
    """Ask the kernel whether somebody writes `path`, also by a memory map; for a folder, any file in it.

    None means that nobody was seen but not everybody can be: the file belongs to someone else and we lack CAP_LEASE,
    or its file system grants no leases. `own_writers` is asked only then; who asks about many files passes one
    remembered answer. Raises OSError when the path cannot be opened.
    """
    status = Path(path).stat()
    if not stat.S_ISDIR(status.st_mode):
        return _file_open_for_writing(path, status, own_writers)
    files = [name for name, inner in inner_entries(os.fspath(path)) if stat.S_ISREG(inner.st_mode)]
    answers = {open_for_writing(Path(path, name), own_writers=own_writers) for name in files}
    return True if True in answers else None if None in answers else False


def _file_open_for_writing(
    path: str | Path,
    status: os.stat_result,
    own_writers: Callable[[], frozenset[FileId]],
) -> bool | None:
    leased = _lease(path)
    if leased is not None:
        return not leased
    return True if (status.st_dev, status.st_ino) in own_writers() else None


def _lease(path: str | Path) -> bool | None:
    """Take a read lease (fcntl(2), F_SETLEASE) and give it back; False when a writer stands against it.

    While we hold it, for microseconds, a writer's open waits and the kernel signals us. That signal would be SIGIO,
    which kills; SIGURG does nothing unless someone handles it, and works from any thread.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except BlockingIOError:  # a file server holds it for a client that writes
        return False
    try:
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as fault:
        return False if fault.errno == errno.EAGAIN else None
    finally:
        os.close(handle)
    return True


def _processes() -> Iterator[str]:
    me = os.geteuid()
    with os.scandir("/proc") as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.name.isdecimal() and entry.stat().st_uid == me:
                    yield entry.path


def _written_by(process: str) -> Iterator[FileId]:
    with suppress(OSError), os.scandir(f"{process}/fd") as handles:
        for handle in handles:
            with suppress(OSError):
                # the owner's write bit of such a link tells the mode it was opened in, see proc(5)
                if handle.stat(follow_symlinks=False).st_mode & stat.S_IWUSR:
                    status = handle.stat()
                    yield status.st_dev, status.st_ino
