"""Turns SQLite's faults into ours: a full disk, damage, or a sentence about what to do."""

import errno
import os
import sqlite3
from pathlib import Path

from sinagotd.errors import ManifestError

FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
LOCKED = "another process keeps it locked: is a second daemon or a database tool at work on it?"
NOT_ALLOWED = "it cannot be opened or written: look at the permissions of the file and its folder"
NOT_DAMAGE = {
    sqlite3.SQLITE_IOERR: "the disk does not read or write it",
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_CANTOPEN: NOT_ALLOWED,
    sqlite3.SQLITE_READONLY: NOT_ALLOWED,
    sqlite3.SQLITE_PERM: NOT_ALLOWED,
    sqlite3.SQLITE_CONSTRAINT: "this cannot be stored",
    sqlite3.SQLITE_INTERRUPT: "the question was interrupted",
}


class DamagedError(ManifestError):
    """SQLite cannot make sense of the file; opening it anew mends that."""


def told(fault: sqlite3.Error | UnicodeError, path: Path) -> Exception:
    """Our error for a fault of SQLite's: a full disk is OSError (ENOSPC), a mistake in our own code stays as it is."""
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
    if primary in NOT_DAMAGE and extended != sqlite3.SQLITE_IOERR_SHORT_READ:
        return ManifestError(f"{path}: {NOT_DAMAGE[primary]} ({fault})")
    return DamagedError(f"{path}: {fault}: the daemon will move the damaged file aside and restore a backup")
