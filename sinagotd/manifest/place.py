"""Where the manifest lies: its file names, its folder, and whether the file system can keep SQLite's promises."""

import os
from datetime import UTC, datetime
from pathlib import Path

from sinagotd.errors import ManifestError, UnusableError

DATABASE = "manifest.db"
SIDE_FILES = ("-journal", "-shm", "-wal")
LAST_OPENED = "last-opened"
"""A file beside the manifest that says what the manifest says itself, under OPENED_AT: when it was opened last."""
OPENED_AT = "opened_at"
BACKUPS = "backups"
QUARANTINE = "quarantine"
FOLDER_MODE = 0o750

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"ocfs2", "orangefs", "smb3", "smbfs"}
)
LOCAL_FUSE = frozenset({"fuseblk", "fuse.fuse-overlayfs"})


def make_folder(folder: Path) -> None:
    """Make the state folder, for its owner and group. Raises ManifestError on a network mount or without the right."""
    refuse_network(folder)
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as fault:
        raise ManifestError(f"{folder} cannot be made to keep the manifest in: {fault.strerror}") from fault


def refuse_network(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise UnusableError when this folder is on a network mount, where WAL and locks do not hold."""
    kind = file_system(folder, mounts)
    if kind in NETWORK or (kind.startswith("fuse") and kind not in LOCAL_FUSE):
        raise UnusableError(
            f"{folder} is on a network mount ({kind}), where SQLite loses data: "
            "set the state folder of this workspace to one on a local disk"
        )


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system that holds this folder, or would. Format: proc_pid_mountinfo(5)."""
    place = os.path.realpath(folder)
    depth, kind = -1, ""
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        point = _unescaped(left.split()[4]).rstrip("/")
        # A later mount on the same point hides the earlier one.
        if (place == point or place.startswith(point + "/")) and len(point) >= depth:
            depth, kind = len(point), right.split()[0]
    return kind


def _unescaped(text: str) -> str:
    for octal, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, letter)
    return text


def file_time(at: float) -> str:
    """A moment as part of a file name; sorts by time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def has_manifest(folder: Path) -> bool:
    """Whether this state folder holds a manifest."""
    return (folder / DATABASE).exists()
