"""Which files are still in motion. Told what was seen and when; it reads no clock and no disk."""

import heapq
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from sinagotd.core.facts import Stamp, unpack_stamp
from sinagotd.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class SettleRule:
    """When a file counts as settled; times in seconds."""

    quiet_s: float = 2.0
    empty_wait_s: float = 60.0
    accept_empty: bool = False


class Motion(NamedTuple):
    """A file that is not known to be settled: its last stamp, and since when that has stood still."""

    stamp: Stamp
    still_since: float
    first_seen: float


@dataclass(slots=True)
class Settler:
    """Remembers the files in motion and when each wants another look. Times are the daemon's monotonic seconds."""

    _motions: dict[str, Motion] = field(default_factory=dict)
    _looks: list[tuple[float, str]] = field(default_factory=list)
    _next_look: dict[str, float] = field(default_factory=dict)

    def judge(self, path: str, stamp: Stamp, rule: SettleRule, *, now: float, still_for: float = 0.0) -> Reason | None:
        """Why this file must not be read yet; None if it stands still.

        `still_for` is other evidence of how long it has not changed: its age by the file system's own clock, or
        infinity when it came by rename into its final name.
        """
        motion = self._motions.get(path)
        if motion is None:
            motion = Motion(stamp, now - still_for, now)
        elif motion.stamp != stamp:
            motion = Motion(stamp, now - still_for, motion.first_seen)
        elif still_for > now - motion.still_since:
            motion = motion._replace(still_since=now - still_for)
        self._motions[path] = motion
        if unpack_stamp(stamp).size == 0 and not rule.accept_empty:
            return self._judge_empty(path, motion, rule, now)
        settled_at = motion.still_since + rule.quiet_s
        if now < settled_at:
            self.look_again(path, at=settled_at)
            return Reason.INPUT_ARRIVING
        return None

    def _judge_empty(self, path: str, motion: Motion, rule: SettleRule, now: float) -> Reason:
        suspect_at = max(motion.first_seen, motion.still_since) + rule.empty_wait_s
        if now < suspect_at:
            self.look_again(path, at=suspect_at)
            return Reason.INPUT_ARRIVING
        return Reason.INPUT_EMPTY

    def look_again(self, path: str, *, at: float) -> None:
        """Ask for another look at this path at that time; a sooner one does as well, since who looks asks again."""
        if at < self._next_look.get(path, inf):
            self._next_look[path] = at
            heapq.heappush(self._looks, (at, path))

    def __contains__(self, path: str) -> bool:
        return path in self._motions

    def forget(self, path: str) -> None:
        """The file is settled and read, or gone."""
        self._motions.pop(path, None)

    def due(self, now: float) -> set[str]:
        """The paths that want a look by now; each is given once."""
        paths = set()
        while self._looks and self._looks[0][0] <= now:
            at, path = heapq.heappop(self._looks)
            if self._next_look.get(path) == at:
                del self._next_look[path]
                paths.add(path)
        return paths

    @property
    def next_look(self) -> float | None:
        return self._looks[0][0] if self._looks else None

    @property
    def in_motion(self) -> int:
        return len(self._motions)
