"""Gives a feature one type over all rows: a column of scalars, or arrays of one type; it loads nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.arrays import Cell, is_missing, text_type, texts
from sinagotd.datakit.promotion import alike

_INT64 = np.iinfo(np.int64)
_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool, np.bool_), "bool"),
    ((int, np.integer), "int"),
    ((float, np.floating), "float"),
    ((str,), "text"),
    ((pd.Timedelta, np.timedelta64), "duration"),
    ((np.datetime64,), "time"),
)


def column_of(cells: Sequence[Cell]) -> Any:
    """A column's values, one per row; None and NaN stand for cells that are not there.

    Scalars of one type give an array of that type: `boolean`, `Int64`, float64, text, times, durations. Whole numbers and
    fractions give float64; other mixtures give texts. Arrays get the type that holds all of them exactly (texts where there
    is none), and scalars beside arrays become arrays of one. Mappings and lists stay as they are.
    """
    present = [cell for cell in cells if not is_missing(cell)]
    shapes = {_shape(cell) for cell in present}
    if shapes <= {"scalar"}:
        return _scalar_column(cells, present)
    if "nested" in shapes:
        return _objects(cells)
    return _objects(alike([_as_array(cell) for cell in cells]))


def _shape(cell: Cell) -> str:
    if isinstance(cell, np.ndarray):
        return "array" if cell.ndim else "scalar"
    if isinstance(cell, pd.api.extensions.ExtensionArray):
        return "array"
    return "nested" if isinstance(cell, dict | list | tuple | set | frozenset | pd.DataFrame) else "scalar"


def _as_array(cell: Cell) -> Cell:
    if is_missing(cell) or _shape(cell) == "array":
        return cell
    return texts([cell]) if isinstance(cell, str) else pd.Series([cell]).to_numpy()


def _objects(cells: Sequence[Cell]) -> Any:
    column = np.full(len(cells), np.nan, dtype=object)
    for at, cell in enumerate(cells):
        if not is_missing(cell):
            column[at] = cell
    return column


def _scalar_column(cells: Sequence[Cell], present: list[Cell]) -> Any:
    kinds = {_kind(cell) for cell in present}
    values = [None if is_missing(cell) else cell for cell in cells]
    if kinds <= {"float", "int"}:
        return _numbers(values, present, whole=kinds == {"int"})
    if kinds == {"bool"}:
        return pd.array(values, dtype="boolean")
    if kinds == {"text"}:
        return pd.array(values, dtype=text_type())
    if "other" in kinds:
        return _objects(cells)
    return _times(values) if len(kinds) == 1 else texts(values)


def _kind(cell: Cell) -> str:
    if isinstance(cell, pd.Timestamp):
        return "zoned" if cell.tzinfo else "time"
    return next((kind for types, kind in _KINDS if isinstance(cell, types)), "other")


def _numbers(values: list[Any], present: list[Any], *, whole: bool) -> Any:
    if not whole:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if all(_INT64.min <= value <= _INT64.max for value in present):
        return pd.array(values, dtype="Int64")
    return _objects(values)


def _times(values: list[Any]) -> Any:
    column = pd.Series(values)
    if column.dtype.hasobject if isinstance(column.dtype, np.dtype) else False:  # several zones
        column = pd.to_datetime(column, utc=True)
    return column.array
