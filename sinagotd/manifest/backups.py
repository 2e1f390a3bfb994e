"""Dated copies of the manifest, each checked before it counts; the newest are kept."""

import os
import sqlite3
import time
from pathlib import Path

from sinagotd.atomic import fsync_file, fsync_folder
from sinagotd.manifest import statements
from sinagotd.manifest.faults import DamagedError, told
from sinagotd.manifest.health import complaint
from sinagotd.manifest.place import FOLDER_MODE, OPENED_AT, file_time
from sinagotd.manifest.session import FILE_MODE, JOURNAL_MODE_DELETE, Session

PATTERN = "manifest-*.db"
ASIDE = ".manifest.tmp"


def back_up(session: Session, folder: Path, *, keep: int) -> Path:
    """Copy a manifest that is in use. Raises DamagedError when the copy is damaged; then all older ones stay."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    aside, final = folder / ASIDE, folder / f"manifest-{file_time(time.time())}.db"
    try:
        _copy(session, aside)
        _refuse_damaged(aside, session.path)
        fsync_file(aside)
        aside.replace(final)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    fsync_folder(folder)
    for old in backups(folder)[keep:]:
        old.unlink(missing_ok=True)
    return final


def backups(folder: Path) -> list[Path]:
    """The backups in this folder, newest first, good or not."""
    return sorted(folder.glob(PATTERN), reverse=True)


def _copy(session: Session, aside: Path) -> None:
    aside.unlink(missing_ok=True)
    os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE))
    copy = sqlite3.connect(aside, isolation_level=None)
    try:
        session.connection.backup(copy)
        copy.execute(JOURNAL_MODE_DELETE)  # one file is the whole backup
        copy.execute(statements.FORGET_META, {"name": OPENED_AT})  # put in place by hand, it is told from the last one
    except sqlite3.Error as fault:
        raise told(fault, aside) from fault
    finally:
        copy.close()


def _refuse_damaged(copy: Path, original: Path) -> None:
    fault = complaint(copy)
    if fault is not None:
        raise DamagedError(f"the backup of {original} is not kept, for it is damaged: {fault}")
