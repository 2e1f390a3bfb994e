"""Gives arrays of several types one type that holds every value exactly, or makes them texts; it knows no rows or features."""

from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.arrays import Cell, text_type, texts

_EXACT = 2**53
_INT64 = np.iinfo(np.int64)


def alike(arrays: list[Cell]) -> list[Cell]:
    """The same arrays with one type. Those that are empty or all missing take the type of the others; categories stay."""
    types = [array.dtype for array in arrays]
    if all(isinstance(each, pd.CategoricalDtype) for each in types) or all(each == types[0] for each in types):
        return arrays
    target = _target(arrays)
    return [_as_type(array, target) for array in arrays]


def _target(arrays: list[Cell]) -> Any:
    telling = [array for array in arrays if not _is_blank(array)] or arrays
    common = _common(telling)
    if (
        isinstance(common, np.dtype)
        and common.kind in "iub"
        and any(array.size and _is_blank(array) for array in arrays)
    ):
        return _nullable(common)
    return common


def _is_blank(array: Cell) -> bool:
    """Whether an array's type is an accident: it is empty, or all of it is missing."""
    return array.size == 0 or (array.ndim == 1 and bool(pd.isna(array).all()))


def _common(arrays: list[Cell]) -> Any:
    types = list(dict.fromkeys(array.dtype for array in arrays))
    if len(types) == 1:
        return types[0]
    plain = [getattr(each, "numpy_dtype", each) for each in types]
    kinds = {each.kind for each in plain}
    if any(isinstance(each, pd.CategoricalDtype | pd.StringDtype) for each in types):
        return text_type()
    if kinds <= set("biufc"):
        return _number(arrays, plain, is_nullable=plain != types)
    if all(isinstance(each, pd.DatetimeTZDtype) for each in types):
        return _zoned(types)
    if all(isinstance(each, np.dtype) for each in types) and kinds in ({"M"}, {"m"}):
        return np.result_type(*plain)
    return text_type()


def _number(arrays: list[Cell], plain: list[Any], *, is_nullable: bool) -> Any:
    common = np.result_type(*plain)
    if common.kind == "f" and not all(map(_is_exact, arrays)) and all(map(_is_whole, arrays)):
        return pd.Int64Dtype()
    return _nullable(common) if is_nullable and common.kind in "iub" else common


def _nullable(dtype: "np.dtype[Any]") -> Any:
    return pd.Series([], dtype=dtype).convert_dtypes().dtype


def _is_exact(array: Cell) -> bool:
    """Whether float64 holds every number of an array."""
    if array.dtype.kind not in "iu":
        return True
    known = array[~pd.isna(array)]
    return not len(known) or max(abs(int(known.min())), abs(int(known.max()))) <= _EXACT


def _is_whole(array: Cell) -> bool:
    """Whether int64 holds every number of an array."""
    known = array[~pd.isna(array)]
    return not len(known) or bool(
        np.all(known == np.floor(known)) and known.min() >= _INT64.min and known.max() <= _INT64.max
    )


def _zoned(types: list[Any]) -> Any:
    zones = {str(each.tz) for each in types}
    finest = np.result_type(*(np.dtype(f"M8[{each.unit}]") for each in types))
    return pd.api.types.pandas_dtype(
        f"datetime64[{np.datetime_data(finest)[0]}, {zones.pop() if len(zones) == 1 else 'UTC'}]"
    )


def _as_type(array: Cell, target: Any) -> Cell:
    if array.dtype == target:
        return array
    if array.ndim != 1:
        return array.astype(target) if isinstance(target, np.dtype) else array
    if _is_blank(array):
        return blank(len(array), target)
    if isinstance(target, pd.StringDtype):
        return texts(array)
    if isinstance(target, np.dtype):
        column = pd.Series(array)
        return column.to_numpy(dtype=target, na_value=np.nan) if target.kind in "fc" else column.to_numpy(dtype=target)
    return pd.Series(array).astype(target).array


def blank(length: int, target: Any) -> Cell:
    """An array in which nothing is known."""
    if not isinstance(target, np.dtype):
        return pd.array([None] * length, dtype=target)
    if target.kind in "mM":
        return np.full(length, "NaT", dtype=target)
    return np.full(length, np.nan).astype(target) if target.kind in "fc" else np.empty(length, dtype=target)
