"""What a materialized frame holds: sources, features, types, how much is there. Weighs it, and changes nothing."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from sinagotd.datakit.memory import Weighing
from sinagotd.datakit.reports.coverage import Matrix, coverage_matrix, hierarchy, matrix_rows, percent
from sinagotd.datakit.reports.report import Report
from sinagotd.datakit.reports.sections import Section

MEGABYTE = 1_000_000
MOST_SUBJECTS = 12
SHOWN_KEYS = 6


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column: its source (None in a flat frame), its feature, its dtype, and what its cells look like."""

    source: str | None
    feature: str
    dtype: str
    detail: str


@dataclass(frozen=True, slots=True)
class MaterializedReport(Report):
    """What is in a frame; `hierarchy` has only the combinations of index values that are there."""

    counted: ClassVar[str] = "rows with a value"

    shape: tuple[int, int]
    index_names: tuple[Any, ...]
    index_counts: dict[str, int]
    n_sources: int
    n_features: int
    memory_mb: float
    sources: list[str]
    source_features: dict[str, list[str]]
    columns: list[ColumnInfo]
    coverage: dict[str, float]
    coverage_matrix: Matrix
    hierarchy: dict[str, Any]
    version: str | None

    def sections(self) -> list[Section]:
        """The tables it is shown as."""
        rows, columns = self.shape
        facts = [["rows", f"{rows:,}"], ["columns", f"{columns:,}"], ["sources", f"{self.n_sources:,}"]]
        facts += [[name, f"{count:,}"] for name, count in self.index_counts.items()]
        facts += [["memory", f"{self.memory_mb:,.1f} MB"], ["built with", self.version or "unknown"]]
        told = [[column.source or "", column.feature, column.dtype, column.detail] for column in self.columns]
        shown = [
            Section("dataset", (), facts),
            Section(
                "rows with a value", ("source", "rows"), [[name, f"{share} %"] for name, share in self.coverage.items()]
            ),
            Section("columns", ("source", "feature", "dtype", "cells"), told),
        ]
        subjects = next(iter(self.index_counts.values()), 0)
        if self.sources and 0 < subjects <= MOST_SUBJECTS:
            shown.append(Section(f"{self.counted}, by subject", *matrix_rows(self.coverage_matrix)))
        return shown


def materialized_report(frame: pd.DataFrame) -> MaterializedReport:
    """The report of a frame, with columns of two levels or flat."""
    is_flat = not isinstance(frame.columns, pd.MultiIndex)
    bare = frame.set_axis(range(frame.shape[1]), axis=1)
    columns = [
        _info(label, values, is_flat=is_flat) for label, (_, values) in zip(frame.columns, bare.items(), strict=True)
    ]
    names = [column.feature if is_flat else str(column.source) for column in columns]
    present = bare.notna().set_axis(names, axis=1).T.groupby(level=0, sort=False).any().T
    built = frame.attrs.get("datakit")
    return MaterializedReport(
        shape=frame.shape,
        index_names=tuple(frame.index.names),
        index_counts=_counts(frame.index),
        n_sources=0 if is_flat else len(set(names)),
        n_features=len({column.feature for column in columns}),
        memory_mb=Weighing().weigh(frame) / MEGABYTE,
        sources=[] if is_flat else list(dict.fromkeys(names)),
        source_features={} if is_flat else _features(columns),
        columns=columns,
        coverage={str(name): percent(100 * share) for name, share in present.mean().items()}
        if len(frame)
        else dict.fromkeys(names, 0.0),
        coverage_matrix=coverage_matrix(present),
        hierarchy=hierarchy(frame.index),
        version=built.get("version") if isinstance(built, dict) else None,
    )


def _info(label: Any, values: Any, *, is_flat: bool) -> ColumnInfo:
    source, feature = (None, label) if is_flat else (str(label[0]), ".".join(map(str, label[1:])))
    present = values[values.notna().to_numpy()]
    if values.dtype != object:
        detail = "" if len(present) else "all missing"
    elif not len(present):
        detail = "all missing"
    else:
        first, last = _detail(present.iloc[0]), _detail(present.iloc[-1])
        detail = first if first == last else f"{first} (varies: {last})"
    return ColumnInfo(source, str(feature), str(values.dtype), detail)


def _detail(cell: Any) -> str:
    """What a cell looks like: `ndarray float64 (200,)`, `dict(2) [a, b]`, or the name of its type."""
    name = type(cell).__name__
    if isinstance(cell, dict):
        keys = [str(key) for key in cell]
        return f"dict({len(cell)}) [{', '.join(keys[:SHOWN_KEYS])}{', …' if len(keys) > SHOWN_KEYS else ''}]"
    if hasattr(cell, "dtype") and hasattr(cell, "shape"):
        return f"{name} {cell.dtype} {cell.shape}"
    return f"{name}({len(cell)})" if isinstance(cell, list | tuple) else name


def _counts(index: Any) -> dict[str, int]:
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    names = (f"level_{place}" if name is None else str(name) for place, name in enumerate(index.names))
    return {name: int(level.nunique()) for name, level in zip(names, levels, strict=True)}


def _features(columns: list[ColumnInfo]) -> dict[str, list[str]]:
    features: dict[str, list[str]] = {}
    for column in columns:
        features.setdefault(str(column.source), []).append(column.feature)
    return features
