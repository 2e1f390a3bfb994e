"""From settings to a turning loop and back: everything is entered in the order of this file and left in reverse."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from structlog.typing import FilteringBoundLogger

from sinagotd.core.facts import Digest, Stamp
from sinagotd.core.states import State
from sinagotd.daemon import control, events
from sinagotd.daemon.logs import libraries_logged
from sinagotd.daemon.loop import Loop, Parts
from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.reloading import Reloader
from sinagotd.daemon.signals import signals_to
from sinagotd.daemon.site import Site
from sinagotd.daemon.timers import ticking
from sinagotd.daemon.upkeep import Upkeep
from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.clock import SystemClock
from sinagotd.engine.engine import Engine
from sinagotd.engine.gathering import NO_STAMP
from sinagotd.engine.tools import Tools
from sinagotd.errors import ConfigError
from sinagotd.manifest.lock import Lock
from sinagotd.manifest.opening import open_manifest
from sinagotd.runner.protocol import Runner
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.pool import HashPool, Moved
from sinagotd.scripts.orders import RunOrder
from sinagotd.settings.daemon import DaemonSettings
from sinagotd.settings.ownership import Trust, writable_by_others
from sinagotd.settings.workspace import STATE_FOLDER, WorkspaceSettings


@dataclass(frozen=True, slots=True)
class Service:
    """What to run: the service's settings, its workspaces, and whether in this process and once only."""

    settings: DaemonSettings
    workspaces: Sequence[WorkspaceSettings]
    inline: bool = False
    once: bool = False


def serve(service: Service, log: FilteringBoundLogger) -> Counter[State]:
    """Run until asked to stop (or, once, until nothing is left); returns how many steps stand how in the end.

    Raises LockedError if another process owns a workspace, ConfigError for a pipeline, ManifestError, RunnerError.
    """
    with started(service, log) as loop:
        loop.run(once=service.once)
        loop.drain(service.settings.drain)
        return loop.counts()


@contextmanager
def started(service: Service, log: FilteringBoundLogger) -> Iterator[Loop]:
    """Everything that a turning loop needs, up and ready: systemd is told, signals go to the inbox."""
    inbox = events.Inbox()
    sites: dict[str, Site] = {}
    with ExitStack() as stack:
        stack.enter_context(libraries_logged(log))
        notifier = Notifier()
        stack.callback(notifier.close)
        stack.enter_context(signals_to(inbox))
        runner = _runner(service, inbox)
        stack.callback(runner.close)
        for settings in service.workspaces:
            site = stack.enter_context(_site(service, settings, inbox, runner, log))
            sites[site.name] = site
        if not service.once:
            runner.start()
        for site in sites.values():
            site.start()
            stack.callback(site.stop)
        stack.enter_context(ticking(inbox, _timers(service.settings, sites)))
        reloader = Reloader(sites, notifier)
        upkeep = Upkeep(service.settings, sites)
        log.info("ready", workspaces=sorted(sites), pid=os.getpid())
        notifier.ready()
        yield Loop(Parts(inbox, sites, runner, notifier, log, reloader.reload, upkeep.run))
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


@contextmanager
def _site(
    service: Service, settings: WorkspaceSettings, inbox: events.Inbox, runner: Runner, log: FilteringBoundLogger
) -> Iterator[Site]:
    """Lock, manifest, engine, control socket of one workspace."""
    name = str(settings.config_path.parent)
    log = log.bind(workspace=settings.config_path.parent.name)
    state_path = service.settings.state_path_for(settings)
    now = time.time()
    if not settings.data_path.is_dir():
        raise ConfigError(f"{settings.data_path}: there is no such folder: make it, mount it, or set path.dataset")
    _refuse_untrusted(settings, service.settings.trust)
    with ExitStack() as stack:
        stack.enter_context(Lock.acquire(state_path, command="sinagotd run", at=now))
        opened = open_manifest(state_path, at=now)
        stack.callback(opened.manifest.close)
        if opened.repaired:
            log.error("manifest_repaired", why=opened.repaired)
        for warning in settings.warnings:
            log.warning("settings", why=warning)
        (settings.data_path / STATE_FOLDER).mkdir(exist_ok=True)
        pool = HashPool(settings.data_path, partial(_report, inbox, name), sample_above=settings.watch.sample_above)
        stack.callback(pool.close)
        tools = Tools(
            clock=SystemClock(),
            log=log,
            submit=partial(_submit, runner),
            ask=stack.enter_context(step_host_asked(settings.scripts_path)),
            hash_later=lambda path, _: pool.submit(path),
            trust=service.settings.trust,
            adopts=not opened.repaired,
        )
        site = Site(name, Engine(settings, opened.manifest, tools), inbox, log)
        group = service.settings.control.group
        stack.enter_context(control.listening(state_path, partial(_ask, inbox, name), group=group))
        yield site


def _refuse_untrusted(settings: WorkspaceSettings, trust: Trust) -> None:
    """Whoever may write the settings decides what runs here; a single script is judged when it is read."""
    places = (settings.config_path, settings.scripts_path)
    faults = [fault for place in places if (fault := writable_by_others(place, trust))]
    if faults:
        raise ConfigError(*faults, "or name those users and groups under [trust] in sinagotd.toml")


def _submit(runner: Runner, order: RunOrder, arrival: int) -> None:
    runner.submit(order, priority=arrival // 1_000_000_000)


def _report(
    inbox: events.Inbox, name: str, path: str, stamp: Stamp | None, result: Digest | Unreadable | Moved
) -> None:
    digest = result if isinstance(result, bytes) else None
    inbox.put(events.Hashed(name, path, stamp or NO_STAMP, digest))


def _ask(
    inbox: events.Inbox, name: str, verb: str, arguments: dict[str, Any], answer: Callable[[dict[str, Any]], None]
) -> None:
    inbox.put(events.Requested(name, verb, arguments, answer))


def _timers(settings: DaemonSettings, sites: dict[str, Site]) -> dict[events.Event, float]:
    timers: dict[events.Event, float] = {
        events.WalkDue(name): settings.scan_interval_for(site.settings) for name, site in sites.items()
    }
    canaries = [settings.canary_interval_for(site.settings) for site in sites.values()]
    timers[events.WatchCheckDue()] = min(canaries, default=settings.intervals.canary)
    if settings.intervals.backup is not None:
        timers[events.UpkeepDue()] = settings.intervals.backup
    return timers
