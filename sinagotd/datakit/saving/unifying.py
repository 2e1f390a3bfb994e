"""Gives a column one type over all batches, as materializing all rows at once would have: whole numbers beside fractions become
fractions, and so on. The rule is `sinagotd.datakit.columns.column_of`; here it is asked with an example of each kind.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.columns import column_of
from sinagotd.datakit.promotion import blank
from sinagotd.datakit.saving.columns import TYPED, Encoded, decode, encode
from sinagotd.datakit.saving.dtypes import dtype_of
from sinagotd.datakit.saving.frames import arrays_of
from sinagotd.datakit.saving.layout import Column, Layout, Variant

LISTS = ("array", "extension")
SCALARS: dict[str, Any] = {"bool": True, "int": 1, "float": 1.5, "str": "text"}


def disputed(layout: Layout) -> tuple[Column, ...]:
    """The columns whose batches were of several kinds that have a type in common."""
    several = (column for column in layout.columns if len(column.variants) > 1)
    return tuple(column for column in several if all(example is not None for example in _examples(column)))


def unified(table: Any, layout: Layout, columns: tuple[Column, ...]) -> tuple[Any, Layout]:
    """The table with the given columns converted to the type that all their kinds have in common, and its new layout."""
    converted = {column.name: _converted(column, table) for column in columns}
    new = replace(
        layout,
        columns=tuple(
            converted[column.name].column if column.name in converted else column for column in layout.columns
        ),
    )
    arrays = [array for column in layout.all() for array in _arrays(column, table, converted.get(column.name))]
    return pa.table(arrays, schema=new.schema()), new


def _converted(column: Column, table: Any) -> Encoded:
    examples = _examples(column)
    cells = decode(column, arrays_of(column, table), table.num_rows)
    together = pd.Series(column_of([*examples, *cells]))[len(examples) :]
    encoded = encode(column.label, together)
    return encoded._replace(column=replace(encoded.column, name=column.name))


def _arrays(column: Column, table: Any, converted: Encoded | None) -> Iterator[Any]:
    if converted is None:
        yield from (table.column(field.name) for field in column.fields())
    elif not converted.column.variants:
        yield pa.nulls(table.num_rows)
    else:
        for variant in converted.column.variants:
            yield from (converted.arrays[variant.kind][suffix] for suffix in variant.types)


def _examples(column: Column) -> list[Any]:
    return [_example(variant) for variant in column.variants]


def _example(variant: Variant) -> Any:
    """A cell that stands for all of a kind; None for a kind that has no type in common with others."""
    form, detail = variant.kind
    if form in SCALARS:
        return SCALARS[form]
    if form in ("array", "extension", TYPED, "stamp"):
        values = _values(dtype_of(detail))
        return (values, values[:0], blank(1, values.dtype))[variant.quiet] if form in LISTS else values[0]
    if form == "grid":
        return np.ones((0, 0) if variant.quiet else (1, 1), dtype=detail)
    return pd.Categorical((["text"], [], [None])[variant.quiet]) if form == "categorical" else None


def _values(dtype: Any) -> Any:
    """One value of a dtype, as an array that is its own."""
    if isinstance(dtype, np.dtype):
        return np.ones(1, dtype="i8").astype(dtype)
    if isinstance(dtype, pd.StringDtype):
        return pd.array(["text"], dtype=dtype)
    return pd.array([pd.Timestamp(0, tz="UTC")] if isinstance(dtype, pd.DatetimeTZDtype) else [1], dtype=dtype)
