"""Drives an engine until the steps that were asked for are done, once each. The engine decides; this waits and listens."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty
from typing import NamedTuple

from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.engine.applying import Start
from sinagotd.engine.engine import Engine
from sinagotd.engine.flights import Ended
from sinagotd.engine.following import Following
from sinagotd.engine.gathering import NO_STAMP
from sinagotd.runner.protocol import RunEnded, RunLost, Runner, RunnerEvent, RunSaid, RunStarted
from sinagotd.scan.findings import Unreadable
from sinagotd.scripts.orders import Receipt
from sinagotd.workspace.running.outcomes import Ran
from sinagotd.workspace.running.working import Hashed, News

LONGEST_WAIT_S = 0.5
LINGER_S = 0.2
TROUBLE_FOR_S = 20.0
NOT_FINAL = (Outcome.TAINTED, Outcome.ABANDONED, Outcome.CANCELLED)


class Counts(NamedTuple):
    """How far it has come: runs that ended, and all that are known of by now."""

    ended: int
    known: int


@dataclass(slots=True)
class Errand:
    """The steps that are still to be done, and how those ended that ran."""

    open: set[StepKey] = field(default_factory=set)
    ended: dict[StepKey, Ran] = field(default_factory=dict)

    def wants(self, key: StepKey) -> bool:
        return key in self.open

    def end(self, key: StepKey, receipt: Receipt) -> None:
        """A verdict closes the step for this call; a run that told nothing of it may be followed by another."""
        self.ended[key] = Ran(receipt.outcome, receipt.started_at, receipt.ended_at, receipt.error)
        if receipt.outcome not in NOT_FINAL:
            self.open.discard(key)


class Ends(Following):
    """Tells, beside the log, whoever waits for the end of a run."""

    __slots__ = ("on_end",)

    def __init__(self, before: Following, on_end: Callable[[StepKey, Receipt], None]) -> None:
        super().__init__(before.teller)
        self.on_end = on_end

    def end(self, ended: Ended, at: float) -> None:
        self.on_end(ended.claimed.key, ended.receipt)
        super().end(ended, at)


class Drive:
    """One call of `run()` at work. `check` is called after each turn, and may raise."""

    def __init__(
        self, engine: Engine, runner: Runner, news: News, errand: Errand, *, check: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._runner = runner
        self._news = news
        self._errand = errand
        self._check = check
        self._trouble_since: float | None = None

    def until_done(self, show: Callable[[Counts], None]) -> str:
        """Turn until nothing that is wanted can go on; says why if the machine is what keeps it, else ""."""
        engine = self._engine
        while True:
            room = max(0, self._runner.window - len(engine.flights.in_flight))
            try:
                engine.turn(room)
            except (OSError, Unreadable) as fault:
                return str(fault)
            self._check()
            show(self._counts())
            if stopped := self._standstill():
                return stopped
            if self._is_done():
                return ""
            for event in self._wait():
                self._take(event)

    def leave(self) -> None:
        """Take in what has ended, and give up what is in flight: it was cut off, which is nobody's fault."""
        engine, why = self._engine, "the call of run() was cut short"
        engine.flights.cancelled.update(dict.fromkeys(engine.flights.in_flight, why))
        self._runner.close()
        with suppress(Empty):
            while True:
                self._take(self._news.get_nowait())
        for run_id in list(engine.flights.in_flight):
            engine.lost(run_id, why)
        with suppress(OSError, Unreadable):  # what the machine does not let us record, the next start finds out
            engine.turn(0)

    def _counts(self) -> Counts:
        ended = len(self._errand.ended)
        return Counts(ended, ended + len(self._engine.flights.in_flight) + len(self._engine.pending))

    def _standstill(self) -> str:
        engine = self._engine
        if engine.flights.in_flight:
            return self._lasting_trouble()
        return engine.standstill if engine.pending else ""

    def _lasting_trouble(self) -> str:
        if not self._runner.trouble:
            self._trouble_since = None
            return ""
        self._trouble_since = self._trouble_since or time.monotonic()
        return self._runner.trouble if time.monotonic() - self._trouble_since > TROUBLE_FOR_S else ""

    def _is_done(self) -> bool:
        engine = self._engine
        waits = engine.pending or engine.waits.hashing or engine.flights.in_flight or engine.wants_turn
        return not waits and self._errand.open.isdisjoint(engine.waits.arriving)

    def _wait(self) -> list[RunnerEvent | Hashed]:
        """What comes next; while nobody lacks work, what comes soon after it: a turn costs as much for one as for some."""
        events: list[RunnerEvent | Hashed] = []
        with suppress(Empty):
            events.append(self._news.get(timeout=self._patience()))
            until = time.monotonic() + LINGER_S
            while self._is_enough_left(events):
                events.append(self._news.get(timeout=max(0.0, until - time.monotonic())))
            while True:
                events.append(self._news.get_nowait())
        return events

    def _is_enough_left(self, events: Sequence[RunnerEvent | Hashed]) -> bool:
        """Whether the runner, after all that, has work for some time."""
        ended = sum(isinstance(event, RunEnded | RunLost) for event in events)
        return len(self._engine.flights.in_flight) - ended > max(1, self._runner.window // 2)

    def _patience(self) -> float:
        engine = self._engine
        if engine.wants_turn:
            return 0.0
        due = engine.next_look
        return LONGEST_WAIT_S if due is None else min(LONGEST_WAIT_S, max(0.0, due - time.monotonic()))

    def _take(self, event: RunnerEvent | Hashed) -> None:
        engine = self._engine
        match event:
            case Hashed(path, stamp, digest):
                engine.hashed(path, stamp or NO_STAMP, digest)
            case RunStarted(run_id, host, pid, at):
                engine.started(Start(run_id, host, pid, at))
            case RunSaid(run_id, line):
                engine.said(run_id, line)
            case RunEnded(_, receipt):
                engine.ended(receipt)
            case _:
                engine.lost(event.run_id, event.why)
