"""Brings a table from the layout it was made in to a wider one: columns and variants that it lacks become nulls. Reads no file."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from sinagotd.datakit.saving.layout import Column, Layout, keyed


def adapt(table: Any, source: Layout, target: Layout) -> Any:
    """The table with the columns of the target, which has at least what the source has."""
    if source == target:
        return table.cast(target.schema())  # Parquet has no times in whole seconds
    arrays: list[Any] = []
    for column, old in _pairs(source, target):
        arrays += _arrays(table, old, column)
    return pa.table(arrays, schema=target.schema())


def _pairs(source: Layout, target: Layout) -> Iterator[tuple[Column, Column | None]]:
    """Each column of the target with the one of the source that it comes from."""
    for olds, columns in ((source.index, target.index), (source.columns, target.columns)):
        known = dict(keyed(olds))
        for key, column in keyed(columns):
            yield column, known.get(key)


def _arrays(table: Any, old: Column | None, column: Column) -> Iterator[Any]:
    known = set() if old is None else {variant.kind for variant in old.variants}
    for variant in column.variants:
        for suffix, type_ in variant.types.items():
            if old is not None and variant.kind in known:
                yield table.column(old.physical(variant.kind, suffix))
            else:
                yield pa.nulls(table.num_rows, type_)
    if not column.variants:
        yield pa.nulls(table.num_rows)
