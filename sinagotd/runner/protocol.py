"""What any runner can do, and the events by which it reports. It decides nothing and publishes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sinagotd.scripts.orders import LogLine, Receipt, RunOrder


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A worker has begun this run; `at` is epoch seconds."""

    run_id: str
    host: str
    pid: int
    at: float


@dataclass(frozen=True, slots=True)
class RunSaid:
    """A script logged a line. For display: it may be lost or come late, the receipt holds all of them."""

    run_id: str
    line: LogLine


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run ended, and this is its receipt."""

    run_id: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class RunLost:
    """Nobody knows how this run ended: its worker, the scheduler or the connection died. Ask the receipt on disk."""

    run_id: str
    why: str


RunnerEvent = RunStarted | RunSaid | RunEnded | RunLost


class Runner(Protocol):
    """Runs orders somewhere else. Every submitted order is answered by exactly one RunEnded or RunLost.

    Events are posted from any thread. `window` is how many orders may be submitted and unanswered.
    """

    @property
    def window(self) -> int: ...

    def start(self) -> None:
        """Make ready to run; starting twice does nothing. Raises RunnerError with the reason if it cannot."""

    def submit(self, order: RunOrder, *, priority: int = 0) -> None:
        """Take one order; a higher priority goes first among those that wait for a worker."""

    def cancel(self, run_id: str) -> None:
        """Forget this order if it has not started; answered by RunLost."""

    def close(self) -> None:
        """Stop all workers and whatever they still run."""


Post = Callable[[RunnerEvent], None]
