"""The daemon's loop: one inbox, one thread. It hands events on and lets each engine take its turn; no more."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty

from structlog.typing import FilteringBoundLogger

from sinagotd.core.states import State
from sinagotd.daemon import events
from sinagotd.daemon.datasets.keeping import Datasets
from sinagotd.daemon.metrics import MetricsFile
from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.reloading import reload, reload_datasets
from sinagotd.daemon.site import Site
from sinagotd.daemon.sites import Sites
from sinagotd.daemon.timers import Timers
from sinagotd.engine.applying import Start
from sinagotd.engine.requests import perform
from sinagotd.errors import SinagotError
from sinagotd.manifest.faults import DamagedError
from sinagotd.runner.protocol import RunEnded, RunLost, Runner, RunSaid, RunStarted
from sinagotd.scan.findings import Unreadable

LONGEST_WAIT_S = 1.0
CLOSES_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loop drives; `upkeep` backs up and prunes."""

    inbox: events.Inbox
    sites: Sites
    runner: Runner
    notifier: Notifier
    log: FilteringBoundLogger
    upkeep: Callable[[Site], None]
    timers: Timers = field(default_factory=Timers)
    datasets: Datasets | None = None
    metrics: MetricsFile | None = None


class Loop:
    """`run` keeps going; `handle` and `tick` are its two halves, and tests call them by hand."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.sites = parts.sites
        self.datasets = parts.datasets
        self.stopping = False

    def run(self, *, once: bool = False) -> None:
        """Turn until asked to stop; with `once`, until nothing is left to do."""
        while not (self.stopping or (once and self.at_rest)):
            for event in self.wait():
                self.handle(event)
            self.sites.open_due(time.monotonic())
            self.tick()

    def drain(self, for_s: float) -> None:
        """Claim nothing more and take back what waits for a worker; give what runs this long to end, and record it.

        Being asked to stop once more ends the wait.
        """
        self.parts.notifier.stopping(for_s + CLOSES_WITHIN_S)
        for site in self.sites:
            for run_id in site.engine.take_back():
                self.parts.runner.cancel(run_id)
        give_up_at, self.stopping = time.monotonic() + for_s, False
        while self.in_flight and not self.stopping and time.monotonic() < give_up_at:
            for event in self.wait():
                self.handle(event)
            self.tick(room=0)

    def wait(self) -> Iterator[events.Event]:
        """The first event, or nothing once a turn is due; then whatever else has come, and what is due by the clock."""
        with suppress(Empty):
            yield self.parts.inbox.get(timeout=self._patience())
            while True:
                yield self.parts.inbox.get_nowait()
        yield from self.parts.timers.due(time.monotonic())

    def handle(self, event: events.Event) -> None:
        """Hand on one event; what goes wrong in a workspace is that workspace's alone."""
        if self.datasets is not None and self.datasets.hear(event):
            return
        match event:
            case events.StopRequested():
                self.stopping = True
            case events.ReloadRequested():
                self._reload()
            case events.MetricsDue():
                self._write_metrics()
            case events.WorkspaceClosed(name):
                self.sites.let_open(name)
            case events.Requested(name) if name in self.sites.closed:
                event.answer({"refused": f"this workspace is closed: {self.sites.closed[name]}"})
            case _:
                for site in self._concerned(event):
                    with self.sites.minding(site.name):
                        self._tell(site, event)

    def _concerned(self, event: events.Event) -> Iterable[Site]:
        match event:
            case RunStarted() | RunSaid() | RunEnded() | RunLost():
                return self.sites.awaiting(event)
            case (
                events.FilesTouched(name)
                | events.Hashed(name)
                | events.WalkDue(name)
                | events.Walked(name)
                | events.Requested(name)
            ):
                return self.sites.named(name)
        return self.sites

    def _tell(self, site: Site, event: events.Event) -> None:
        """What the machine refuses is told, and the next walk finds what was missed."""
        try:
            self._tell_site(site, event)
        except (OSError, Unreadable) as fault:
            site.log.error("event_failed", what=type(event).__name__, why=str(fault))

    def _tell_site(self, site: Site, event: events.Event) -> None:  # noqa: C901 - one case per event
        match event:
            case RunStarted(run_id, host, pid, at):
                site.engine.started(Start(run_id, host, pid, at))
            case RunSaid(run_id, line):
                site.engine.said(run_id, line)
            case RunEnded(_, receipt):
                site.engine.ended(receipt)
            case RunLost(run_id, why):
                site.engine.lost(run_id, why)
            case events.FilesTouched():
                site.take_hints()
            case events.Hashed(_, path, stamp, digest):
                site.engine.hashed(path, stamp, digest)
            case events.WalkDue():
                site.walk()
            case events.Walked():
                site.take_walk(event)
            case events.WatchCheckDue():
                site.check_watching()
            case events.UpkeepDue():
                self.parts.upkeep(site)
            case events.Requested():
                self._answer(site, event)

    def _reload(self) -> None:
        self.parts.notifier.reloading()
        self.sites.hurry()
        for site in self.sites:
            with self.sites.minding(site.name):
                reload(site)
        if self.datasets is not None:
            reload_datasets(self.datasets, self.parts.log)
        self.parts.notifier.ready()

    def _write_metrics(self) -> None:
        if self.parts.metrics is not None:
            self.parts.metrics.write(self.sites, self.datasets.kept if self.datasets is not None else ())

    def tick(self, room: int | None = None) -> None:
        """Let every workspace take a turn, within what the runner takes."""
        left = self.parts.runner.window - self.in_flight if room is None else room
        for site in self.sites:
            with self.sites.minding(site.name):
                left -= site.turn(max(0, left))
        if self.datasets is not None and room is None:
            self.datasets.turn(self.sites)
        self.parts.notifier.beat(self.status, time.monotonic())

    @property
    def in_flight(self) -> int:
        return sum(len(site.engine.flights.in_flight) for site in self.sites)

    @property
    def at_rest(self) -> bool:
        """Nothing is left to do; a workspace that is closed may have more."""
        are_built = self.datasets is None or self.datasets.at_rest
        at_rest = all(site.at_rest for site in self.sites)
        return self.parts.inbox.empty() and not self.sites.closed and at_rest and are_built

    def counts(self) -> Counter[State]:
        """How many steps stand how, over all workspaces."""
        total: Counter[State] = Counter()
        for site in self.sites:
            with self.sites.minding(site.name):
                total.update(site.engine.counts())
        return total

    @property
    def status(self) -> str:
        """One line for `systemctl status`."""
        engines = [site.engine for site in self.sites]
        records = sum(len(engine.records) for engine in engines)
        pending = sum(len(engine.pending) for engine in engines)
        offline = [site.name for site in self.sites if site.engine.offline]
        trouble = f"; offline: {', '.join(offline)}" if offline else ""
        trouble += "".join(f"; {name} is closed: {why}" for name, why in self.sites.closed.items())
        paused = {engine.standstill for engine in engines} - {""}
        trouble += f"; nothing new is run: {'; '.join(sorted(paused))}" if paused else ""
        trouble += f"; {self.parts.runner.trouble}" if self.parts.runner.trouble else ""
        trouble += self.datasets.status if self.datasets is not None else ""
        return f"{records} records in {len(engines)} workspace(s): {self.in_flight} in flight, {pending} stale{trouble}"

    def _patience(self) -> float:
        if any(site.wants_turn for site in self.sites):
            return 0.0
        looks = [site.next_look for site in self.sites]
        due = min((look for look in looks if look is not None), default=float("inf"))
        due = min(due, self.parts.timers.next_at(), self.sites.next_opening)
        return min(LONGEST_WAIT_S, max(0.0, due - time.monotonic()))

    def _answer(self, site: Site, request: events.Requested) -> None:
        try:
            request.answer(perform(site.engine, request.verb, request.arguments))
            if site.engine.offline is not None:
                site.walk()
        except SinagotError as refusal:
            request.answer({"refused": str(refusal)})
            if isinstance(refusal, DamagedError):
                raise
        except Exception as bug:  # a request must not be able to stop the daemon
            self.parts.log.error("request_failed", verb=request.verb, exc_info=bug)
            request.answer({"refused": f"this is a bug in sinagotd, see the daemon's log: {bug!r}"})
