"""Keeps watching a root: replaces a lookout that can no longer be trusted, and says when only scanning is left."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sinagotd.core.reach import Reach
from sinagotd.scan.canary import Canary
from sinagotd.scan.health import Health, Hints, Patience
from sinagotd.scan.mounts import root_identity
from sinagotd.scan.names import IgnoredNames

if TYPE_CHECKING:
    from sinagotd.scan.lookout import Lookout


class Watcher:
    """Hints of what changed below a root that lies on a local disk. Everything but `wake` happens on one thread.

    `canary_folder` lies below the root; a cookie file is touched in it. `wake` is called, from another thread, when
    there is something to drain, and not again before it was drained; it should only put an event into an inbox.
    """

    def __init__(
        self,
        root: str | Path,
        reach: Reach,
        *,
        ignored: IgnoredNames,
        wake: Callable[[], None],
        canary_folder: Path,
        patience: Patience | None = None,
    ) -> None:
        self._root = Path(root)
        self._reach = reach
        self._ignored = ignored
        self._wake = wake
        self._canary_folder = canary_folder
        self._patience = patience or Patience()
        self._lookout: Lookout | None = None
        self._why: str | None = None
        self._lost: str | None = None
        self._identity = root_identity(root)
        self._canary = self._new_canary()
        self._checked_at: float | None = None
        self._retry_at = 0.0  # monotonic seconds, as `now` of `check`
        self._renewals = 0
        self._renewals_in_a_row = 0

    def start(self) -> None:
        """Begin to watch; if that cannot be, the first `check` says why. Walk the root after this, not before."""
        self._begin()

    def stop(self) -> None:
        if self._lookout is not None:
            self._lookout.close()
            self._lookout = None

    def drain(self) -> Hints:
        """Take what was hinted at since the last call. New folders are watched by now: walk them after this."""
        files, folders = self._lookout.take() if self._lookout is not None else ({}, set())
        if self._lookout is not None and self._lookout.doubt:  # after `take`: what comes later wakes us again
            self._renew(self._lookout.doubt)
        lost, self._lost = self._lost, None
        return Hints(files, frozenset(folders), lost)

    def check(self, now: float) -> Health:
        """Look after the watching; call it on a timer, some seconds apart, with the monotonic time, then drain.

        Finds out about a watcher that is blind, a root that was replaced, deleted, unmounted or mounted over, a limit
        of the kernel, a dead thread, and a time when this whole process stood still.
        """
        lost_before = self._lost
        self._notice_stall(now)
        if self._lookout is None:
            self._try_again(now)
        elif why := self._fault(self._lookout, now):
            self._renew(why)
        else:
            self._lookout.look_again()
            if not self._canary.is_awaited:
                self._renewals_in_a_row = 0
        if self._lookout is not None:
            self._canary.touch(now)
        if self._lost and not lost_before:
            self._wake()
        return self.health

    @property
    def health(self) -> Health:
        """How well it sees, as far as it knows by now."""
        lookout = self._lookout
        if lookout is None:
            return Health("scanning", self._why, watches=0, blind=0, renewals=self._renewals)
        return Health("watching", None, watches=lookout.watches, blind=lookout.blind, renewals=self._renewals)

    def _notice_stall(self, now: float) -> None:
        before, self._checked_at = self._checked_at, now
        if before is not None and now - before > self._patience.stall_s:
            self._lose(f"this program stood still for {now - before:.0f} s")

    def _fault(self, lookout: "Lookout", now: float) -> str | None:
        if root_identity(self._root) != self._identity:
            return "the data folder was replaced, unmounted or mounted over"
        if fault := lookout.fault():
            return fault
        if self._canary.is_overdue(now):
            return f"a touched file brought no event within {self._patience.cookie_s:g} s"
        return None

    def _renew(self, why: str) -> None:
        """Begin anew: what happened unseen meanwhile is found by the full walk that `lost` demands."""
        self._lose(why)
        self._renewals += 1
        self._renewals_in_a_row += 1
        if self._renewals_in_a_row > self._patience.renewals:
            self._give_up(f"watching failed {self._renewals_in_a_row} times in a row: {why}")
        else:
            self._begin()

    def _begin(self) -> None:
        self.stop()
        self._identity = root_identity(self._root)
        self._canary = self._new_canary()
        try:
            self._lookout = self._new_lookout()
            self._lookout.start()
        except Exception as fault:  # noqa: BLE001 - whatever watchdog has against it, scanning still works
            self._give_up(f"the data folder cannot be watched: {_advice(fault)}")
        else:
            self._why = None

    def _give_up(self, why: str) -> None:
        self.stop()
        self._why = why
        if self._checked_at is not None:
            self._retry_at = self._checked_at + self._patience.retry_s

    def _try_again(self, now: float) -> None:
        if now < self._retry_at and root_identity(self._root) == self._identity:
            return
        self._renewals_in_a_row = 0
        before = self._why
        self._begin()
        if self._lookout is not None:
            self._lose(f"watching works again; before, {before}")

    def _lose(self, why: str) -> None:
        self._lost = self._lost or why

    def _new_lookout(self) -> "Lookout":
        from sinagotd.scan.lookout import Lookout  # noqa: PLC0415 - watchdog is imported only where it is used

        root = os.path.realpath(self._root)
        return Lookout(root, self._reach, self._ignored, canary=self._canary, notify=self._wake)

    def _new_canary(self) -> Canary:
        return Canary(self._canary_folder, limit_s=self._patience.cookie_s)


def _advice(fault: Exception) -> str:
    number = fault.errno if isinstance(fault, OSError) else None
    if number == errno.ENOSPC:
        return "the limit of inotify watches is reached, raise fs.inotify.max_user_watches"
    if number == errno.EMFILE:
        return "the limit of inotify instances or open files is reached, raise fs.inotify.max_user_instances"
    return str(fault) or repr(fault)
