"""Gives a feature one type over all rows: a column of scalars, or arrays of one type; it loads nothing."""

from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from sinagotd.datakit.arrays import Cell, is_missing, text_type, texts
from sinagotd.datakit.promotion import alike

_INT64 = np.iinfo(np.int64)
_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((pd.Timedelta, np.timedelta64), "duration"),  # before whole numbers, which numpy's are as well
    ((bool, np.bool_), "bool"),
    ((int, np.integer), "int"),
    ((float, np.floating), "float"),
    ((str,), "text"),
    ((np.datetime64,), "time"),
)


def column_of(cells: Sequence[Cell]) -> Any:
    """A column's values, one per row; None and NaN stand for cells that are not there.

    Scalars of one type give an array of that type: `boolean`, `Int64`, float64, text, times, durations. Whole numbers and
    fractions give float64; other mixtures give texts. Arrays get the type that holds all of them exactly (texts where there
    is none), and scalars beside arrays become arrays of one. Mappings, lists and values of other types stay as they are.
    """
    there = np.fromiter((not is_missing(cell) for cell in cells), dtype=bool, count=len(cells))
    present = list(compress(cells, there))
    shapes = set(map(_shape, present))
    if shapes <= {"scalar"}:
        return _scalar_column(cells, there, present)
    if "nested" in shapes:
        return _objects(there, present)
    return _objects(there, alike([_as_array(cell) for cell in present] if "scalar" in shapes else present))


def _shape(cell: Cell) -> str:
    if isinstance(cell, np.ndarray):
        return "array" if cell.ndim else "nested"
    if isinstance(cell, ExtensionArray):
        return "array"
    is_huge = isinstance(cell, int) and not _INT64.min <= cell <= _INT64.max
    return "nested" if is_huge or _kind(cell) == "other" else "scalar"


def _as_array(cell: Cell) -> Cell:
    if _shape(cell) == "array":
        return cell
    return texts([cell]) if isinstance(cell, str) else pd.Series([cell]).to_numpy()


def _objects(there: Any, present: list[Cell]) -> Any:
    column = np.full(len(there), np.nan, dtype=object)
    column[there] = np.fromiter(present, dtype=object, count=len(present))
    return column


def _scalar_column(cells: Sequence[Cell], there: Any, present: list[Cell]) -> Any:
    kinds = set(map(_kind, present))
    values = [cell if is_there else None for cell, is_there in zip(cells, there.tolist(), strict=True)]
    if kinds <= {"float", "int"}:
        whole = kinds == {"int"}
        return pd.array(values, dtype="Int64") if whole else np.array(values, dtype=np.float64)
    if kinds == {"bool"}:
        return pd.array(values, dtype="boolean")
    if kinds == {"text"}:
        return pd.array(values, dtype=text_type())
    return _times(values) if len(kinds) == 1 else texts(values)


def _kind(cell: Cell) -> str:
    if isinstance(cell, pd.Timestamp):
        return "zoned" if cell.tzinfo else "time"
    return next((kind for types, kind in _KINDS if isinstance(cell, types)), "other")


def _times(values: list[Any]) -> Any:
    column = pd.Series(values)
    if column.dtype.hasobject if isinstance(column.dtype, np.dtype) else False:  # several zones
        column = pd.to_datetime(column, utc=True)
    return column.array
