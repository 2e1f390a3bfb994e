"""Opens one workspace: all that it holds is taken in the order of this file, and given back in reverse."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from structlog.typing import FilteringBoundLogger

from sinagotd.core.facts import Digest, Stamp
from sinagotd.daemon import control, events
from sinagotd.daemon.site import Site
from sinagotd.daemon.vitals import Vitals
from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.calling import DAEMON
from sinagotd.engine.clock import SystemClock
from sinagotd.engine.engine import Engine
from sinagotd.engine.gathering import NO_STAMP
from sinagotd.engine.tools import Tools
from sinagotd.errors import WorkspaceError
from sinagotd.manifest.lock import Lock
from sinagotd.manifest.opening import Opened, open_manifest
from sinagotd.manifest.signpost import put_up, refuse_other_owner
from sinagotd.runner.protocol import Runner
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.pool import HashPool, Moved
from sinagotd.scripts.orders import RunOrder
from sinagotd.settings.daemon import DaemonSettings
from sinagotd.settings.ownership import Trust, refuse_untrusted
from sinagotd.settings.toml_file import WORKSPACE_FILE_NAME, config_file
from sinagotd.settings.workspace import STATE_FOLDER, WorkspaceSettings, load_workspace


@dataclass(frozen=True, slots=True)
class Shared:
    """What all workspaces of a service have in common."""

    settings: DaemonSettings
    inbox: events.Inbox
    runner: Runner
    vitals: Vitals
    log: FilteringBoundLogger


class Opener:
    """Opens the workspace of one settings file or folder, as often as need be. `name` is what it is called."""

    def __init__(self, path: Path, shared: Shared) -> None:
        self.name = _name(path)
        self._path = path
        self._shared = shared
        self._log = shared.log.bind(workspace=Path(self.name).name)
        self._was_open = False

    @contextmanager
    def __call__(self) -> Iterator[Site]:
        """The workspace, at work while this lasts; with the settings as the file says now.

        Raises ConfigError for these, WorkspaceError without a data folder, ManifestError for the manifest, among them
        LockedError if another process owns it, and OSError.
        """
        shared, settings = self._shared, load_workspace(self._path)
        _refuse_unusable(settings, shared.settings.trust)
        state_path = shared.settings.state_path_for(settings)
        with ExitStack() as stack:
            stack.enter_context(Lock.acquire(state_path, command=DAEMON, at=time.time()))
            refuse_other_owner(settings.data_path / STATE_FOLDER, state_path)
            opened = open_manifest(state_path, at=time.time())
            stack.callback(opened.manifest.close)
            self._tell(opened, settings)
            (settings.data_path / STATE_FOLDER).mkdir(exist_ok=True)
            put_up(settings.data_path / STATE_FOLDER, state_path, shared.settings.config_path)
            report = partial(_report, shared.inbox, self.name)
            pool = HashPool(settings.data_path, report, sample_above=settings.watch.sample_above)
            stack.callback(pool.close)
            sweeper = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="sweep"))
            tools = Tools(
                clock=SystemClock(),
                log=self._log,
                submit=partial(_submit, shared.runner),
                ask=stack.enter_context(step_host_asked(settings.scripts_path)),
                hash_later=lambda path, _: pool.submit(path),
                trust=shared.settings.trust,
                # a manifest that was repaired, or found wanting while in use here, has forgotten what made an output
                adopts=not (opened.repaired or self._was_open),
                aside=sweeper.submit,
            )
            site = Site(self.name, Engine(settings, opened.manifest, tools), shared.inbox, self._log)
            stack.callback(site.stop)
            site.start()
            ask, group = partial(_ask, shared.inbox, self.name), shared.settings.control.group
            ping = stack.enter_context(control.listening(state_path, ask, group=group))
            stack.enter_context(shared.vitals.watching(f"the control socket of {self.name}", ping))
            self._was_open = True
            yield site

    def _tell(self, opened: Opened, settings: WorkspaceSettings) -> None:
        if opened.repaired:
            self._log.error("manifest_repaired", why=opened.repaired)
        for warning in settings.warnings:
            self._log.warning("settings", why=warning)


def _name(path: Path) -> str:
    """The folder of a workspace, or its settings file if that has a name of its own."""
    file = config_file(path)
    return str(file.parent if file.name == WORKSPACE_FILE_NAME else file)


def _refuse_unusable(settings: WorkspaceSettings, trust: Trust) -> None:
    """Whoever may write the settings decides what runs here; a single script is judged when it is read."""
    refuse_untrusted((settings.config_path, settings.scripts_path), trust)
    if not settings.data_path.is_dir():
        raise WorkspaceError(f"{settings.data_path}: there is no such folder: make it, mount it, or set path.dataset")


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
