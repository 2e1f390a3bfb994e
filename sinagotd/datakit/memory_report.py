"""The report of `profile_materialized`: figures in bytes, and how they read as text and JSON. Weighs nothing."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SHOWN_CELLS = 20
SHOWN_COLUMNS = 10


@dataclass(frozen=True, slots=True)
class ColumnMemory:
    """A column of the frame. For a column of objects the total is a pointer per row and the weight of the cells."""

    column: str
    source: str
    feature: str
    dtype: str
    n_total: int
    n_non_null: int
    n_null: int
    pandas_deep_bytes: int
    pointer_array_bytes: int
    object_payload_bytes: int
    estimated_total_bytes: int
    avg_non_null_cell_bytes: float
    max_non_null_cell_bytes: int
    value_type_counts: dict[str, int]
    nested_dataframe_inner_bytes: dict[str, int]
    nested_dict_key_bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class CellMemory:
    """One cell: its row as dotted text, its column, what it is, and how much of it no cell before it shares."""

    row: str
    column: str
    source: str
    feature: str
    value_type: str
    estimated_bytes: int


@dataclass(frozen=True, slots=True)
class MaterializedMemoryReport:
    """A whole frame; columns in the frame's order, cells from the largest down."""

    source_path: str | None
    shape: tuple[int, int]
    index_names: tuple[Any, ...]
    column_levels: tuple[str, ...]
    index_bytes: int
    columns_index_bytes: int
    pandas_deep_total_bytes: int
    estimated_total_bytes: int
    columns: list[ColumnMemory]
    by_source_bytes: dict[str, int]
    by_source_feature_bytes: dict[str, int]
    largest_cells: list[CellMemory]

    def summary(self) -> str:
        """A few lines: size, shape, sources from the largest down."""
        rows, columns = self.shape
        head = [
            f"{self.source_path or 'frame'}: {rows:,} rows x {columns:,} columns",
            f"in memory: {megabytes(self.estimated_total_bytes)} (pandas says {megabytes(self.pandas_deep_total_bytes)})",
            f"index: {megabytes(self.index_bytes)}, column labels: {megabytes(self.columns_index_bytes)}",
        ]
        return "\n".join([*head, "by source:", *_ranked(self.by_source_bytes)])

    def verbose(self, *, top_n_cells: int = SHOWN_CELLS) -> str:
        """The summary, then columns, keys of nested cells and single cells, from the largest down."""
        largest = sorted(self.columns, key=lambda column: -column.estimated_total_bytes)[:SHOWN_COLUMNS]
        lines = [self.summary(), "columns:"]
        for column in largest:
            lines.append(
                f"  {megabytes(column.estimated_total_bytes):>12}  {column.column} ({column.dtype}, {_types(column)})"
            )
            lines += _ranked(column.nested_dict_key_bytes | column.nested_dataframe_inner_bytes, indent="    ")[
                :SHOWN_COLUMNS
            ]
        lines.append("cells:")
        lines += [
            f"  {megabytes(cell.estimated_bytes):>12}  {cell.column} of {cell.row} ({cell.value_type})"
            for cell in self.largest_cells[:top_n_cells]
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """All figures, JSON-able."""
        read: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return read

    def to_json(self, path: str | Path, *, indent: int = 2) -> Path:
        """Write all figures; parents are made. Returns the resolved path. Raises OSError."""
        place = Path(path).expanduser().resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(self.to_dict(), indent=indent) + "\n", encoding="utf-8")
        return place


def megabytes(count: float) -> str:
    """A number of bytes for people, in powers of ten as disks are sold."""
    for unit in ("B", "kB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} MB"


def _ranked(by_name: dict[str, int], indent: str = "  ") -> list[str]:
    ranked = sorted(by_name.items(), key=lambda pair: -pair[1])
    return [f"{indent}{megabytes(count):>12}  {name}" for name, count in ranked]


def _types(column: ColumnMemory) -> str:
    return (
        ", ".join(f"{count} {name}" for name, count in column.value_type_counts.items())
        or f"{column.n_non_null} values"
    )
