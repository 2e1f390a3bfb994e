"""Keeps loaded cells in a folder, by key, within a limit of bytes; shared by all datasets. A damaged entry is as one never kept."""

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sinagotd.datakit.builds.outcome import DamagedEntryError, Outcome, from_bytes

_SUFFIX = ".cell"
_ROOM_LEFT = 0.9
_USAGE = "usage"


class _Entry(NamedTuple):
    used_ns: int
    size: int
    path: str


class Cache:
    """Cells by key. What does not fit on the disk is held in memory, for this object's life only."""

    def __init__(self, folder: Path, *, most_bytes: int = 8 << 30) -> None:
        """`folder` is made when first something is kept; `most_bytes` is what `shrink` leaves at most."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._held: dict[str, bytes] = {}
        self._put_bytes = 0

    def get(self, key: str) -> Outcome | None:
        """The cell of this key, or None."""
        if key in self._held:
            return from_bytes(self._held[key])
        place = self._place(key)
        try:
            with open(place, "rb") as file:  # noqa: PTH123  by the ten thousand
                outcome = from_bytes(file.read())
            os.utime(place)
        except DamagedEntryError:
            Path(place).unlink(missing_ok=True)
        except OSError:
            pass
        else:
            return outcome
        return None

    def put(self, key: str, content: bytes) -> None:
        """Keep a cell, as `to_bytes` makes it."""
        place = self._place(key)
        aside = f"{place}.{secrets.token_hex(4)}"
        try:
            with _new(aside) as file:
                file.write(content)  # not fsynced: what a power cut leaves of it fails its checksum
            os.replace(aside, place)  # noqa: PTH105  as above
            self._put_bytes += len(content)
        except OSError:
            with suppress(OSError):
                os.unlink(aside)  # noqa: PTH108  as above
            self._held[key] = content

    def hold(self, key: str, content: bytes) -> None:
        """Keep a cell in memory until the end of this build only."""
        self._held[key] = content

    def forget_held(self) -> None:
        self._held.clear()

    def shrink(self) -> int:
        """If too much is kept, take away what was used longest ago; gives how many entries went.

        What is kept is counted only when the sum of what was put since the last count says so.
        """
        usage = self._folder / _USAGE
        kept = self._known_bytes(usage) + self._put_bytes
        self._put_bytes = 0
        gone = 0
        if kept > self._most_bytes:
            entries = sorted(self._entries())
            kept = sum(entry.size for entry in entries)
            for entry in entries if kept > self._most_bytes else ():
                if kept <= self._most_bytes * _ROOM_LEFT:
                    break
                Path(entry.path).unlink(missing_ok=True)
                kept -= entry.size
                gone += 1
        with suppress(OSError):
            usage.write_text(str(kept))
        return gone

    def _known_bytes(self, usage: Path) -> float:
        """What was kept when it was last counted or added to; unknown is more than there is room for."""
        try:
            return int(usage.read_text())
        except (OSError, ValueError):
            return float("inf")

    def _place(self, key: str) -> str:
        return f"{self._folder}/{key[:2]}/{key[2:]}{_SUFFIX}"

    def _entries(self) -> Iterator[_Entry]:
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118  by the hundred thousand
                with suppress(FileNotFoundError):
                    stat = os.stat(path)  # noqa: PTH116  as above
                    yield _Entry(stat.st_mtime_ns, stat.st_size, path)


def _new(path: str) -> BinaryIO:
    """A new file, in a folder that is made if it is not there."""
    try:
        return open(path, "xb")  # noqa: PTH123  by the ten thousand; its user closes it
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  as above
        return open(path, "xb")  # noqa: PTH123  as above
