"""The engine that `run()` works with: the one of the daemon, on this process's own terms. It decides nothing itself."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from sinagotd.core.facts import Digest, Stamp
from sinagotd.core.keys import StepKey
from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.clock import SystemClock
from sinagotd.engine.engine import Engine
from sinagotd.engine.tools import Tools
from sinagotd.manifest.opening import open_manifest
from sinagotd.manifest.signpost import put_up, refuse_other_owner, signpost
from sinagotd.runner.protocol import Runner, RunnerEvent
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.pool import HashPool, Moved
from sinagotd.scripts.orders import RunOrder
from sinagotd.settings.workspace import STATE_FOLDER
from sinagotd.workspace.opened import Opened
from sinagotd.workspace.running.speaking import SpokenLog

PRIORITY_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Hashed:
    """A large file was fingerprinted aside; None when it moved or could not be read."""

    path: str
    stamp: Stamp | None
    digest: Digest | None


News = SimpleQueue[RunnerEvent | Hashed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what an engine works: where its orders go and its news come from, what it may claim, and who says so."""

    runner: Runner
    news: News
    wants: Callable[[StepKey], bool]
    log: SpokenLog
    debug: bool
    ignores_missing: bool


@contextmanager
def engine_on(opened: Opened, terms: Terms) -> Iterator[Engine]:
    """An engine that has taken over what was in flight; whoever calls holds the lock of the state folder.

    Raises ConfigError for a pipeline that does not fit together, LockedError and ManifestError for the manifest.
    """
    settings, ours = opened.settings, opened.settings.data_path / STATE_FOLDER
    with ExitStack() as stack:
        refuse_other_owner(ours, opened.state_path)
        manifest, repaired = open_manifest(opened.state_path, at=time.time())
        stack.callback(manifest.close)
        log = aloud()
        if repaired:
            log.error("manifest_repaired", why=repaired)
        ours.mkdir(exist_ok=True)
        if signpost(ours) is None:
            put_up(ours, opened.state_path, None)
        aside = stack.enter_context(ThreadPoolExecutor(1, "sinagotd-aside"))
        pool = HashPool(settings.data_path, _report_to(terms.news), sample_above=settings.watch.sample_above)
        stack.callback(pool.close)
        tools = Tools(
            clock=SystemClock(),
            log=log,
            submit=_submit_to(terms),
            ask=stack.enter_context(step_host_asked(settings.scripts_path)),
            hash_later=lambda path, _: pool.submit(path),
            trust=opened.trust,
            adopts=not repaired,
            policy=lambda _: replace(opened.policy, ignore_missing=terms.ignores_missing),
            wants=terms.wants,
            newest_first=False,
            record_log=lambda _: terms.log,
            aside=aside.submit,
        )
        engine = Engine(settings, manifest, tools)
        engine.begin()
        yield engine


def _submit_to(terms: Terms) -> Callable[[RunOrder, int], None]:
    def submit(order: RunOrder, arrival: int) -> None:
        terms.runner.submit(replace(order, debug=terms.debug), priority=arrival // PRIORITY_NS)

    return submit


def _report_to(news: News) -> Callable[[str, Stamp | None, Digest | Unreadable | Moved], None]:
    def report(path: str, stamp: Stamp | None, result: Digest | Unreadable | Moved) -> None:
        news.put(Hashed(path, stamp, result if isinstance(result, bytes) else None))

    return report


def aloud() -> FilteringBoundLogger:
    """A log of which errors alone are heard, on stderr; what happens to steps is told on stdout and by the result."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[_sentence],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    return log


def _sentence(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    if "record" in event:
        raise structlog.DropEvent
    told = "; ".join(str(event[name]) for name in ("why", "then") if name in event)
    return f"sinagotd: {event['event']}: {told}"
