"""What kind of thing a cell is, as far as storing it goes; two cells of one kind share a column of the file. Stores nothing."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sinagotd.datakit.saving.dtypes import text_of

TIME_UNITS = ("s", "ms", "us", "ns")
ARROW_NUMBERS = "biuf"
MOST_NUMBER_BYTES = 8


class Kind(NamedTuple):
    """A form (a key of `forms.FORMS`), and what else there is to know to read it back, as text."""

    form: str
    detail: str = ""


class Missing(NamedTuple):
    """A cell that is missing; the mark says which of the four ways of pandas."""

    mark: str


MARKS: dict[str, Any] = {"nan": float("nan"), "None": None, "NaT": pd.NaT, "NA": pd.NA}
NAN, NONE, NAT, NA = map(Missing, MARKS)
NESTED = Kind("nested")


def kind_of(cell: Any) -> Kind | Missing:
    """The kind of a cell, told from its type; anything unknown counts as nested."""
    return BY_TYPE.get(type(cell), _other)(cell)


def stores_as_is(dtype: Any) -> bool:
    """Whether Arrow has a type for every value of a numpy or pandas dtype."""
    if isinstance(dtype, np.dtype):
        if dtype.kind in "mM":
            return np.datetime_data(dtype)[0] in TIME_UNITS and np.datetime_data(dtype)[1] == 1
        return dtype.kind in ARROW_NUMBERS and dtype.itemsize <= MOST_NUMBER_BYTES
    return isinstance(dtype, pd.StringDtype | pd.DatetimeTZDtype) or _of_numbers(dtype)


def _of_numbers(dtype: Any) -> bool:
    return stores_as_is(getattr(dtype, "numpy_dtype", np.dtype(object)))


def _array(cell: Any) -> Kind:
    return _array_of(cell.dtype, cell.ndim == 1)


@cache
def _array_of(dtype: Any, is_flat: bool) -> Kind:  # noqa: FBT001  a key of the cache
    if dtype.kind in "OU":
        return Kind("objects" if dtype.kind == "O" else "texts") if is_flat else NESTED
    if stores_as_is(dtype):
        return Kind("array" if is_flat else "grid", dtype.str)
    if dtype.kind == "c" and dtype.itemsize <= 2 * MOST_NUMBER_BYTES:
        return Kind("complex", dtype.str)
    return NESTED


def _extension(cell: Any) -> Kind:
    dtype = cell.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return Kind("categorical", f"{bool(dtype.ordered)}:{text_of(dtype.categories.dtype)}")
    return _extension_of(dtype)


@cache
def _extension_of(dtype: Any) -> Kind:
    return Kind("extension", text_of(dtype)) if stores_as_is(dtype) else NESTED


def _float(cell: float) -> Kind | Missing:
    return Kind("float") if cell == cell else NAN  # noqa: PLR0124  only NaN differs from itself


def _stamp(cell: Any) -> Kind:
    dtype = pd.DatetimeTZDtype(cell.unit, cell.tz) if cell.tz is not None else np.dtype(f"M8[{cell.unit}]")
    return Kind("stamp", text_of(dtype))


def _other(cell: Any) -> Kind | Missing:
    if isinstance(cell, np.generic):
        return Kind("number", cell.dtype.str) if stores_as_is(cell.dtype) and cell == cell else NESTED  # noqa: PLR0124  NaN and NaT differ from themselves
    if isinstance(cell, pd.api.extensions.ExtensionArray):
        return _extension(cell)
    if isinstance(cell, np.memmap):
        return _array(cell)
    return NESTED


BY_TYPE: dict[type, Callable[[Any], Kind | Missing]] = {
    type(None): lambda _: NONE,
    float: _float,
    type(pd.NaT): lambda _: NAT,
    type(pd.NA): lambda _: NA,
    np.ndarray: _array,
    bool: lambda _: Kind("bool"),
    int: lambda _: Kind("int"),
    str: lambda _: Kind("str"),
    bytes: lambda _: Kind("bytes"),
    dict: lambda _: NESTED,
    list: lambda _: NESTED,
    pd.Timestamp: _stamp,
    pd.Timedelta: lambda cell: Kind("stamp", f"<m8[{cell.unit}]"),
}
