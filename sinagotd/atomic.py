"""Writes a file so that a kill or a power cut leaves the old content or the new one, never half; it digests nothing."""

import errno
import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_CANNOT_EXCHANGE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write beside the file, fsync, rename into place, fsync the folder. Raises OSError and leaves no leftover."""
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{os.urandom(4).hex()}.tmp")
    try:
        with open(aside, "xb", buffering=0) as file:
            _write_all(file, content)
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(aside)
        raise
    fsync_folder(folder or ".")


def _write_all(file: FileIO, content: bytes) -> None:
    """A disk that fills up takes a part, and says so with the next."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def exchange(one: Path, other: Path) -> bool:
    """Swap the two names in one step, whatever they are of: renameat2(2). False where the file system cannot.

    Raises OSError, as when one of them is not there.
    """
    names = os.fsencode(one), os.fsencode(other)
    import ctypes  # noqa: PLC0415 - every command imports this module, hardly one swaps

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    fault = ctypes.get_errno()
    if fault in _CANNOT_EXCHANGE:
        return False
    raise OSError(fault, os.strerror(fault), str(one), None, str(other))


def fsync_file(path: str | Path) -> None:
    """Make the content of a regular file survive a power cut; its name needs `fsync_folder` as well."""
    _fsync(path, os.O_RDONLY)


def fsync_folder(path: str | Path) -> None:
    """Make the names in a folder survive a power cut."""
    _fsync(path, os.O_RDONLY | os.O_DIRECTORY)


def fsync_tree(top: str | Path) -> None:
    """Make a file, or a folder with everything below it, survive a power cut. Symbolic links are not followed."""
    if not os.path.isdir(top):
        fsync_file(top)
        return
    for folder, _, names in os.walk(top, topdown=False, onerror=_raise):
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                fsync_file(path)
        fsync_folder(Path(folder))


def _fsync(path: str | Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise(fault: OSError) -> None:
    raise fault
