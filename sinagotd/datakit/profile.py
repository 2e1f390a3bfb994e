"""What a materialized frame costs in memory, by column, source, feature, key and cell. Prints nothing; reads a saved file if asked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sinagotd.datakit.memory import Weighing
from sinagotd.datakit.memory_report import CellMemory, ColumnMemory, MaterializedMemoryReport
from sinagotd.datakit.saving.tags import values_of

DOTS = "."
POINTER_BYTES = 8


def profile_materialized(
    target: pd.DataFrame | str | Path, *, top_n_cells: int = 20, source_path: str | Path | None = None, **options: Any
) -> MaterializedMemoryReport:
    """Weigh a frame, or a saved one of any format; `options` as in `load_dataset`. Right to 10 % of what is really allocated.

    What several cells share is counted once, at the first. Raises FileNotFoundError, TypeError for another target, and what
    `load_dataset` raises.
    """
    if isinstance(target, str | Path):
        from sinagotd.datakit.saving.reading import load_saved  # noqa: PLC0415  pyarrow and h5py only when something is read

        source_path, target = target, load_saved(target, **options)
    if not isinstance(target, pd.DataFrame):
        raise TypeError(f"profile_materialized() wants a frame or the path of a saved one, not {type(target).__name__}")
    return _profile(target, top_n_cells, None if source_path is None else str(source_path))


def _profile(frame: pd.DataFrame, top_n_cells: int, source_path: str | None) -> MaterializedMemoryReport:
    weighing = Weighing()
    index_bytes, heads_bytes = weighing.weigh(frame.index), weighing.weigh(frame.columns)
    rows = [dotted(key) for key in frame.index]
    bare = frame.set_axis(range(frame.shape[1]), axis=1).reset_index(drop=True)
    columns, cells = [], []
    for label, (_, values) in zip(frame.columns, bare.items(), strict=True):
        column, weights = _column(label, values, weighing)
        columns.append(column)
        cells += [_cell(rows[place], column, values.iloc[place], weight) for place, weight in weights]
        cells = sorted(cells, key=lambda cell: -cell.estimated_bytes)[:top_n_cells]
    return MaterializedMemoryReport(
        source_path=source_path,
        shape=frame.shape,
        index_names=tuple(frame.index.names),
        column_levels=_levels(frame.columns),
        index_bytes=index_bytes,
        columns_index_bytes=heads_bytes,
        pandas_deep_total_bytes=int(frame.memory_usage(deep=True).sum()),
        estimated_total_bytes=index_bytes + heads_bytes + sum(column.estimated_total_bytes for column in columns),
        columns=columns,
        by_source_bytes=_summed((column.source, column.estimated_total_bytes) for column in columns),
        by_source_feature_bytes=_summed((column.column, column.estimated_total_bytes) for column in columns),
        largest_cells=cells,
    )


def dotted(label: Any) -> str:
    """A label of several levels as text, with dots between."""
    return DOTS.join(map(str, label)) if isinstance(label, tuple) else str(label)


def _column(label: Any, values: Any, weighing: Weighing) -> tuple[ColumnMemory, list[tuple[int, int]]]:
    """What a column costs, and the weight of each cell that is there, by place."""
    is_object, there = values.dtype == object, values.notna().tolist()
    cells = [(place, cell) for place, cell in enumerate(values) if there[place]] if is_object else []
    weights = [(place, weighing.weigh(cell)) for place, cell in cells]
    deep, payload = int(values.memory_usage(index=False, deep=True)), sum(weight for _, weight in weights)
    pointers = len(values) * POINTER_BYTES if is_object else 0
    source, feature = _parts(label)
    return ColumnMemory(
        column=dotted(label),
        source=source,
        feature=feature,
        dtype=str(values.dtype),
        n_total=len(values),
        n_non_null=sum(there),
        n_null=len(values) - sum(there),
        pandas_deep_bytes=deep,
        pointer_array_bytes=pointers,
        object_payload_bytes=payload,
        estimated_total_bytes=pointers + payload if is_object else deep,
        avg_non_null_cell_bytes=payload / len(weights) if weights else 0.0,
        max_non_null_cell_bytes=max((weight for _, weight in weights), default=0),
        value_type_counts=dict(Counter(type(cell).__name__ for _, cell in cells)),
        nested_dataframe_inner_bytes=_summed(pair for _, cell in cells for pair in _inner(cell)),
        nested_dict_key_bytes=_summed(pair for _, cell in cells for pair in _keys(cell)),
    ), weights


def _inner(cell: Any) -> Iterator[tuple[str, int]]:
    """The columns of a table in a cell, and its index."""
    if isinstance(cell, pd.DataFrame):
        yield "<index>", Weighing().weigh(cell.index)
        for place, name in enumerate(cell.columns):
            yield dotted(name), Weighing().weigh(values_of(cell.iloc[:, place]))


def _keys(cell: Any, above: str = "") -> Iterator[tuple[str, int]]:
    """The keys of a mapping in a cell, dotted where they are nested."""
    if isinstance(cell, Mapping):
        for key, value in cell.items():
            name = f"{above}{key}"
            yield name, Weighing().weigh(value)
            yield from _keys(value, f"{name}{DOTS}")


def _cell(row: str, column: ColumnMemory, value: Any, weight: int) -> CellMemory:
    return CellMemory(row, column.column, column.source, column.feature, type(value).__name__, weight)


def _parts(label: Any) -> tuple[str, str]:
    """The source and the feature that a label is of; a flat one is both."""
    if not isinstance(label, tuple):
        return str(label), str(label)
    return str(label[0]), dotted(label[1:])


def _levels(columns: pd.Index) -> tuple[str, ...]:
    if not isinstance(columns, pd.MultiIndex):
        return ("columns",)
    return tuple(f"level_{level}" if name is None else str(name) for level, name in enumerate(columns.names))


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, count in pairs:
        sums[name] = sums.get(name, 0) + count
    return sums
