"""The folder `.sinagotd/datasets` beside an output: what is remembered of its dataset, and where its builds report."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from glob import escape
from pathlib import Path
from typing import Self

from sinagotd.atomic import write_atomically
from sinagotd.daemon.datasets.jobs import BUSY, FAILED, WRONG, Errand, Report
from sinagotd.settings.datasets import DatasetSection
from sinagotd.settings.workspace import STATE_FOLDER


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a dataset between two processes. Times are epoch seconds, None for never.

    `fault` says why the last build did not come to its end, `report` is of the last that did, which began at `succeeded_at`;
    `check` is of the last check. `counts` says how often what came of builds and checks, by the words of their reports.
    """

    began_at: float | None = None
    failures: int = 0
    fault: str | None = None
    report: Report | None = None
    succeeded_at: float | None = None
    checked_at: float | None = None
    check: Report | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

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

    def after(self, errand: Errand, report: Report, began_at: float) -> Self:
        """What is known when that came of it. A check that did not come to its end says nothing of the dataset."""
        status = report["status"]
        is_over = status not in (FAILED, BUSY)
        word = f"check {status}" if errand is Errand.CHECK and not is_over else status
        known = replace(self, counts={**self.counts, word: self.counts.get(word, 0) + 1})
        if errand is Errand.CHECK:
            return replace(known, checked_at=began_at, check=report if is_over else self.check)
        if is_over:
            return replace(known, began_at=began_at, succeeded_at=began_at, failures=0, fault=None, report=report)
        fault = report["why"] if status == FAILED else self.fault
        return replace(known, began_at=began_at, failures=self.failures + 1, fault=fault)

    @property
    def is_wrong(self) -> bool:
        """Whether the last check found cells that are not what their files say."""
        return self.check is not None and self.check.get("status") == WRONG

    def _is_sound(self) -> bool:
        times = (self.began_at, self.succeeded_at, self.checked_at)
        are_times = all(time is None or isinstance(time, int | float) for time in times)
        are_reports = all(report is None or isinstance(report, dict) for report in (self.report, self.check))
        are_counts = isinstance(self.counts, dict) and all(isinstance(count, int) for count in self.counts.values())
        return are_times and are_reports and are_counts and isinstance(self.failures, int)


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
