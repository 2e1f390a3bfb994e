"""The record's own log, `LOG/<id>.log` below the data folder: Sinagot's nine keys, one JSON object per line, rotated.

Format: specs of sinagot 0.2.5 §11; keys of our own come after `time`. Sizes and number of old files as in its 0.2.6.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sinagotd.engine.staging import require
from sinagotd.settings.workspace import DEFAULT_VERSION

ROTATE_AT_BYTES = 512 * 1024
KEPT_FILES = 5


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One line; `status` is Sinagot's code, `time` epoch seconds, `extra` what we add."""

    record: str
    step: str
    status: int
    message: str
    time: float
    extra: dict[str, Any]

    def entry(self) -> dict[str, Any]:
        """The keys of the line, in their order."""
        *unit, label = self.step.split("/")
        task, modality = unit or (None, None)
        moment = datetime.fromtimestamp(self.time, UTC).replace(tzinfo=None)
        return {
            "log_from": "script",
            "record_id": self.record,
            "scope": "record",
            "task": task,
            "modality": modality,
            "step_label": label,
            "step_status": self.status,
            "message": self.message,
            "time": moment.isoformat(timespec="microseconds"),
            "time_zone": "UTC",
            **self.extra,
        }


class RecordLog:
    """Appends to the logs of a workspace's records; one writer at a time. Every line ends with the workspace's version."""

    def __init__(self, data_path: Path, version: str = DEFAULT_VERSION) -> None:
        self.folder = data_path / "LOG"
        self._version = version

    def write(self, lines: Iterable[RecordLine]) -> None:
        """Append these lines, each record's file opened once; raises OSError when a file cannot be written."""
        by_record: dict[str, list[str]] = {}
        for line in lines:
            says = line.entry() | {"workspace_version": self._version}
            by_record.setdefault(line.record, []).append(json.dumps(says) + "\n")
        if by_record and not self.folder.exists():
            require(self.folder.parent)
            self.folder.mkdir(exist_ok=True)
        for record, texts in by_record.items():
            _append(f"{self.folder}/{record}.log", "".join(texts))


def _append(path: str, text: str) -> None:
    with open(path, "ab") as file:  # noqa: PTH123 - a Path for each of many takes as long as the rest
        file.write(text.encode())
        full = file.tell() >= ROTATE_AT_BYTES
    if full:
        _rotate(Path(path))


def _rotate(path: Path) -> None:
    for number in range(KEPT_FILES - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            os.replace(older, path.with_name(f"{path.name}.{number + 1}"))  # noqa: PTH105 - beside the next line
    path.replace(path.with_name(f"{path.name}.1"))
