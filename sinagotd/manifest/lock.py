"""One process owns a workspace's state folder: a lock that dies with its owner. It starts and stops nobody."""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sinagotd.errors import LockedError, ManifestError
from sinagotd.manifest.place import make_folder

NAME = "lock"
LOCK_MODE = 0o644
TRIES, BETWEEN_TRIES_S = 50, 0.01


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a lock; `started_at` is epoch seconds. Unknown for an instant while a new owner writes it down."""

    pid: int = 0
    host: str = "?"
    started_at: float = 0.0
    command: str = "?"

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.started_at, UTC).isoformat(sep=" ", timespec="seconds")
        return f"process {self.pid} on {self.host} (`{self.command}`, since {since})"


class Lock:
    """Held from `acquire` until `release` or the death of the process, whichever comes first.

    The lock belongs to an open file (flock): it is not passed on to started programs (O_CLOEXEC), and a bare
    fork closes it in the child, so that no orphan keeps it. There is never a stale file to delete.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, folder: Path, *, command: str, at: float) -> Self:
        """Own this state folder since `at`. Raises LockedError, which names the owner, half a second later."""
        make_folder(folder)
        path = folder / NAME
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, LOCK_MODE)
        except OSError as fault:
            raise ManifestError(f"{path} cannot be written: {fault.strerror}") from fault
        lock = cls(descriptor)
        os.register_at_fork(after_in_child=lock._close)
        try:
            lock._take(path)
            lock._sign(Owner(os.getpid(), os.uname().nodename, at, command))
        except BaseException:
            lock._close()
            raise
        return lock

    def release(self) -> None:
        """Give it back; releasing twice does nothing."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self, path: Path) -> None:
        assert self._descriptor is not None
        for _ in range(TRIES):
            if _flock(self._descriptor, fcntl.LOCK_EX):
                return
            time.sleep(BETWEEN_TRIES_S)  # somebody who only asks for the owner holds it for microseconds
        raise LockedError(f"{path.parent} is in use by {_signature(self._descriptor)}: stop that one first")

    def _sign(self, owner: Owner) -> None:
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(asdict(owner)).encode(), 0)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def owner(folder: Path) -> Owner | None:
    """Who owns this state folder now, None if nobody does. What the file says counts only while it is locked."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise ManifestError(f"{folder / NAME} cannot be read: {fault.strerror}") from fault
    try:
        return None if _flock(descriptor, fcntl.LOCK_SH) else _signature(descriptor)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signature(descriptor: int) -> Owner:
    try:
        return Owner(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):
        return Owner()
