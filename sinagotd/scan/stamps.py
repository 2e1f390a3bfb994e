"""The stamp of a file, or of a folder that counts as one input. It opens no file and follows no link out of the root."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from xxhash import xxh3_64

from sinagotd.core.facts import Stamp, pack_stamp, unpack_stamp
from sinagotd.scan.findings import Unreadable

_READABLE_BY_ALL = 0o444
_KIND_AND_READABLE = 0o170000 | _READABLE_BY_ALL
_PLAIN = stat.S_IFREG | _READABLE_BY_ALL
_MASK_63_BITS = (1 << 63) - 1
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def stamp(root: str | Path, path: str) -> Stamp | None:
    """Stamp the file or folder at `path` below `root`; None when nothing is there.

    Raises `Unreadable` for a link out of the root, for what is neither file nor folder, and for what this user may
    not read. A file that only fails when it is opened (a server that refuses root) is found by its digest.
    """
    return Stamper(root).stamp(path)


class Stamper:
    """Stamps many paths in one pass: root and folders are followed to their real places once. Keep it for that pass."""

    def __init__(self, root: str | Path) -> None:
        self._root = os.fspath(root)
        self._real_root = os.path.realpath(root)
        self._inside: set[str] = set()

    def stamp(self, path: str) -> Stamp | None:
        """As the function of this name."""
        full = f"{self._root}/{path}"
        try:
            return stamp_of(full, self._status(full, path), path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise Unreadable.because(path, fault) from fault

    def _status(self, full: str, path: str) -> os.stat_result:
        """What is no link lies where its folder lies."""
        folder = full.rpartition("/")[0]
        if folder not in self._inside:
            refuse_outside(self._real_root, folder, path)
            self._inside.add(folder)
        status = os.lstat(full)
        if not stat.S_ISLNK(status.st_mode):
            return status
        refuse_outside(self._real_root, full, path)
        return os.stat(full)  # noqa: PTH116 - a Path for each of many files takes longer than the look


def refuse_outside(real_root: str, full: str, path: str) -> None:
    """Raise `Unreadable` when `full`, its links followed, does not lie below `real_root`."""
    real = os.path.realpath(full)
    if real != real_root and not real.startswith(real_root.rstrip("/") + "/"):
        raise Unreadable(path, "it is a link, or lies behind one, that leaves the data folder")


def plain_stamp(status: os.stat_result) -> Stamp | None:
    """Stamp a file that everybody may read; None for all that wants a closer look."""
    return _stamp(status) if status.st_mode & _KIND_AND_READABLE == _PLAIN else None


def stamp_of(full: str, status: os.stat_result, path: str) -> Stamp:
    """Stamp what was just looked at; raises as `stamp` does, and OSError for a folder that cannot be listed."""
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return _folder_stamp(full, status, path)
    if not stat.S_ISREG(mode):
        raise Unreadable(path, f"it is {_KINDS.get(stat.S_IFMT(mode), 'something')}, not a file")
    if mode & _READABLE_BY_ALL != _READABLE_BY_ALL and not os.access(full, os.R_OK, effective_ids=True):
        raise Unreadable(path, "this user may not read it")
    return _stamp(status)


def _folder_stamp(full: str, status: os.stat_result, path: str) -> Stamp:
    """Stamp a folder with all that is in it.

    The four fields hold: the sum of the sizes of the files, the newest mtime_ns of anything, the inode of the folder
    itself, and in place of ctime_ns a negative number made of the lower 63 bits of xxh3-64 over every inner name with
    its own stamp, sorted: `is_folder` tells by that.
    """
    size, newest, lines = 0, status.st_mtime_ns, []
    try:
        for relative, inner in inner_entries(full):
            size += inner.st_size if stat.S_ISREG(inner.st_mode) else 0
            newest = max(newest, inner.st_mtime_ns)
            lines.append(os.fsencode(relative) + b"\0" + _stamp(inner))
    except OSError as fault:
        raise Unreadable(path, f"{fault.strerror}, at {fault.filename!r}") from fault
    summary = ~(xxh3_64(b"".join(sorted(lines))).intdigest() & _MASK_63_BITS)
    return pack_stamp(size, newest, status.st_ino, summary)


def is_folder(stamped: Stamp) -> bool:
    """Whether this is the stamp of a folder that counts as one input."""
    return unpack_stamp(stamped).ctime_ns < 0


def inner_entries(full: str) -> Iterator[tuple[str, os.stat_result]]:
    """Give everything below a folder by its path within, links as themselves; what vanishes meanwhile is left out."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        with suppress(FileNotFoundError):
            for name, status in _listed(f"{full}/{prefix}"):
                yield prefix + name, status
                if stat.S_ISDIR(status.st_mode):
                    pending.append(f"{prefix}{name}/")


def _listed(folder: str) -> list[tuple[str, os.stat_result]]:
    listed = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                listed.append((entry.name, entry.stat(follow_symlinks=False)))
    return listed


def _stamp(status: os.stat_result) -> Stamp:
    return pack_stamp(status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)
