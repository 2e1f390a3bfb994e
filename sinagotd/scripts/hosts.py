"""What every host of scripts can do, and how it answers. The two hosts are `step_host` and `inline_host`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sinagotd.core.states import Outcome
from sinagotd.scripts.declared import Declaration
from sinagotd.scripts.faults import outcome_of
from sinagotd.scripts.logs import OnLine
from sinagotd.scripts.orders import RunError, RunOrder

DECLARE_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReply:
    """How the script itself ended; whether its outputs are there is not looked at yet. Memory is the peak, in bytes."""

    error: RunError | None = None
    pid: int = 0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    stdout: str = ""
    stderr: str = ""

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.error)


class Host(Protocol):
    """Runs the scripts of orders, one at a time."""

    def ready(self, memory_bytes: int | None = None) -> int:
        """Make ready to run, and tell the pid in which the next order, with this limit, will run. Raises ScriptError."""

    def call(self, order: RunOrder, *, on_line: OnLine) -> HostReply:
        """Carry out one order, whatever its script does; `on_line` is given every log line, in this thread."""

    def declare(self, script: str, scripts_path: Path, *, timeout_s: float = DECLARE_TIMEOUT_S) -> Declaration:
        """Import a script and tell what it declares. Raises ScriptError with a sentence if it cannot be."""

    def close(self) -> None:
        """End what still runs; the next call would start anew."""
