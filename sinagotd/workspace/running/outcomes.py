"""Puts together how the steps of a call of `run()` came out, and says of those that did not run why. It decides nothing."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sinagotd.core.keys import StepKey
from sinagotd.core.reasons import Reason
from sinagotd.core.states import Outcome, State
from sinagotd.core.steps import StepSpec
from sinagotd.engine.record_log import RecordLine
from sinagotd.manifest.rows import Standing
from sinagotd.scripts.orders import RunError
from sinagotd.workspace.running.result import StepRun
from sinagotd.workspace.running.speaking import NOT_AVAILABLE, MissingOf, not_available
from sinagotd.workspace.scripts import told_fault

Names = tuple[str, str | None, str | None, str]
"""Record, task, modality, label."""

FOR_WANT_OF_INPUT = (Reason.INPUT_MISSING.name, Reason.UPSTREAM_NOT_CURRENT.name)


class Ran(NamedTuple):
    """How a run ended; times are epoch seconds."""

    outcome: Outcome
    started_at: float
    ended_at: float
    error: RunError | None


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that were asked for: of these records, in this order."""

    records: Sequence[str]
    specs: Sequence[StepSpec]

    def __iter__(self) -> Iterator[StepKey]:
        return (StepKey(record, spec.step) for record in self.records for spec in self.specs)


def why_no_records(steps: Steps) -> str:
    """A sentence for each script that cannot be used, where there are no records that would show it; "" if all is well."""
    faults = (fault for spec in steps.specs if (fault := told_fault(spec)))
    return "" if steps.records else "; ".join(dict.fromkeys(faults))


def outcomes(steps: Steps, ran: Mapping[StepKey, Ran], standings: Mapping[StepKey, Standing]) -> Iterator[StepRun]:
    """One for every step. `standings` has all of them, also those of records that are not there."""
    specs = {spec.step: spec for spec in steps.specs}
    for key in steps:
        spec, now = specs[key.step], standings[key]
        names = (key.record, spec.task, spec.modality, spec.label)
        yield _of_run(names, ran[key], now) if key in ran else _without_a_run(names, now)


def _without_a_run(names: Names, now: Standing) -> StepRun:
    code, why = now.state.code, now.sentence
    if now.reason == Reason.INPUT_MISSING.name:
        is_made = now.state is State.CURRENT
        code, why = (code, f"its outputs are there, {why}") if is_made else (NOT_AVAILABLE, why)
    return StepRun(*names, code, now.state.value, why)


def _of_run(names: Names, ran: Ran, now: Standing) -> StepRun:
    code = State.CURRENT.code if ran.outcome is Outcome.SUCCEEDED else State.FAILED.code
    why = "" if ran.outcome is Outcome.SUCCEEDED else str(ran.error or now.sentence)
    seconds = ran.ended_at - ran.started_at if ran.started_at else None
    return StepRun(*names, code, ran.outcome.value, why, ran.started_at or None, seconds, ran.error)


def lines_of_the_others(
    steps: Iterable[StepKey], ran: Mapping[StepKey, Ran], standings: Mapping[StepKey, Standing], missing_of: MissingOf
) -> Iterator[RecordLine]:
    """What Sinagot says of steps that did not run. It is not written down: logs would grow by doing nothing."""
    at = time.time()
    for key in steps:
        if key not in ran:
            message, code = _said(key, standings[key], missing_of)
            yield RecordLine(key.record, key.step, 0, "Init run", at, {})
            yield RecordLine(key.record, key.step, code, message, at, {})


def _said(key: StepKey, now: Standing, missing_of: MissingOf) -> tuple[str, int]:
    if now.state is State.CURRENT:
        return "Run already processed", now.state.code
    missing = missing_of(key) if now.reason in FOR_WANT_OF_INPUT else []
    return (not_available(missing), NOT_AVAILABLE) if missing else (now.sentence, now.state.code)
