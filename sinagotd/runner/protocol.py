"""What any runner can do, and the events by which it reports. It decides nothing and publishes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sinagotd.scripts.orders import LogLine, Receipt, RunOrder


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A worker has begun this run; `at` is epoch seconds. Like RunSaid it may be lost, and never follows the answer."""

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

    @property
    def trouble(self) -> str:
        """Why no order can run at the moment, in a sentence; empty if all is well."""

    def wake(self) -> None:
        """Begin to make ready, without waiting for it; what fails is tried again, and `trouble` says why."""

    def start(self) -> None:
        """Make ready to run; starting twice does nothing. Raises RunnerError with the reason if it cannot."""

    def submit(self, order: RunOrder, *, priority: int = 0) -> None:
        """Take one order, without waiting for anything but the run itself where there is no cluster.

        A higher priority goes first among those that wait, but for those few that a worker holds ready already.
        Raises RunnerError for a run that was submitted and is not answered yet, and after `close`.
        """

    def cancel(self, run_id: str) -> None:
        """Forget this order if it has not started; answered by RunLost."""

    def ping(self, answer: Callable[[], None]) -> None:
        """Have the thread that orders are handed on by call this; never, if it hangs or is gone."""

    def close(self) -> None:
        """Answer whatever is open with RunLost, and stop the workers that this runner started with all they run."""


Post = Callable[[RunnerEvent], None]
