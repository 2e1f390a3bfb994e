"""Remembers the digests of files by their stamps, so that a file is read again only when it may have changed."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import xxhash

from sinagotd.datakit.builds.code import digest_of

RACY_NS = 2_000_000_000
"""A stamp younger than this when it was taken may hide a second change: some file systems count in steps of two seconds."""
_CHUNK_BYTES = 1 << 20


class Stamp(NamedTuple):
    """What the file system says of a file: bytes, times in ns, inode; `sure` if a later change must change it."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int
    sure: bool


Stamped = dict[str, tuple[Stamp, str]]


class Content(NamedTuple):
    """The size in bytes and digest of a file or folder; an unreadable one has the digest `?`."""

    size: int
    digest: str

    @property
    def is_readable(self) -> bool:
        return self.digest != "?"


UNREADABLE = Content(0, "?")


def stamp_of(path: str, now_ns: int) -> Stamp | None:
    """The stamp of a file, or None where there is none. `now_ns` is a moment before, by the system's clock."""
    try:
        stat = os.stat(path)  # noqa: PTH116  paths are text here, by the ten thousand
    except OSError:
        return None
    latest = max(stat.st_mtime_ns, stat.st_ctime_ns)
    return Stamp(stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns, latest < now_ns - RACY_NS)


def still_of(files: Stamped) -> set[str]:
    """The files that surely are as they were when their stamps were taken."""
    still = set()
    look = os.stat  # looked up once: this loop is what a build costs in which nothing changed
    for path, (stamp, _) in files.items():
        try:
            now = look(path)
        except OSError:
            continue
        if (now.st_size, now.st_mtime_ns, now.st_ino, now.st_ctime_ns, True) == stamp:
            still.add(path)
    return still


class Stamps:
    """Contents by path. `known` are those of an earlier build; what is asked for here is in `seen`."""

    def __init__(self, known: Stamped, now_ns: int) -> None:
        self._known = known
        self._now_ns = now_ns
        self.seen: Stamped = {}
        self.read = 0

    def content(self, path: str, companions: Iterable[str] = ()) -> Content:
        """The content of a cell: of a file or a whole folder, together with what its source reads beside it."""
        own = self._file(path)
        if not own.is_readable and os.path.isdir(path):  # noqa: PTH112  as above
            own = self._folder(path)
        beside = sorted(companions)
        if not beside or not own.is_readable:
            return own
        parts = [(os.path.relpath(other, path), self._file(other).digest) for other in beside]
        return Content(own.size, f"several:{digest_of(own.digest, *(text for part in parts for text in part))}")

    def moved(self, path: str) -> bool:
        """Whether a file that was looked at here looks different by now."""
        if path not in self.seen:
            return False
        now = stamp_of(path, self._now_ns)
        return now is None or now[:4] != self.seen[path][0][:4]

    def _file(self, path: str) -> Content:
        if path in self.seen:
            return _content(*self.seen[path])
        stamp = stamp_of(path, self._now_ns)
        if stamp is None:
            return UNREADABLE
        known = self._known.get(path)
        if known is not None and known[0] == stamp and stamp.sure:
            self.seen[path] = known
            return _content(*known)
        digest = self._digest(path)
        if digest is None:
            return UNREADABLE
        self.seen[path] = (stamp, digest)
        return _content(stamp, digest)

    def _digest(self, path: str) -> str | None:
        self.read += 1
        state = xxhash.xxh3_128()
        try:
            with Path(path).open("rb", buffering=0) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    state.update(chunk)
        except OSError:
            return None
        return f"xxh3-128:{state.hexdigest()}"

    def _folder(self, path: str) -> Content:
        files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)  # noqa: PTH118  as above
        contents = [(os.path.relpath(file, path), self._file(file)) for file in files]
        if not all(content.is_readable for _, content in contents):
            return UNREADABLE
        digest = digest_of(*(text for name, content in contents for text in (name, content.digest)))
        return Content(sum(content.size for _, content in contents), f"folder:{digest}")


def _content(stamp: Stamp, digest: str) -> Content:
    return Content(stamp.size, digest)
