"""Opens the manifest of a workspace for its one writer: made, repaired and brought up to date as needed."""

from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from sinagotd.atomic import write_atomically
from sinagotd.core.states import Outcome
from sinagotd.manifest import queries
from sinagotd.manifest.backups import back_up
from sinagotd.manifest.columns import UNREADABLE, in_flight_of
from sinagotd.manifest.health import complaint, lost_log
from sinagotd.manifest.migrating import migrate, migrations, newest_version, version_of
from sinagotd.manifest.place import BACKUPS, DATABASE, LAST_OPENED, OPENED_AT, make_folder
from sinagotd.manifest.repair import distrust, quarantine, rebuild
from sinagotd.manifest.session import Session, open_to_write
from sinagotd.manifest.writer import Manifest

KEPT_BACKUPS = 7
LOG_LOST = "the write-ahead log of the manifest is gone, and with it what was remembered last: that is looked at anew"
ANOTHER = "this is not the manifest that was in use here last, but an older one or another's: all is looked at anew"


class Opened(NamedTuple):
    """The manifest, and one sentence on what had to be repaired: something to say loudly."""

    manifest: Manifest
    repaired: str | None


def open_manifest(folder: Path, *, at: float, backup_folder: Path | None = None) -> Opened:
    """Open the manifest in this state folder; whoever calls holds the folder's Lock. `at` is epoch seconds.

    A damaged file is moved to `quarantine/` and replaced by the newest good backup, else by an empty manifest.
    Raises UnusableError on a network mount or for a newer file, ManifestError without the right to write or for a disk
    that does not read, OSError on a full one.
    """
    make_folder(folder)
    path = folder / DATABASE
    backup_folder = backup_folder or folder / BACKUPS
    repaired = _mend(path, backup_folder, at) if path.exists() else _begin(path, backup_folder, at)
    session = open_to_write(path)
    try:
        _bring_up_to_date(session, backup_folder)
        if repaired is None and _is_another(session, folder):
            repaired = ANOTHER
        if repaired in (LOG_LOST, ANOTHER):
            distrust(session, at)
        manifest = Manifest(session)
        mark = f"{at} {token_hex(4)}"  # never twice the same: what does not change a value is not written into the log
        manifest.set_meta(OPENED_AT, mark)
        write_atomically(folder / LAST_OPENED, mark.encode())
        _abandon_unreadable(session, manifest, at)
    except BaseException:
        session.close()
        raise
    return Opened(manifest, repaired)


def _mend(path: Path, backup_folder: Path, at: float) -> str | None:
    log_lost = lost_log(path)  # asked before anything opens the file
    fault = complaint(path)
    if fault is None:
        return LOG_LOST if log_lost else None
    moved = quarantine(path, at)
    source = rebuild(path, backup_folder, at)
    return f"the manifest was damaged ({fault}) and moved to {moved}: {_beginning(source)}"


def _begin(path: Path, backup_folder: Path, at: float) -> str | None:
    is_new = not path.with_name(LAST_OPENED).exists()
    moved = quarantine(path, at)  # a log whose file is gone would be played into the new one
    source = rebuild(path, backup_folder, at)
    if is_new and moved is None and source is None:
        return None
    return f"the manifest was not there: {_beginning(source)}"


def _beginning(source: Path | None) -> str:
    if source is None:
        return "there is no good backup, so it starts empty and everything is looked at anew"
    return f"restored from {source}, what changed since is looked at anew"


def _is_another(session: Session, folder: Path) -> bool:
    beside, within = folder / LAST_OPENED, session.row(queries.META, {"name": OPENED_AT})
    return beside.exists() and (within is None or within[0].encode() != beside.read_bytes())


def _bring_up_to_date(session: Session, backup_folder: Path) -> None:
    version = version_of(session)
    if version < newest_version():
        back_up(session, backup_folder, keep=KEPT_BACKUPS)
        migrate(session, migrations())


def _abandon_unreadable(session: Session, manifest: Manifest, at: float) -> None:
    """Let go of runs whose order another version of this program wrote, or a flipped bit: their steps run again."""
    for row in session.rows(queries.IN_FLIGHT):
        try:
            in_flight_of(row)
        except UNREADABLE as fault:
            manifest.abandon(row[0], Outcome.ABANDONED, f"its order cannot be read: {fault!r}", at=at)
