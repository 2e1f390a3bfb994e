"""A whole frame as one Arrow table with its layout, and back from such tables one after the other. Knows no file."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.saving.columns import decode, encode, is_typed, of_dtype, typed_values
from sinagotd.datakit.saving.dtypes import dtype_of, text_of
from sinagotd.datakit.saving.faults import FormatError
from sinagotd.datakit.saving.kinds import Kind
from sinagotd.datakit.saving.layout import Column, Labels, Layout, make_layout
from sinagotd.datakit.saving.tags import UnsavableError


def to_table(frame: pd.DataFrame) -> tuple[Any, Layout]:
    """The frame as a table, one row each, and the layout that says how to read it. Raises FormatError naming the column."""
    frame = frame.copy(deep=False)
    frame.attrs = {}  # pandas would copy them with every column
    levels = range(frame.index.nlevels)
    index = [_encode(_level_label(frame.index, level), frame.index.get_level_values(level)) for level in levels]
    bare = frame.set_axis(range(frame.shape[1]), axis=1).reset_index(
        drop=True
    )  # a MultiIndex would be copied per column
    columns = [_encode(label, values) for label, (_, values) in zip(frame.columns, bare.items(), strict=True)]
    layout = make_layout(
        [column for column, _ in index],
        [column for column, _ in columns],
        _row_labels(frame.index),
        _head_labels(frame.columns),
    )
    arrays: list[Any] = []
    for column, (_, by_kind) in zip(layout.all(), [*index, *columns], strict=True):
        arrays += [by_kind[variant.kind][suffix] for variant in column.variants for suffix in variant.types]
        arrays += [] if column.variants else [pa.nulls(len(frame))]
    return pa.table(arrays, schema=layout.schema()), layout


class Gathering:
    """A frame that grows by tables of one layout; holds the values once, plus what one table needs."""

    def __init__(self, layout: Layout, rows: int) -> None:
        self._layout = layout
        self._rows = rows
        self._at = 0
        self._chunks: dict[str, list[Any]] = {column.name: [] for column in layout.all()}
        self._cells = {column.name: np.empty(rows, dtype=object) for column in layout.all() if not is_typed(column)}

    def add(self, table: Any) -> None:
        """The next rows."""
        stop = self._at + table.num_rows
        for column in self._layout.all():
            if is_typed(column):
                self._chunks[column.name].append(_one(table.column(column.name)))
            else:
                self._cells[column.name][self._at : stop] = decode(column, arrays_of(column, table), table.num_rows)
        self._at = stop

    def frame(self) -> pd.DataFrame:
        """All rows added."""
        index = self._index()
        plain = pd.RangeIndex(len(index))
        values = map(self._values, self._layout.columns)
        columns = {
            place: pd.Series(held, index=plain, dtype=held.dtype, copy=False) for place, held in enumerate(values)
        }
        frame = pd.DataFrame(columns, index=plain, copy=False)
        frame.index, frame.columns = index, _heads(self._layout)
        return frame

    def _values(self, column: Column) -> Any:
        if is_typed(column):
            type_ = column.variants[0].types[""]
            return typed_values(column, pa.chunked_array(self._chunks.pop(column.name), type=type_))
        return of_dtype(column, self._cells.pop(column.name))

    def _index(self) -> Any:
        values = [pd.Index(held, dtype=held.dtype) for held in map(self._values, self._layout.index)]
        names = self._layout.rows.names
        if self._layout.rows.is_multi:
            return pd.MultiIndex.from_arrays(values, names=names)
        return values[0].rename(names[0])


def arrays_of(column: Column, table: Any) -> Mapping[Kind, dict[str, Any]]:
    """The arrays of a column of cells, by kind and suffix."""
    return {
        variant.kind: {suffix: _one(table.column(column.physical(variant.kind, suffix))) for suffix in variant.types}
        for variant in column.variants
    }


def _one(chunked: Any) -> Any:
    return (
        chunked.chunk(0)
        if chunked.num_chunks == 1
        else pa.concat_arrays(chunked.chunks)
        if chunked.num_chunks
        else chunked.combine_chunks()
    )


def _encode(label: Any, values: Any) -> Any:
    try:
        return encode(label, values)
    except UnsavableError as fault:
        raise FormatError(
            f"the column {label!r} holds {fault}: no format can save that; drop it, or make it numbers, text, times, lists or mappings"
        ) from None


def _level_label(index: Any, level: int) -> Any:
    name = index.names[level]
    return f"level_{level}" if name is None else name


def _row_labels(index: Any) -> Labels:
    return Labels(tuple(index.names), is_multi=isinstance(index, pd.MultiIndex))


def _head_labels(columns: Any) -> Labels:
    is_multi = isinstance(columns, pd.MultiIndex)
    levels: Iterable[Any] = columns.levels if is_multi else [columns]
    return Labels(tuple(columns.names), tuple(text_of(level.dtype) for level in levels), is_multi=is_multi)


def _heads(layout: Layout) -> Any:
    labels = [column.label for column in layout.columns]
    heads = layout.heads
    if not heads.is_multi:
        return pd.Index(labels, dtype=dtype_of(heads.dtypes[0]), name=heads.names[0], tupleize_cols=False)
    by_level = list(zip(*labels, strict=True)) or [()] * len(heads.names)
    arrays = [pd.Index(level, dtype=dtype_of(text)) for level, text in zip(by_level, heads.dtypes, strict=True)]
    return pd.MultiIndex.from_arrays(arrays, names=heads.names)
