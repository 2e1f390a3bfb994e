"""Turns SQLite's faults into ours: damage, the machine's (OSError), or a sentence about what to do."""

import errno
import os
import sqlite3
from pathlib import Path

from sinagotd.errors import ManifestError

FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
LOCKED = "another process keeps it locked: is a second daemon or a database tool at work on it?"
NOT_ALLOWED = "it cannot be opened or written: look at the permissions of the file and its folder"
NOT_DAMAGE = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_CANTOPEN: NOT_ALLOWED,
    sqlite3.SQLITE_READONLY: NOT_ALLOWED,
    sqlite3.SQLITE_PERM: NOT_ALLOWED,
    sqlite3.SQLITE_CONSTRAINT: "this cannot be stored",
    sqlite3.SQLITE_INTERRUPT: "the question was interrupted",
}


class DamagedError(ManifestError):
    """SQLite cannot make sense of the file."""


def told(fault: sqlite3.Error | UnicodeError, path: Path) -> Exception:
    """Our error for a fault of SQLite's: the machine's are OSError, a mistake in our own code stays as it is."""
    if isinstance(fault, sqlite3.ProgrammingError):
        return fault
    if isinstance(fault, UnicodeEncodeError):
        return ManifestError(
            f"{path}: {fault.object!r} is not valid Unicode and cannot be a name here: rename the file"
        )
    extended: int = getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = extended & 0xFF
    if FULL & {primary, extended}:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    if primary == sqlite3.SQLITE_IOERR:
        return OSError(errno.EIO, os.strerror(errno.EIO), str(path))
    if primary in NOT_DAMAGE:
        return ManifestError(f"{path}: {NOT_DAMAGE[primary]} ({fault})")
    return DamagedError(f"{path}: {fault}: start the daemon again, it moves a damaged file aside and restores a backup")
