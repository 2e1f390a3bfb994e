"""Moves a damaged manifest aside and puts the newest good backup, or an empty one, in its place. Deletes nothing."""

import shutil
from contextlib import closing
from pathlib import Path

from sinagotd.atomic import fsync_file, fsync_folder
from sinagotd.core.facts import RESTORED
from sinagotd.errors import ManifestError
from sinagotd.manifest import statements
from sinagotd.manifest.backups import backups
from sinagotd.manifest.health import complaint
from sinagotd.manifest.migrating import migrate, migrations
from sinagotd.manifest.place import FOLDER_MODE, QUARANTINE, SIDE_FILES, file_time
from sinagotd.manifest.session import FILE_MODE, Session, create, open_to_write

OLDER = "this manifest is older than what was lost"


def quarantine(path: Path, at: float) -> Path | None:
    """Move the file and all that belongs to it into a folder of their own; None if there was nothing to move."""
    present = [part for part in [*(path.with_name(path.name + side) for side in SIDE_FILES), path] if part.exists()]
    if not present:
        return None
    folder = _fresh_folder(path.parent / QUARANTINE, file_time(at))
    # The file itself goes last: a kill in between leaves a damaged one in place, never a healthy one with a foreign log.
    for part in present:
        part.rename(folder / part.name)
    fsync_folder(folder)
    fsync_folder(path.parent)
    return folder


def rebuild(path: Path, backup_folder: Path, at: float) -> Path | None:
    """Put the newest good backup in place, or an empty manifest; returns the backup that it was."""
    aside = path.with_name(f".{path.name}.tmp")
    source = next((backup for backup in backups(backup_folder) if _good(backup)), None)
    for leftover in (aside, *(aside.with_name(aside.name + side) for side in SIDE_FILES)):
        leftover.unlink(missing_ok=True)
    if source is not None:
        shutil.copyfile(source, aside)
        aside.chmod(FILE_MODE)
    with closing(create(aside) if source is None else open_to_write(aside)) as session:
        migrate(session, migrations())
        if source is not None:
            distrust(session, at)
    fsync_file(aside)
    aside.replace(path)
    fsync_folder(path.parent)
    return source


def distrust(session: Session, at: float) -> None:
    """Take back what may have changed since this manifest was written.

    No run is in flight. Every success may have been followed by one that is forgotten: a step that ran since is found
    stale by its fingerprint, instead of held for an edit that nobody made. Digests stay, for their stamps vouch for them.
    """
    with session.transaction():
        session.change(statements.ABANDON_ALL_RUNS, {"at": at, "why": OLDER})
        session.change(statements.LEAVE_ALL_STEPS)
        session.change(statements.DOUBT_ALL_MADE, {"restored": RESTORED})


def _good(backup: Path) -> bool:
    try:
        return complaint(backup) is None
    except (ManifestError, OSError):
        return False


def _fresh_folder(parent: Path, name: str) -> Path:
    number = 1
    folder = parent / name
    while folder.exists():
        number += 1
        folder = parent / f"{name}-{number}"
    folder.mkdir(mode=FOLDER_MODE, parents=True)
    return folder
