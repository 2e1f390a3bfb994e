"""What files a dataset has: by source, by subject. Opens none of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sinagotd.datakit.reports.coverage import Matrix, coverage_matrix, matrix_rows, percent
from sinagotd.datakit.reports.report import Report
from sinagotd.datakit.reports.sections import Section

IN_MEMORY = ("<in-memory>",)
MOST_SUBJECTS = 12
"""More do not fit into a table; the picture has them all."""


@dataclass(frozen=True, slots=True)
class TagSummary:
    """The files of one source, the share of rows that have one in per cent, and their suffixes."""

    tag: str
    file_count: int
    coverage_pct: float
    extensions: list[str]


@dataclass(frozen=True, slots=True)
class DatasetInventoryReport(Report):
    """What was found; `n_total_files` counts a file once, however many sources claim it."""

    counted: ClassVar[str] = "rows with a file"

    roots: tuple[str, ...]
    n_subjects: int
    n_sessions: int
    n_tasks: int
    has_task_level: bool
    subjects: list[str]
    sessions: list[str]
    tasks: list[str]
    tags: list[TagSummary]
    n_total_files: int
    n_rows: int
    n_problems: int
    coverage_matrix: Matrix

    def sections(self) -> list[Section]:
        """The tables it is shown as."""
        counts = [
            ("rows", self.n_rows),
            ("subjects", self.n_subjects),
            ("sessions", self.n_sessions),
            ("tasks", self.n_tasks),
        ]
        facts = [*counts, ("files", self.n_total_files), ("problems", self.n_problems)]
        tags = [
            [tag.tag, f"{tag.file_count:,}", f"{tag.coverage_pct} %", " ".join(tag.extensions)] for tag in self.tags
        ]
        shown = [
            Section(", ".join(self.roots), (), [[name, f"{count:,}"] for name, count in facts]),
            Section("sources", ("source", "files", "rows", "suffixes"), tags),
        ]
        if 0 < self.n_subjects <= MOST_SUBJECTS:
            shown.append(Section(f"{self.counted}, by subject", *matrix_rows(self.coverage_matrix)))
        return shown


def inventory_report(dataset: Any) -> DatasetInventoryReport:
    """The report of a Dataset (which asks for it itself in a notebook); its own sources are told."""
    inventory = dataset.inventory
    chosen = inventory.reindex(columns=list(dict.fromkeys(dataset.sources)))
    present = chosen.notna()
    tags = [_summary(tag, chosen[tag].dropna().astype(str).tolist(), len(chosen)) for tag in chosen.columns]
    files = {str(path) for tag in chosen.columns for path in chosen[tag].dropna()}
    return DatasetInventoryReport(
        roots=tuple(map(str, dataset.roots)) or IN_MEMORY,
        n_subjects=len(dataset.subjects),
        n_sessions=len(dataset.sessions),
        n_tasks=len(dataset.tasks),
        has_task_level=dataset.has_task_level,
        subjects=[str(subject) for subject in dataset.subjects],
        sessions=[str(session) for session in dataset.sessions],
        tasks=[str(task) for task in dataset.tasks],
        tags=tags,
        n_total_files=len(files),
        n_rows=len(chosen),
        n_problems=len(dataset.problems),
        coverage_matrix=coverage_matrix(present),
    )


def _summary(tag: str, paths: list[str], rows: int) -> TagSummary:
    suffixes = sorted({"".join(Path(path).suffixes[-1:]) for path in paths})
    return TagSummary(tag, len(paths), percent(100 * len(paths) / rows if rows else 0), suffixes)
