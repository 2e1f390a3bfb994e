"""From settings to a turning loop and back: everything is entered in the order of this file and left in reverse."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from sinagotd.core.states import State
from sinagotd.daemon import events
from sinagotd.daemon.datasets.keeping import Datasets
from sinagotd.daemon.logs import libraries_logged
from sinagotd.daemon.loop import Loop, Parts
from sinagotd.daemon.metrics import MetricsFile
from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.opening import Opener, Shared
from sinagotd.daemon.signals import signals_to
from sinagotd.daemon.sites import Sites
from sinagotd.daemon.timers import Timers
from sinagotd.daemon.upkeep import look_after
from sinagotd.daemon.vitals import Vitals
from sinagotd.runner.protocol import Runner
from sinagotd.settings.daemon import DaemonSettings

OPENS_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Service:
    """What to run: the service's settings, the settings files or folders of its workspaces, and how.

    That is: in this process, and once only.
    """

    settings: DaemonSettings
    workspaces: Sequence[Path]
    inline: bool = False
    once: bool = False


def serve(service: Service, log: FilteringBoundLogger) -> Counter[State]:
    """Run until asked to stop (or, once, until nothing is left); returns how many steps stand how in the end.

    A dataset that could not be built counts as a step that failed.

    A workspace that cannot be opened, or goes wrong later, is waited for while the others go on. Raises what is wrong
    with it (SinagotError, OSError) when it is to run once, and when no workspace has anything that waiting could mend.
    """
    with started(service, log) as loop:
        loop.run(once=service.once)
        loop.drain(service.settings.drain)
        counts = loop.counts()
        counts[State.FAILED] += len(loop.datasets.failing) if loop.datasets is not None else 0
        return counts


@contextmanager
def started(service: Service, log: FilteringBoundLogger) -> Iterator[Loop]:
    """Everything that a turning loop needs, up and ready: systemd is told, signals go to the inbox."""
    inbox = events.Inbox()
    with ExitStack() as stack:
        stack.enter_context(libraries_logged(log))
        vitals = Vitals(log)
        notifier = Notifier(vitals)
        stack.callback(notifier.close)
        stack.enter_context(signals_to(inbox))
        runner = _runner(service, inbox)
        stack.callback(runner.close)
        stack.enter_context(vitals.watching("the cluster", runner.ping))
        openers = [Opener(path, Shared(service.settings, inbox, runner, vitals, log)) for path in service.workspaces]
        sites = Sites({each.name: each for each in openers}, inbox, runner, log, patient=not service.once)
        stack.callback(sites.close)
        notifier.starting("opening the workspaces", OPENS_WITHIN_S * len(openers))
        sites.begin()
        datasets = Datasets(service.settings, inbox, runner, log, once=service.once)
        stack.callback(datasets.stop)
        datasets.start()
        timers = Timers(partial(_intervals, service.settings, sites))
        log.info("ready", workspaces=sorted(site.name for site in sites), pid=os.getpid())
        notifier.ready()
        if not service.once:
            runner.wake()  # after all else: it takes seconds, and until it is there runs only queue up
        upkeep = partial(look_after, service.settings)
        file = service.settings.metrics.file
        metrics = None if file is None else MetricsFile(file, log)
        yield Loop(Parts(inbox, sites, runner, notifier, log, upkeep, timers, datasets, metrics))
        log.info("stopping")


def _runner(service: Service, inbox: events.Inbox) -> Runner:
    if service.inline:
        from sinagotd.runner.inline import InlineRunner  # noqa: PLC0415 - the other way costs a second of imports

        return InlineRunner(inbox.put)
    from sinagotd.runner.access import Tls  # noqa: PLC0415 - as above
    from sinagotd.runner.dask_runner import DaskRunner  # noqa: PLC0415 - as above

    cluster = service.settings.cluster
    files = [str(file) for file in (cluster.tls_ca, cluster.tls_cert, cluster.tls_key) if file is not None]
    tls = Tls(*files) if files else None
    return DaskRunner(
        inbox.put,
        workers=cluster.workers,
        address=cluster.address,
        window=cluster.window,
        dashboard=cluster.dashboard or "",
        tls=tls,
    )


def _intervals(settings: DaemonSettings, sites: Sites) -> dict[events.Event, float]:
    intervals: dict[events.Event, float] = {
        events.WalkDue(site.name): settings.scan_interval_for(site.settings) for site in sites
    }
    canaries = [settings.canary_interval_for(site.settings) for site in sites]
    intervals[events.WatchCheckDue()] = min(canaries, default=settings.intervals.canary)
    intervals[events.RootsDue()] = settings.intervals.scan
    if settings.intervals.backup is not None:
        intervals[events.UpkeepDue()] = settings.intervals.backup
    if settings.metrics.file is not None:
        intervals[events.MetricsDue()] = settings.metrics.every
    return intervals
