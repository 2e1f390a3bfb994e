"""What an engine is given by whoever runs it."""

from collections.abc import Callable
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from sinagotd.core.facts import Stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.planner import Policy
from sinagotd.engine.clock import Clock
from sinagotd.engine.loading import Ask
from sinagotd.engine.record_log import RecordLog
from sinagotd.scripts.orders import RunOrder
from sinagotd.settings.ownership import Trust
from sinagotd.settings.workspace import WorkspaceSettings


@dataclass(frozen=True, slots=True)
class Tools:
    """`submit` takes an order and a priority; `hash_later` is answered by the engine's `hashed`.

    `aside` sees to it that something is done, at once or on another thread: a disk may keep whoever does it waiting.

    Without `adopts` no output is taken for current unless a run of it is remembered: a manifest that was just repaired
    has forgotten too much. `policy` may change what the workspace's settings say; of what is to be run, only that is
    claimed which `wants` takes, the newest arrivals first or record by record.
    """

    clock: Clock
    log: FilteringBoundLogger
    submit: Callable[[RunOrder, int], None]
    ask: Ask
    hash_later: Callable[[str, Stamp], None]
    trust: Trust | None = None
    adopts: bool = True
    policy: Callable[[Policy], Policy] = lambda policy: policy
    wants: Callable[[StepKey], bool] = lambda _: True
    newest_first: bool = True
    record_log: Callable[[WorkspaceSettings], RecordLog] = lambda settings: RecordLog(
        settings.data_path, settings.version
    )
    aside: Callable[[Callable[[], None]], object] = lambda act: act()
