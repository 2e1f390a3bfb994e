"""The daemon's loop: one inbox, one thread. It hands events on and lets each engine take its turn; no more."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty

from structlog.typing import FilteringBoundLogger

from sinagotd.core.states import State
from sinagotd.daemon import events
from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.site import Site
from sinagotd.engine.applying import Start
from sinagotd.engine.requests import perform
from sinagotd.errors import SinagotError
from sinagotd.runner.protocol import RunEnded, RunLost, Runner, RunSaid, RunStarted
from sinagotd.scan.findings import Unreadable

LONGEST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loop drives; `reload` reads the settings again, `upkeep` backs up and prunes."""

    inbox: events.Inbox
    sites: dict[str, Site]
    runner: Runner
    notifier: Notifier
    log: FilteringBoundLogger
    reload: Callable[[], None]
    upkeep: Callable[[], None]


class Loop:
    """`run` keeps going; `handle` and `tick` are its two halves, and tests call them by hand."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.sites = parts.sites
        self.stopping = False

    def run(self, *, once: bool = False) -> None:
        """Turn until asked to stop; with `once`, until nothing is left to do."""
        while not (self.stopping or (once and self.at_rest)):
            for event in self.wait():
                self.handle(event)
            self.tick()

    def drain(self, for_s: float) -> None:
        """Claim nothing more and take back what waits for a worker; give what runs this long to end, and record it.

        Being asked to stop once more ends the wait.
        """
        self.parts.notifier.stopping()
        for site in self.sites.values():
            for run_id in site.engine.take_back():
                self.parts.runner.cancel(run_id)
        give_up_at, self.stopping = time.monotonic() + for_s, False
        while self.in_flight and not self.stopping and time.monotonic() < give_up_at:
            for event in self.wait():
                self.handle(event)
            self.tick(room=0)

    def wait(self) -> Iterator[events.Event]:
        """The first event, or nothing once a turn is due; then whatever else has come."""
        try:
            yield self.parts.inbox.get(timeout=self._patience())
            while True:
                yield self.parts.inbox.get_nowait()
        except Empty:
            return

    def handle(self, event: events.Event) -> None:
        """Hand on one event; what the machine refuses is told, and the next walk finds what was missed."""
        try:
            self._hand_on(event)
        except (OSError, Unreadable) as fault:
            self.parts.log.error("event_failed", what=type(event).__name__, why=str(fault))

    def _hand_on(self, event: events.Event) -> None:  # noqa: C901 - one case per event
        match event:
            case RunStarted() | RunSaid() | RunEnded() | RunLost():
                self._handle_run(event)
            case events.FilesTouched(name):
                self.sites[name].take_hints()
            case events.Hashed(name, path, stamp, digest):
                self.sites[name].engine.hashed(path, stamp, digest)
            case events.WalkDue(name):
                self.sites[name].walk()
            case events.Walked(name):
                self.sites[name].take_walk(event)
            case events.WatchCheckDue():
                for site in self.sites.values():
                    site.check_watching()
            case events.UpkeepDue():
                self.parts.upkeep()
            case events.Requested():
                self._answer(event)
            case events.ReloadRequested():
                self.parts.reload()
            case events.StopRequested():
                self.stopping = True

    def tick(self, room: int | None = None) -> None:
        """Let every workspace take a turn, within what the runner takes."""
        left = self.parts.runner.window - self.in_flight if room is None else room
        for site in self.sites.values():
            left -= site.turn(max(0, left))
        self.parts.notifier.beat(self.status, time.monotonic())

    @property
    def in_flight(self) -> int:
        return sum(len(site.engine.flights.in_flight) for site in self.sites.values())

    @property
    def at_rest(self) -> bool:
        return self.parts.inbox.empty() and all(site.at_rest for site in self.sites.values())

    def counts(self) -> Counter[State]:
        """How many steps stand how, over all workspaces."""
        total: Counter[State] = Counter()
        for site in self.sites.values():
            total.update(site.engine.counts())
        return total

    @property
    def status(self) -> str:
        """One line for `systemctl status`."""
        engines = [site.engine for site in self.sites.values()]
        records = sum(len(engine.records) for engine in engines)
        pending = sum(len(engine.pending) for engine in engines)
        offline = [site.name for site in self.sites.values() if site.engine.offline]
        trouble = f"; offline: {', '.join(offline)}" if offline else ""
        paused = {engine.flights.pause_why or engine.code.fault for engine in engines} - {""}
        trouble += f"; nothing new is run: {'; '.join(sorted(paused))}" if paused else ""
        return f"{records} records in {len(engines)} workspace(s): {self.in_flight} in flight, {pending} stale{trouble}"

    def _patience(self) -> float:
        if any(site.wants_turn for site in self.sites.values()):
            return 0.0
        looks = [site.next_look for site in self.sites.values()]
        due = min((look for look in looks if look is not None), default=float("inf"))
        return min(LONGEST_WAIT_S, max(0.0, due - time.monotonic()))

    def _handle_run(self, event: RunStarted | RunSaid | RunEnded | RunLost) -> None:
        for site in self.sites.values():
            engine = site.engine
            if event.run_id not in engine.flights.in_flight:
                continue
            match event:
                case RunStarted(run_id, host, pid, at):
                    engine.started(Start(run_id, host, pid, at))
                case RunSaid(run_id, line):
                    engine.said(run_id, line)
                case RunEnded(_, receipt):
                    engine.ended(receipt)
                case RunLost(run_id, why):
                    engine.lost(run_id, why)

    def _answer(self, request: events.Requested) -> None:
        site = self.sites[request.workspace]
        try:
            request.answer(perform(site.engine, request.verb, request.arguments))
            if site.engine.offline is not None:
                site.walk()
        except SinagotError as refusal:
            request.answer({"refused": str(refusal)})
        except Exception as bug:  # a request must not be able to stop the daemon
            self.parts.log.error("request_failed", verb=request.verb, exc_info=bug)
            request.answer({"refused": f"this is a bug in sinagotd, see the daemon's log: {bug!r}"})
