"""Keeps the datasets up to date: one is built at a time, in a step host, when no step wants its worker more."""

import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from sinagotd.daemon import events
from sinagotd.daemon.datasets.jobs import FAILED, Errand, Report, job_for
from sinagotd.daemon.datasets.kept import Kept
from sinagotd.daemon.datasets.orders import LAST, order_for, read_report
from sinagotd.daemon.datasets.roots import Root
from sinagotd.daemon.datasets.telling import tell
from sinagotd.daemon.site import Site
from sinagotd.daemon.sites import sentence
from sinagotd.errors import ConfigError
from sinagotd.runner.protocol import RunEnded, RunLost, Runner, RunSaid, RunStarted
from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.orders import Receipt
from sinagotd.scripts.staging import left_receipt
from sinagotd.settings.daemon import DaemonSettings, load_daemon
from sinagotd.settings.ownership import refuse_untrusted, writable_by_others
from sinagotd.settings.toml_file import WORKSPACE_FILE_NAME


@dataclass(frozen=True, slots=True)
class Flight:
    """What is under way; `began_at` is epoch seconds."""

    kept: Kept
    errand: Errand
    run_id: str
    began_at: float

    @property
    def doing(self) -> str:
        progress = f": {self.kept.progress}" if self.kept.progress else ""
        return f"{'checking' if self.errand is Errand.CHECK else 'building'} {self.kept.name}{progress}"


