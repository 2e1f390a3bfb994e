"""The values of one table column, list or mapping as a cell of one type; it knows neither streams nor rows."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

Cell = Any
_AS_PANDAS_SAYS = frozenset(
    ("integer", "boolean", "floating", "mixed-integer-float", "datetime64", "datetime", "timedelta64", "timedelta")
)
_SCALAR_TYPES: dict[str, Any] = {"M": pd.Timestamp, "m": pd.Timedelta}
_NA, _NAT = pd.NA, pd.NaT
_SCALARS = (str, int, float, bool, np.generic, pd.Timestamp, pd.Timedelta, type(None), type(_NA))


@cache
def text_type() -> Any:
    """The type of texts: pandas' own choice where it makes one (3.0 does), else its nullable strings."""
    chosen = pd.Series(["text"]).dtype
    return pd.StringDtype() if chosen == np.dtype(object) else chosen


def is_missing(cell: Cell) -> bool:
    """Whether a cell is not there at all: None, NaN, NA or NaT."""
    return cell is None or cell is _NA or cell is _NAT or (isinstance(cell, float) and cell != cell)  # noqa: PLR0124  NaN differs from itself


def column_array(column: "pd.Series[Any]") -> Cell:
    """A column's values: a numpy array of its own where numpy has the type, else pandas' array of that type."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return typed(column.to_numpy()) if dtype.hasobject else column.to_numpy(copy=True)
    if isinstance(dtype, pd.StringDtype):
        return pd.array(column.array, dtype=text_type(), copy=True)
    return column.array.copy()


def array_of(items: list[Any]) -> Cell:
    """A list as an array. Raises ValueError for lists in it of different lengths."""
    if all(isinstance(item, _SCALARS) for item in items):
        values = np.empty(len(items), dtype=object)
        values[:] = items
        return typed(values)
    return typed(np.asarray(items))


def cell_of(item: Any) -> Cell:
    """A value as a cell: series and arrays become arrays of one type, numpy's scalars those of Python and pandas."""
    if isinstance(item, np.generic):
        return _SCALAR_TYPES.get(item.dtype.kind, np.generic.item)(item)
    if isinstance(item, pd.Series | pd.Index):
        return column_array(pd.Series(item))
    return typed(item) if isinstance(item, np.ndarray) else item


def typed(values: Any) -> Cell:
    """An array as one of numbers, times or texts. Mixed scalars become texts, and other objects a list; nothing known: NaN."""
    if values.dtype.kind in "US":
        values = values.astype(object)
    if not values.dtype.hasobject:
        return values
    if values.ndim != 1:
        return values.tolist()
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "empty":
        return np.full(len(values), np.nan)
    if kind == "string":
        return pd.array(values, dtype=text_type())
    if kind in _AS_PANDAS_SAYS:
        return _inferred(values)
    items = values.tolist()
    return texts(values) if all(isinstance(item, _SCALARS) for item in items) else items


def texts(values: Any) -> Cell:
    """Every value as text; missing ones stay missing."""
    return pd.array([None if pd.isna(value) else _text(value) for value in values], dtype=text_type())


def _text(value: Any) -> str:
    """A value as text, the same whether it came alone or as a fraction among fractions: 2.0 is "2"."""
    if isinstance(value, float | np.floating) and value.is_integer():
        return f"{value:.0f}"
    return str(value.isoformat() if isinstance(value, pd.Timestamp) else value)


def _inferred(values: Any) -> Cell:
    column = pd.Series(values.tolist()).convert_dtypes()
    if column.dtype == object:  # times of different zones, or with one and without
        return texts(values)
    own = getattr(column.dtype, "numpy_dtype", None)
    if own is None or (own.kind != "f" and bool(column.isna().any())):
        return column.array if own is not None or not isinstance(column.dtype, np.dtype) else column.to_numpy(copy=True)
    return column.to_numpy(dtype=own, na_value=np.nan) if own.kind == "f" else column.to_numpy(dtype=own)
