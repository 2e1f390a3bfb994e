"""A cookie file that is touched, and whether its event came: the proof that watching works. It repairs nothing."""

import os
from pathlib import Path

COOKIE_NAME = ".sinagot-cookie"


class Canary:
    """Touched and judged by the loop, answered by the reader thread. Times are monotonic seconds."""

    def __init__(self, folder: Path, *, limit_s: float) -> None:
        self.folder = folder
        self._limit_s = limit_s
        self._awaited_since: float | None = None

    def touch(self, now: float) -> None:
        """Make an event, unless one is still awaited. A folder that cannot be written proves nothing either way."""
        if self._awaited_since is not None:
            return
        self._awaited_since = now
        try:
            os.close(os.open(self.folder / COOKIE_NAME, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        except OSError:
            self._awaited_since = None

    def answer(self) -> None:
        """The event has come."""
        self._awaited_since = None

    @property
    def is_awaited(self) -> bool:
        return self._awaited_since is not None

    def is_overdue(self, now: float) -> bool:
        since = self._awaited_since
        return since is not None and now - since > self._limit_s
