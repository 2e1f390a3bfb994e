"""Says how steps stand: one manifest row, one log line and one line in the record's own log per change of state."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from structlog.typing import FilteringBoundLogger

from sinagotd.core.keys import StepKey
from sinagotd.core.planner import Decision
from sinagotd.core.reasons import Reason
from sinagotd.core.states import State
from sinagotd.engine.record_log import RecordLine, RecordLog
from sinagotd.manifest.rows import Standing
from sinagotd.scripts.orders import LogLine, Receipt

SAID = {State.QUEUED: ("Init run", 0), State.RUNNING: ("Processing run", 20), State.CURRENT: ("Run finished", 30)}
"""What Sinagot's users watch for in a record's log (its specs §10), with its status codes."""

IN_FLIGHT = (State.QUEUED, State.RUNNING)
FAILURES = (State.FAILED, State.QUARANTINED)
ALARMS = {State.FAILED: "warning", State.QUARANTINED: "error", State.HELD: "warning"}


def standing(decision: Decision, since: float) -> Standing:
    return Standing(decision.state, decision.reason.name, decision.sentence, since, decision.until)


def changes(
    decisions: Mapping[StepKey, Decision], before: Mapping[StepKey, Standing], *, at: float
) -> dict[StepKey, Standing]:
    """The standings that differ from what was last said; `since` stays while the state and the reason stay."""
    changed = {}
    for key, decision in decisions.items():
        was = before.get(key)
        if was is None or (was.state, was.reason) != (decision.state, decision.reason.name):
            if was is None or not _same_flight(was, decision):
                changed[key] = standing(decision, at)
        elif was.sentence != decision.sentence or was.until != decision.until:
            changed[key] = standing(decision, was.since)
    return changed


def _same_flight(was: Standing, decision: Decision) -> bool:
    """While a run is in flight its line keeps the reason why it was claimed."""
    return was.state is decision.state and decision.reason in (Reason.QUEUED, Reason.RUNNING)


class Note(NamedTuple):
    """One line that was told, for the manifest's story; `at` is epoch seconds."""

    at: float
    key: StepKey
    event: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes what changed to the structured log and to the records' own logs, and notes it for the manifest."""

    log: FilteringBoundLogger
    record_log: RecordLog
    notes: list[Note] = field(default_factory=list)
    lines: list[RecordLine] = field(default_factory=list)
    tracebacks: dict[StepKey, str] = field(default_factory=dict)
    unfinished: dict[StepKey, str] = field(default_factory=dict)

    def take_notes(self) -> list[Note]:
        notes = self.notes[:]
        self.notes.clear()
        return notes

    def tell(self, changed: Mapping[StepKey, Standing], before: Mapping[StepKey, Standing]) -> None:
        """One line per change of state; a new reason for the same state is remembered, not told.

        With that the records' own logs are brought up to date: each is opened once in a turn.
        """
        told = {
            key: now for key, now in changed.items() if (was := before.get(key)) is None or was.state is not now.state
        }
        ran = {key for key in told if (was := before.get(key)) is not None and was.state in IN_FLIGHT}
        for key, now in told.items():
            level = ALARMS.get(now.state, "info")
            why = "its run finished" if key in ran and now.state is State.CURRENT else now.sentence
            detail = {"reason": now.reason, "why": why} | self._traceback("exception", key, now)
            self._say(level, Note(now.since, key, now.state.value, detail))
        self.lines.extend(
            _line(key, now, self._message(key, now, ran), self._traceback("exc_info", key, now))
            for key, now in told.items()
            if now.state is not State.STALE or key in self.unfinished
        )
        self._write()
        for key in told:
            self.tracebacks.pop(key, None)
            self.unfinished.pop(key, None)

    def _message(self, key: StepKey, now: Standing, ran: Container[StepKey]) -> str:
        if now.state is State.CURRENT and key not in ran:
            return "Run already processed"
        if now.state is State.STALE:
            return self.unfinished[key]
        return SAID[now.state][0] if now.state in SAID else now.sentence

    def _traceback(self, name: str, key: StepKey, now: Standing) -> dict[str, str]:
        """The traceback of the run that just failed, under the name that each log has for it."""
        return {name: self.tracebacks[key]} if now.state in FAILURES and key in self.tracebacks else {}

    def tell_line(self, key: StepKey, run_id: str, line: LogLine) -> None:
        """A script's own message."""
        self._say("info", Note(line.time, key, "script", {"run": run_id, "severity": line.level, "says": line.message}))
        extra = {"level": line.level.lower(), "run": run_id}
        self.lines.append(RecordLine(key.record, key.step, State.RUNNING.code, line.message, line.time, extra))

    def tell_start(self, key: StepKey, run_id: str, at: float) -> None:
        """A worker has begun a run."""
        self._say("info", Note(at, key, State.RUNNING.value, {"run": run_id}))
        message, status = SAID[State.RUNNING]
        self.lines.append(RecordLine(key.record, key.step, status, message, at, {"level": "info", "run": run_id}))

    def tell_end(self, key: StepKey, receipt: Receipt, at: float, *, begun: bool) -> None:
        """A run that ended without a verdict on the step: tainted, abandoned or cancelled.

        The record's own log, where it last was running, says so if the step is left as it was.
        """
        detail = {"run": receipt.run_id, "why": str(receipt.error or "")}
        self._say("warning", Note(at, key, receipt.outcome.value, detail))
        if begun:
            self.unfinished[key] = without_verdict(receipt.outcome, detail["why"])

    def tell_request(self, verb: str, keys: Iterable[StepKey], at: float) -> None:
        """A person asked for something, and these steps were changed."""
        for key in keys:
            self._say("info", Note(at, key, verb, {"why": "someone asked for it"}))

    def _say(self, level: str, note: Note) -> None:
        getattr(self.log, level)(note.event, record=note.key.record, step=note.key.step, **note.detail)
        self.notes.append(note)

    def _write(self) -> None:
        lines = self.lines[:]
        self.lines.clear()
        try:
            self.record_log.write(lines)
        except OSError as fault:
            self.log.warning("record_log_failed", folder=str(self.record_log.folder), why=str(fault))


def without_verdict(outcome: str, why: str) -> str:
    """What is said of a run that tells nothing of its step; `why` begins with the kind of error."""
    return f"Run {outcome}: {why.partition(': ')[2] or why}"


def _line(key: StepKey, now: Standing, message: str, more: Mapping[str, str]) -> RecordLine:
    status = SAID[now.state][1] if now.state in SAID else now.state.code
    extra = {"level": ALARMS.get(now.state, "info"), "state": now.state.value, "why": now.sentence, **more}
    return RecordLine(key.record, key.step, status, message, now.since, extra)
