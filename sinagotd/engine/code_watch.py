"""Notices that a script or a module it imports changed on disk, once the change has settled."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

FileState = tuple[int, int, int, int] | None


@dataclass(slots=True)
class CodeWatch:
    """The files that code digests depend on, as they looked when they were last read. Polled: there are few."""

    folder: Path
    quiet_s: float
    _read: dict[str, FileState] = field(default_factory=dict)
    _last: dict[str, FileState] = field(default_factory=dict)
    _moved_at: float = 0.0

    def now_read(self, files: Iterable[str]) -> None:
        """These files have just been read."""
        self._read = {name: self._look(name) for name in files}
        self._last = dict(self._read)

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(self._read)

    @property
    def in_motion(self) -> bool:
        return self._last != self._read

    def changed(self, now: float) -> bool:
        """Whether something differs from what was read and has not moved for `quiet_s`; `now` is monotonic."""
        looks = {name: self._look(name) for name in self._read}
        if looks != self._last:
            self._last, self._moved_at = looks, now
        return self.in_motion and now - self._moved_at >= self.quiet_s

    def _look(self, name: str) -> FileState:
        try:
            entry = (self.folder / name).stat()
        except OSError:
            return None
        return (entry.st_size, entry.st_mtime_ns, entry.st_ino, entry.st_mode)
