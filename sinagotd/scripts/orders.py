"""What travels to a worker and back: the order for one run, and its receipt. Both are plain JSON."""

import json
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Self

from sinagotd.core.states import Outcome

RECEIPT_NAME = "result.json"


@dataclass(frozen=True, slots=True)
class RunOrder:
    """Everything a worker needs for one run. Paths in `inputs` and `outputs` are relative to the data folder.

    A script that declares a single path has one entry under the label "". `code` is the hex digest that the
    script must have when the worker reads it; times are in seconds, memory in bytes.
    """

    run_id: str
    record: str
    step: str
    label: str
    task: str | None
    modality: str | None
    script: str
    scripts_path: str
    code: str
    data_path: str
    staging: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    control: dict[str, str] = field(default_factory=dict)
    opts: dict[str, Any] = field(default_factory=dict)
    debug: bool = False
    timeout_s: float | None = None
    memory_bytes: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return _fields(self)

    def to_json(self) -> str:
        return json.dumps(self.as_dict())


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed: the exception's type and text, and the traceback from the script's own frames on."""

    type: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@dataclass(frozen=True, slots=True)
class LogLine:
    """One message of a script's logger; `seq` counts from 0 within the run, `time` is epoch seconds."""

    seq: int
    time: float
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a run ended, written as `result.json` into its staging folder, after the outputs and their fsync.

    `outputs` maps each declared output (relative to the data folder) to its hex digest. `stdout` and `stderr`
    are tails. Times are epoch seconds, memory is the peak of the run's processes in bytes.
    """

    run_id: str
    outcome: Outcome
    outputs: dict[str, str] = field(default_factory=dict)
    started_at: float = 0.0
    ended_at: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    host: str = ""
    pid: int = 0
    error: RunError | None = None
    stdout: str = ""
    stderr: str = ""
    lines: tuple[LogLine, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        error = None if self.error is None else _fields(self.error)
        return json.dumps(_fields(self) | {"error": error, "lines": [_fields(line) for line in self.lines]})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a receipt back; raises ValueError when the text is not one: a script can write anything in its place."""
        try:
            raw = json.loads(text)
            error = raw.pop("error")
            lines = raw.pop("lines")
            outcome = Outcome(raw.pop("outcome"))
            receipt = cls(
                **raw,
                outcome=outcome,
                error=RunError(**error) if error else None,
                lines=tuple(LogLine(**line) for line in lines),
            )
            receipt._check_kinds()
        except (KeyError, TypeError, AttributeError, RecursionError) as fault:
            message = f"not a receipt: {fault!r}"
            raise ValueError(message) from fault
        return receipt

    def _check_kinds(self) -> None:
        """Raise TypeError for a value that is no text or number where one belongs, or that no column can hold."""
        texts = [
            self.run_id,
            self.host,
            self.stdout,
            self.stderr,
            *chain(*self.outputs.items(), *self.versions.items()),
        ]
        numbers = [self.started_at, self.ended_at, self.cpu_s, self.peak_memory_bytes, self.pid]
        for line in self.lines:
            texts += line.level, line.message
            numbers += line.seq, line.time
        if self.error is not None:
            texts += self.error.type, self.error.message, self.error.traceback
        if not (all(isinstance(text, str) for text in texts) and all(map(_is_number, numbers))):
            raise TypeError("a value of another kind")


def _fields(value: RunOrder | RunError | LogLine | Receipt) -> dict[str, Any]:
    """The fields as they are: `asdict` copies them deeply, which takes longer than all else about an order."""
    return {name: getattr(value, name) for name in value.__slots__}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < 1 << 63