class Datasets:
    """Only the loop's thread calls it. `once`: each is built one time, when nothing is left to do in any workspace."""

    def __init__(
        self,
        settings: DaemonSettings,
        inbox: events.Inbox,
        runner: Runner,
        log: FilteringBoundLogger,
        *,
        once: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._log = log
        self._clock = clock
        self._inbox = inbox
        self._once = once
        self._flight: Flight | None = None
        self._roots: list[Root] = []
        self._take(settings)
        self._left = [each for each in self._kept if each.schedule is not None] if once else None

    def _take(self, settings: DaemonSettings) -> None:
        now = self._clock()
        self._settings = settings
        self._kept = [Kept.of(name, section, now) for name, section in settings.datasets.items()]
        self._in_workspace = _by_workspace(self._kept)
        self._in_root = _by_root(self._kept)

    def start(self) -> None:
        for kept in self._kept:
            kept.desk.sweep()
        self._watch()

    def stop(self) -> None:
        for root in self._roots:
            root.stop()

    def reload(self) -> None:
        """Take the datasets that the service's file declares by now. What is under way goes on as it began.

        Raises ConfigError, and everything stays as it was.
        """
        path = self._settings.config_path
        if path is None:
            return
        if fault := writable_by_others(path):
            raise ConfigError(fault)
        settings = load_daemon(path)
        self.stop()
        self._take(self._settings._replace(datasets=settings.datasets, cells=settings.cells))
        self._watch()
        self._log.info("datasets_reloaded", datasets=list(settings.datasets))

    def _watch(self) -> None:
        """On a path that is watched already nothing is missed: every dataset is dirty then."""
        now = self._clock()
        mine = [each.section.output_for(each.name, each.today(now)) for each in self._kept]
        paths = () if self._once else self._in_root
        self._roots = [Root(path, mine, lambda: self._inbox.put(events.RootsTouched()), self._log) for path in paths]
        for root in self._roots:
            root.start()

    def hear(self, event: events.Event) -> bool:
        """Take an event; False when it is for others as well."""
        match event:
            case RunStarted() | RunSaid() | RunEnded() | RunLost():
                return self._hear_of_run(event)
            case events.RootsTouched():
                self._look()
            case events.RootsDue():
                for kept in self._kept:
                    kept.look_again(self._clock())
            case events.WatchCheckDue():
                for root in self._roots:
                    root.check(time.monotonic())
                self._look()
                return False
            case _:
                return False
        return True

    def turn(self, sites: Iterable[Site]) -> None:
        """Begin what is due. A workspace that is at work makes its datasets dirty until it is at rest."""
        if not self._kept:
            return
        at_work = [site for site in sites if not site.at_rest]
        for site in at_work if self._in_workspace else ():
            self._touch(self._in_workspace.get(site.settings.config_path.resolve(), ()))
        if self._flight is not None:
            return
        if self._left is not None:
            if self._left and not at_work:
                self._begin(self._left.pop(0), Errand.BUILD)
            return
        now = self._clock()
        due, kept = min(((each.due(now), each) for each in self._kept), key=lambda pair: pair[0])
        if due.at <= now:
            self._begin(kept, due.errand)

    @property
    def kept(self) -> Sequence[Kept]:
        """All of them."""
        return tuple(self._kept)

    @property
    def at_rest(self) -> bool:
        """Nothing is under way and, if it is to be done once, nothing is left."""
        return self._flight is None and not self._left

    @property
    def failing(self) -> list[str]:
        """The names of those whose last build did not come to its end."""
        return [each.name for each in self._kept if each.known.fault]

    @property
    def status(self) -> str:
        """What to add to the daemon's status line."""
        doing = f"; {self._flight.doing}" if self._flight else ""
        return doing + "".join(f"; dataset {each.name} {each.trouble}" for each in self._kept if each.trouble)

    # dirty

    def _look(self) -> None:
        for root in self._roots:
            if root.changed():
                self._touch(self._in_root[root.path])

    def _touch(self, several: Iterable[Kept]) -> None:
        now = self._clock()
        for kept in several:
            kept.touch(now)

    # under way

    def _begin(self, kept: Kept, errand: Errand) -> None:
        now = self._clock()
        kept.begin(errand)
        self._flight = Flight(kept, errand, "", now)
        try:
            refuse_untrusted(kept.section.sources_from, self._settings.trust)
            job = job_for(kept.name, self._settings, kept.today(now).date(), errand)
            order = order_for(job, kept.desk, timeout_s=kept.section.timeout)
            self._flight = Flight(kept, errand, order.run_id, now)
            self._log.debug("dataset_begun", dataset=kept.name, errand=errand.value)
            self._runner.submit(order, priority=LAST)
        except Exception as fault:  # noqa: BLE001 - whatever it is, one dataset must not stop the daemon
            self._land(self._flight, _failure(sentence(fault)))

    def _hear_of_run(self, event: RunStarted | RunSaid | RunEnded | RunLost) -> bool:
        flight = self._flight
        if flight is None or flight.run_id != event.run_id:
            return False
        match event:
            case RunSaid(_, line):
                flight.kept.progress = line.message
            case RunEnded(_, receipt):
                self._land(flight, _report(flight, receipt))
            case RunLost(run_id, why):
                left = left_receipt(flight.kept.desk.staging(run_id))
                self._land(flight, _report(flight, left) if left else _failure(why))
        return True

    def _land(self, flight: Flight, report: Report) -> None:
        self._flight, kept = None, flight.kept
        tell(self._log, kept.name, flight.errand, report)
        try:
            kept.ended(flight.errand, report, flight.began_at)
        except OSError as fault:
            self._log.error("dataset_not_remembered", dataset=kept.name, why=str(fault))
        if flight.run_id:
            shutil.rmtree(kept.desk.staging(flight.run_id), ignore_errors=True)


def _report(flight: Flight, receipt: Receipt) -> Report:
    error = receipt.error
    if error is not None and error.type == ErrorKind.DISK_FULL:
        return _failure(f"there is no room left in {flight.kept.desk.folder}: {error.message}")
    if error is not None:
        known = error.type in (ErrorKind.TIMED_OUT, ErrorKind.HOST_FAILED, ErrorKind.PROCESS_ENDED)
        return _failure(error.message if known else str(error), error.traceback)
    try:
        return read_report(flight.kept.desk, flight.run_id)
    except (OSError, ValueError) as fault:
        return _failure(f"its report cannot be read: {fault}")


def _failure(why: str, traceback: str = "") -> Report:
    return {"status": FAILED, "why": why, "traceback": traceback}


def _by_workspace(several: Iterable[Kept]) -> Mapping[Path, list[Kept]]:
    found: dict[Path, list[Kept]] = defaultdict(list)
    for kept in several:
        if (path := kept.section.workspace) is not None:
            for file in (path, path / WORKSPACE_FILE_NAME):
                found[file.resolve()].append(kept)
    return found


def _by_root(several: Iterable[Kept]) -> Mapping[Path, list[Kept]]:
    found: dict[Path, list[Kept]] = defaultdict(list)
    for kept in several:
        for root in kept.section.roots:
            found[root].append(kept)
    return found
