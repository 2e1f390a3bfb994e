"""What `run()` gives back: how each step ended that was asked for. Values only."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sinagotd.errors import ScriptError
from sinagotd.scripts.orders import RunError
from sinagotd.workspace.frames import frame

if TYPE_CHECKING:
    import pandas as pd

SUCCEEDED, CURRENT = "succeeded", "current"
FAILURES = frozenset({"failed", "timed_out", "tainted", "abandoned", "cancelled", "quarantined"})
SHOWN_FAILURES = 10


class StepRun(NamedTuple):
    """How one step of one record came out of a call of `run()`.

    `outcome` says how its run ended (succeeded, failed, timed_out, tainted, abandoned, cancelled), or why there was none
    (current, waiting, blocked, held; stale, when the whole call was cut short). `step_status` is Sinagot's code, `why` a
    sentence, `started` epoch seconds, None where nothing ran.
    """

    record_id: str
    task: str | None
    modality: str | None
    step_label: str
    step_status: int
    outcome: str
    why: str = ""
    started: float | None = None
    seconds: float | None = None
    error: RunError | None = None

    @property
    def name(self) -> str:
        return "/".join(part for part in (self.record_id, self.task, self.modality, self.step_label) if part)


class RunFailedError(ScriptError):
    """Steps failed; `runs` are theirs."""

    def __init__(self, runs: tuple[StepRun, ...]) -> None:
        shown = [f"{run.name}: {run.why}" for run in runs[:SHOWN_FAILURES]]
        more = [f"and {len(runs) - SHOWN_FAILURES} more"] if len(runs) > SHOWN_FAILURES else []
        super().__init__("\n".join([f"{len(runs)} of the steps failed:", *shown, *more]))
        self.runs = runs


@dataclass(frozen=True, slots=True)
class RunResult:
    """Every step that was asked for, by record and in the order of the steps; true if nothing failed.

    `stopped` says why the call came to no end, "" if it did.
    """

    runs: tuple[StepRun, ...] = ()
    stopped: str = ""

    def __bool__(self) -> bool:
        return not (self.failures or self.stopped)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items()) or "nothing to do"
        return f"<RunResult {counts}{'; ' if self.stopped else ''}{self.stopped}>"

    @property
    def counts(self) -> Counter[str]:
        """How many steps came out how."""
        return Counter(run.outcome for run in self.runs)

    @property
    def failures(self) -> tuple[StepRun, ...]:
        return tuple(run for run in self.runs if run.outcome in FAILURES)

    def raise_for_failures(self) -> None:
        """Raise RunFailedError, which tells each error, unless nothing failed."""
        if self.failures:
            raise RunFailedError(self.failures)
        if self.stopped:
            raise ScriptError(self.stopped)

    def frame(self) -> "pd.DataFrame":
        """One row per step: the fields of StepRun, `started` as a time in UTC, `error` its type, and `traceback`."""
        made = frame((*StepRun._fields, "traceback"), [_row(run) for run in self.runs])
        return made.astype({"step_status": "int64", "started": "datetime64[us, UTC]", "seconds": "float64"})


def _row(run: StepRun) -> tuple[object, ...]:
    started = None if run.started is None else datetime.fromtimestamp(run.started, UTC)
    kind, traceback = (run.error.type, run.error.traceback) if run.error else (None, None)
    return (*(run._asdict() | {"started": started, "error": kind}).values(), traceback)
