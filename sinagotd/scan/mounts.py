"""Where a folder really lies: its identity, its kind of file system, and that file system's own clock."""

import os
import re
from pathlib import Path
from typing import NamedTuple

CLOCK_NAME = ".sinagot-clock"

_BEHIND_OUR_BACK = re.compile(
    r"fuse(\..*)?|9p|acfs|afs|beegfs|ceph|cifs|coda|davfs|fhgfs|gfs2?|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2|orangefs"
    r"|prl_fs|pvfs2|smb2|smb3|smbfs|vboxsf|virtiofs|vmhgfs"
)
_MOUNT_ID = re.compile(rb"^mnt_id:\s*(\d+)$", re.MULTILINE)


class RootIdentity(NamedTuple):
    """Which folder a path led to: device and inode of the folder, and the mount it was reached through."""

    device: int
    inode: int
    mount: int


def root_identity(path: str | Path) -> RootIdentity | None:
    """Tell which folder is at `path` now; None when there is none, or it does not answer (a stale mount)."""
    try:
        handle = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        return RootIdentity(status.st_dev, status.st_ino, _mount_id(handle))
    except OSError:
        return None
    finally:
        os.close(handle)


def file_id(path: str | Path) -> tuple[int, int] | None:
    """Tell which file is at `path` now, by device and inode; None when there is none, or it does not answer."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def file_system(path: str | Path) -> str:
    """Name the type of file system that holds `path`, or its nearest parent that is there; "" when unknown."""
    place = Path(os.path.realpath(path))
    for folder in (place, *place.parents):
        identity = root_identity(folder)
        if identity is not None:
            return _type_of_mount(identity.mount)
    return ""


def is_network(path: str | Path) -> bool:
    """Whether changes to `path` can happen behind this kernel's back, so that watching it is in vain.

    True for network and host-shared file systems, and for every FUSE but `fuseblk`, which is a local disk.
    """
    return _BEHIND_OUR_BACK.fullmatch(file_system(path)) is not None


def file_system_now(folder: str | Path) -> float:
    """Ask the file system for its own time (epoch seconds) by touching a file of ours in `folder`.

    Raises OSError when the folder cannot be written.
    """
    handle = os.open(Path(folder, CLOCK_NAME), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.utime(handle)
        return os.fstat(handle).st_mtime
    finally:
        os.close(handle)


def _mount_id(handle: int) -> int:
    """Read the mount of an open file, from proc(5), `/proc/pid/fdinfo`; 0 when the kernel does not say."""
    found = _MOUNT_ID.search(Path(f"/proc/self/fdinfo/{handle}").read_bytes())
    return int(found[1]) if found else 0


def _type_of_mount(mount: int) -> str:
    """Read `/proc/self/mountinfo` (proc(5)): the mount's id comes first, the type follows a lone hyphen."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        words = line.split(" ")
        if words[0] == str(mount):
            return words[words.index("-") + 1]
    return ""
