"""The folder `.sinagotd/datasets` beside an output: what is remembered of its dataset, and where its builds report."""

import json
import shutil
from dataclasses import asdict, dataclass, fields
from glob import escape
from pathlib import Path
from typing import Any, Self

from sinagotd.atomic import write_atomically
from sinagotd.settings.datasets import DatasetSection
from sinagotd.settings.workspace import STATE_FOLDER

Report = dict[str, Any]
"""What a build or a check says of itself, as JSON: see `building`."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a dataset between two processes. Times are epoch seconds, None for never.

    `fault` says why the last build did not come to its end, `report` is of the last that did, `check` of the last check.
    """

    began_at: float | None = None
    failures: int = 0
    fault: str | None = None
    report: Report | None = None
    checked_at: float | None = None
    check: Report | None = None

    @classmethod
    def read(cls, file: Path) -> Self:
        """What the file says; nothing is known if it is not there, or is none of ours: then the dataset is built anew."""
        try:
            raw = json.loads(file.read_bytes())
            known = cls(**{each.name: raw[each.name] for each in fields(cls) if each.name in raw})
            return known if known._is_sound() else cls()
        except (OSError, ValueError, TypeError):
            return cls()

    def write(self, file: Path) -> None:
        write_atomically(file, json.dumps(asdict(self), indent=1).encode())

    def _is_sound(self) -> bool:
        times = all(time is None or isinstance(time, int | float) for time in (self.began_at, self.checked_at))
        reports = all(report is None or isinstance(report, dict) for report in (self.report, self.check))
        return times and reports and isinstance(self.failures, int)


@dataclass(frozen=True, slots=True)
class Desk:
    """Of one dataset."""

    name: str
    folder: Path

    @classmethod
    def of(cls, name: str, section: DatasetSection) -> Self:
        return cls(name, section.home_for(name) / STATE_FOLDER / "datasets")

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.json"

    def staging(self, run_id: str) -> Path:
        return self.folder / "staging" / run_id

    def make(self) -> None:
        """Make the folder, and the output's if that is missing. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> None:
        """Remove what builds of an earlier process of this daemon left."""
        for left in self.folder.glob(f"staging/{escape(self.name)}-*"):
            shutil.rmtree(left, ignore_errors=True)
