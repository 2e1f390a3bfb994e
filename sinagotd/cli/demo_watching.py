"""Looks on through the manifest while the daemon works: what stands how, what ran and why, when all is at rest."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sinagotd.cli.demo_daemon import Daemon
from sinagotd.cli.text import counted
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome, State
from sinagotd.manifest.reader import Reader, open_reader
from sinagotd.manifest.rows import EventRow

LOOK_S = 0.2
CALM_S = 1.0
GIVE_UP_S = 45.0
MOST_RUNS = 100_000
GLANCED_EVENTS = 30
SHOWN_DIFFERENCES = 5

Ran = tuple[StepKey, Outcome]


@dataclass(frozen=True, slots=True)
class Expected:
    """What must have happened once all is at rest again: these runs and no others, and every step current but for these.

    `steps` counts all steps. `seen` says whether the daemon has noticed what was done; it matters where nothing runs.
    """

    steps: int
    runs: Counter[Ran]
    others: Mapping[StepKey, State] = field(default_factory=dict)
    seen: Callable[[Reader], bool] = lambda _: True


class Glance(NamedTuple):
    """How things stand at one moment; `events` are the newest of all."""

    counts: Mapping[State, int]
    in_flight: int
    events: tuple[EventRow, ...]


class Why(NamedTuple):
    """Why a step ran for a record."""

    key: StepKey
    reason: str
    sentence: str


class Happened(NamedTuple):
    """What ran since the look before, and why, as the manifest has it."""

    runs: Counter[Ran]
    whys: list[Why]


Show = Callable[[Glance], None]


class Watching:
    """Remembers what it has seen, so that each question is about what happened since."""

    def __init__(self, state_path: Path, daemon: Daemon) -> None:
        self._state_path = state_path
        self._daemon = daemon
        self._seen: set[str] = set()
        self._seq = 0

    def glance(self) -> Glance:
        """Look once. Raises DemoError if the daemon is gone."""
        self._daemon.check_alive()
        with open_reader(self._state_path) as read:
            return Glance(read.counts(), len(read.in_flight()), tuple(read.events(limit=GLANCED_EVENTS)))

    def until_rest(self, expected: Expected, show: Show) -> Happened:
        """Wait until all is as expected and nothing moves for a moment; tells what happened since the last call.

        Raises DemoError, with what differs and the end of the daemon's log, when something else happened or nothing
        moves any more.
        """
        before, still_since = self.glance(), time.monotonic()
        while True:
            show(now := self.glance())
            if now != before:
                before, still_since = now, time.monotonic()
            still_s = time.monotonic() - still_since
            if still_s > CALM_S and not now.in_flight and self._is_reached(expected):
                return self._take(expected)
            if still_s > GIVE_UP_S:
                raise self._daemon.trouble(f"nothing has moved for {GIVE_UP_S:.0f} s", *self._differences(expected))
            time.sleep(LOOK_S)

    def _is_reached(self, expected: Expected) -> bool:
        with open_reader(self._state_path) as read:
            return expected.runs <= self._ran(read) and not _misplaced(read, expected) and expected.seen(read)

    def _take(self, expected: Expected) -> Happened:
        if differences := self._differences(expected):
            raise self._daemon.trouble("this should not have happened:", *differences)
        with open_reader(self._state_path) as read:
            ran, events = self._ran(read), read.events(self._seq, limit=MOST_RUNS)
            self._seen.update(run.run_id for run in read.runs(limit=MOST_RUNS))
        self._seq = max((event.seq for event in events), default=self._seq)
        return Happened(ran, [why for event in events if (why := _why(event))])

    def _ran(self, read: Reader) -> Counter[Ran]:
        runs = (run for run in read.runs(limit=MOST_RUNS) if run.run_id not in self._seen)
        return Counter((run.key, run.outcome) for run in runs if run.outcome is not None)

    def _differences(self, expected: Expected) -> list[str]:
        with open_reader(self._state_path) as read:
            ran, misplaced = self._ran(read), _misplaced(read, expected)
            seen = expected.seen(read)
        return [
            *_listed("ran, but should not have", _named(ran - expected.runs)),
            *_listed("did not run, but should have", _named(expected.runs - ran)),
            *_listed("stands otherwise than it should", misplaced),
            *([] if seen else ["  the daemon has not noticed the change"]),
        ]


def _misplaced(read: Reader, expected: Expected) -> list[str]:
    """The steps that do not stand as expected."""
    standings = read.standings()
    missing = expected.steps - len(standings)
    wrong = [
        f"{key} is {standing.state.value}: {standing.sentence}"
        for key, standing in standings.items()
        if standing.state is not expected.others.get(key, State.CURRENT)
    ]
    return wrong + ([f"{counted(missing, 'step')} of records that nobody has seen"] if missing else [])


def _why(event: EventRow) -> Why | None:
    if event.event != State.QUEUED.value or event.record is None or event.step is None:
        return None
    return Why(StepKey(event.record, event.step), str(event.detail.get("reason")), str(event.detail.get("why")))


def _named(runs: Counter[Ran]) -> list[str]:
    return [
        f"{key} ({outcome.value})" + (f" {times} times" if times > 1 else "") for (key, outcome), times in runs.items()
    ]


def _listed(what: str, names: Iterable[str]) -> list[str]:
    every = sorted(names)
    shown = [f"  {what}: {name}" for name in every[:SHOWN_DIFFERENCES]]
    return [*shown, f"  and {len(every) - SHOWN_DIFFERENCES} more"] if len(every) > SHOWN_DIFFERENCES else shown
