"""When a dataset is due to be built, from its schedule and what happened to it. Pure: times are given, in epoch seconds.

- What was never built is due at once, whatever the schedule says.
- A late time is due once, however many went by meanwhile; none is dropped.
- A build that failed is tried again after a pause that doubles; an interval does not wait longer than itself.
- A clock that was set back makes nothing wait: what seems to lie in the future happened before.
- Files that change without a pause are not waited for without end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

NEVER = float("inf")
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0
DOUBLINGS = 10
QUIETS = 10
"""How many times the quiet time is waited for at most while files keep changing."""


@dataclass(frozen=True, slots=True)
class Interval:
    """So many seconds after the last build began."""

    every_s: float


@dataclass(frozen=True, slots=True)
class Cron:
    """At the times of a calendar: `next_after` gives the first one after an epoch time, infinity if there is none."""

    next_after: Callable[[float], float]


@dataclass(frozen=True, slots=True)
class OnChange:
    """When nothing has changed for `quiet_s`, and `at_most_every_s` after the last build began."""

    quiet_s: float
    at_most_every_s: float


Schedule = Interval | Cron | OnChange | None
"""None: only by command."""


@dataclass(frozen=True, slots=True)
class Past:
    """What happened to a dataset so far; None is never.

    `began_at` is the start of the last build that ended, `failures` counts those since the last one that did not fail.
    It is dirty since `dirty_since`, and was made so again at `changed_at`.
    """

    began_at: float | None = None
    failures: int = 0
    dirty_since: float | None = None
    changed_at: float | None = None

    def touched(self, at: float) -> Self:
        """Something that it is made of changed, or may have."""
        return replace(self, dirty_since=at if self.dirty_since is None else self.dirty_since, changed_at=at)

    def cleaned(self) -> Self:
        """A build begins, which sees all that was changed until now."""
        return replace(self, dirty_since=None, changed_at=None)

    def ended(self, began_at: float | None, *, failures: int = 0) -> Self:
        """The last build that ended began then, and so many failed since the last one that did not."""
        return replace(self, began_at=began_at, failures=failures)


def due_at(schedule: Schedule, past: Past, now: float) -> float:
    """When to build it; in the past if it is due, infinity if nothing is in sight."""
    if schedule is None:
        return NEVER
    if past.began_at is None:
        return now
    last = min(past.began_at, now)
    scheduled = _scheduled(schedule, past, last, now)
    return min(scheduled, _retry(schedule, past, last)) if past.failures else scheduled


def _scheduled(schedule: Interval | Cron | OnChange, past: Past, last: float, now: float) -> float:
    match schedule:
        case Interval(every_s):
            return last + every_s
        case Cron(next_after):
            return next_after(last)
        case OnChange() if past.dirty_since is None or past.changed_at is None:
            return NEVER
        case OnChange(quiet_s, at_most_every_s):
            quiet = min(past.changed_at, now) + quiet_s
            patience = min(past.dirty_since, now) + max(QUIETS * quiet_s, at_most_every_s)
            return max(min(quiet, patience), last + at_most_every_s)


def _retry(schedule: Interval | Cron | OnChange, past: Past, last: float) -> float:
    pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(past.failures - 1, DOUBLINGS))
    if isinstance(schedule, OnChange):
        pause = max(pause, schedule.at_most_every_s)
    return last + pause
