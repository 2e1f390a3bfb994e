"""Reads the records' own logs, `LOG/<id>.log` below the data folder: old ones, rotated ones, damaged and foreign lines.

Format: specs of sinagot 0.2.5 §11, one JSON object per line; what cannot be read as such a line is passed over.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from sinagotd.core.keys import step_name

FIELDS = (
    "log_from", "record_id", "scope", "task", "modality", "step_label", "step_status", "message", "time",
)  # fmt: skip
ZONE = "time_zone"
UTC_NAME = "UTC"
DECODER = json.JSONDecoder()


class LogLine(NamedTuple):
    """One line: its number over all files of the record, the oldest first, from 0, and what it says."""

    number: int
    says: dict[str, Any]


def has_log(data_path: Path, record: str) -> bool:
    return any(map(os.path.lexists, _files(data_path, record)))


def read_log(data_path: Path, record: str, **scope: str | None) -> list[LogLine]:
    """Every line that can be read, the oldest first, as it stands in the file; `scope` is what it must say, None for all."""
    texts = enumerate(chain.from_iterable(map(_texts, _files(data_path, record))))
    lines = [LogLine(number, says) for number, text in texts if (says := _says(text)) is not None]
    for name, value in scope.items():
        lines = lines if value is None else [line for line in lines if line.says.get(name) == value]
    return lines


class LastWord(NamedTuple):
    """What a log says last of the status of a step; `at` is epoch seconds, 0 if it cannot be read."""

    status: int
    message: str
    at: float


def last_words(data_path: Path, record: str) -> dict[str, LastWord]:
    """By step, as in a step key, what the record's log says last that has a status."""
    last: dict[tuple[Any, ...], dict[str, Any]] = {}
    for _, says in read_log(data_path, record):
        task, modality, label = (says.get(name) for name in ("task", "modality", "step_label"))
        texts = isinstance(label, str) and isinstance(task, str | None) and isinstance(modality, str | None)
        if texts and isinstance(says.get("step_status"), int):
            last[task, modality, label] = says
    return {step_name(label, task, modality): _word(says) for (task, modality, label), says in last.items()}


def _word(says: dict[str, Any]) -> LastWord:
    return LastWord(says["step_status"], str(says.get("message")), _epoch(says["time"]))


def _epoch(time: str) -> float:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _files(data_path: Path, record: str) -> list[str]:
    """Where this record's log lies, the oldest first, though it may be gone; `.log.1` is the youngest of the old files.

    They are probed one by one: to list the folder for each of many records would be quadratic.
    """
    newest = f"{data_path}/LOG/{record}.log"
    older = takewhile(os.path.lexists, (f"{newest}.{number}" for number in count(1)))
    return [newest, *older][::-1]


def _texts(path: str) -> Iterator[str]:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            yield from map(str.strip, file)
    except OSError:
        return  # rotated away meanwhile, or not for this user: the other files still tell


def _says(text: str) -> dict[str, Any] | None:
    try:
        says, end = DECODER.raw_decode(text)  # `json.loads` takes half as long again
    except (ValueError, RecursionError):
        return None
    is_line = end == len(text) and isinstance(says, dict) and isinstance(says.get("time"), str)
    return says if is_line else None
