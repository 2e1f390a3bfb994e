"""What an engine is given by whoever runs it."""

from collections.abc import Callable
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from sinagotd.core.facts import Stamp
from sinagotd.engine.clock import Clock
from sinagotd.engine.loading import Ask
from sinagotd.scripts.orders import RunOrder
from sinagotd.settings.ownership import Trust


@dataclass(frozen=True, slots=True)
class Tools:
    """`submit` takes an order and a priority; `hash_later` is answered by the engine's `hashed`.

    Without `adopts` no output is taken for current unless a run of it is remembered: a manifest that was just repaired
    has forgotten too much.
    """

    clock: Clock
    log: FilteringBoundLogger
    submit: Callable[[RunOrder, int], None]
    ask: Ask
    hash_later: Callable[[str, Stamp], None]
    trust: Trust | None = None
    adopts: bool = True
