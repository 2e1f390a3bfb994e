"""Which events are due by the clock. It asks for the intervals each time, so that they may change, and sets off nothing.

The clock is the loop's monotonic one. APScheduler's schedulers go by the wall clock and cannot be given another: a clock
that is set back by an hour would keep a timer of a minute waiting for an hour.
"""

from collections.abc import Callable, Mapping

from sinagotd.daemon.events import Event


class Timers:
    """Remembers when each event was last due; all times are in seconds. A late event is due once, never dropped."""

    def __init__(self, intervals: Callable[[], Mapping[Event, float]] = dict) -> None:
        self._intervals = intervals
        self._last: dict[Event, float] = {}

    def due(self, now: float) -> list[Event]:
        """Take the events whose interval is over; a new one counts from its first look."""
        intervals = self._intervals()
        self._last = {event: self._last.get(event, now) for event in intervals}
        due = [event for event, every in intervals.items() if now - self._last[event] >= every]
        self._last.update(dict.fromkeys(due, now))
        return due

    def next_at(self) -> float:
        """When to look again, unless something is new; infinity if nothing is going to be due."""
        intervals = self._intervals()
        return min(
            (last + intervals[event] for event, last in self._last.items() if event in intervals), default=float("inf")
        )
