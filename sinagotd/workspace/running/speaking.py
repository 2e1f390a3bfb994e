"""Says on standard output what happens to steps, line by line as Sinagot did, while the same goes to the records' logs.

Format: specs of sinagot 0.2.5 §11, with its no-break space.
"""

import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.engine.record_log import RecordLine, RecordLog
from sinagotd.scripts.orders import Receipt

NO_BREAK_SPACE = "\u00a0"
NOT_AVAILABLE = 41
IN_FLIGHT = (State.QUEUED.value, State.RUNNING.value)

LEVELS = logging.getLevelNamesMapping()

MissingOf = Callable[[StepKey], list[Path]]
"""The inputs of a step that are not there."""


def sinagot_line(line: RecordLine) -> str:
    """`REC-1 | 2020-08-20 11:19:11,530 |(no-break space)RS-EEG-alpha : Init run`, in local time."""
    moment = datetime.fromtimestamp(line.time)  # noqa: DTZ006 - a person reads it, here
    stamp = f"{str(moment)[:19]},{moment.microsecond // 1000:03d}"
    return f"{line.record} | {stamp} |{NO_BREAK_SPACE}{line.step.replace('/', '-')} : {line.message}"


def not_available(missing: Iterable[Path]) -> str:
    """Sinagot's sentence, two spaces and all."""
    return f"Input data  {list(missing)!r} not available"


class Speaker:
    """Prints to the `sys.stdout` of the moment what is as important as `level`, a name of Python's logging.

    Handlers that people have added to the logger of this name hear the same, with the fields of a log line.
    """

    def __init__(self, name: str, level: str) -> None:
        self._name = name
        self._level = LEVELS[level]

    def say(self, lines: Iterable[RecordLine]) -> None:
        told = [line for line in lines if self._level <= _importance(line)]
        if told:
            sys.stdout.write("".join([f"{sinagot_line(line)}\n" for line in told]))
            sys.stdout.flush()
        for handler in logging.getLogger(self._name).handlers:
            for line in told:
                if handler.level <= _importance(line):
                    handler.handle(self._as_record(line))

    def repeat(self, receipt: Receipt) -> None:
        """Print what a script printed in a process of its own; in this one it has done so itself."""
        sys.stdout.write(receipt.stdout)
        sys.stderr.write(receipt.stderr)

    def _as_record(self, line: RecordLine) -> logging.LogRecord:
        record = logging.LogRecord(self._name, _importance(line), "", 0, line.message, (), None)
        record.created, record.msecs = line.time, line.time % 1 * 1000
        vars(record).update({name: value for name, value in line.entry().items() if name not in ("message", "time")})
        return record


def _importance(line: RecordLine) -> int:
    """A failure is an error, whether it is tried again or not."""
    if line.status == State.FAILED.code:
        return logging.ERROR
    level = line.extra.get("level", "info")
    return logging.INFO if level == "info" else LEVELS.get(str(level).upper(), logging.INFO)


class SpokenLog(RecordLog):
    """The records' logs, of which the lines about steps in flight are said aloud.

    Failures are told in the words of their exceptions, missing inputs as in Sinagot.
    """

    def __init__(self, data_path: Path, speaker: Speaker, missing_of: MissingOf, version: str) -> None:
        super().__init__(data_path, version)
        self.errors: dict[StepKey, str] = {}
        self._speaker = speaker
        self._missing_of = missing_of
        self._in_flight: set[StepKey] = set()

    def write(self, lines: Iterable[RecordLine]) -> None:
        worded = [self._worded(line) for line in lines]
        self._speaker.say([line for line in worded if self._is_in_flight(line)])
        super().write(worded)

    def _worded(self, line: RecordLine) -> RecordLine:
        key = StepKey(line.record, line.step)
        if line.status == State.FAILED.code and key in self.errors:
            return replace(line, message=self.errors[key])
        if line.extra.get("state") == State.WAITING.value and (missing := self._missing_of(key)):
            return replace(line, status=NOT_AVAILABLE, message=not_available(missing))
        return line

    def _is_in_flight(self, line: RecordLine) -> bool:
        """Whether it is about a run: from "Init run" to the verdict, both included."""
        key, state = StepKey(line.record, line.step), line.extra.get("state")
        if state == State.QUEUED.value:
            self._in_flight.add(key)
        was_in_flight = key in self._in_flight
        if state is not None and state not in IN_FLIGHT:
            self._in_flight.discard(key)
        return was_in_flight
