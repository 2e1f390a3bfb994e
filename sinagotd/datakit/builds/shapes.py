"""What of a cell decides on the type of its column, as a short text; cells of one such shape can stand for each other."""

from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.arrays import is_missing
from sinagotd.datakit.saving.dtypes import text_of

Cell = Any
MISSING = "missing"
_EXACT = 2**53
_INT64 = np.iinfo(np.int64)


def shape_of(cell: Cell) -> str:
    """The shape of one cell: more than is needed to give its column a type, less than its value."""
    if is_missing(cell):
        return MISSING
    if isinstance(cell, np.ndarray) and not cell.ndim:
        return f"0d {shape_of(cell[()])}"
    if isinstance(cell, np.ndarray | pd.api.extensions.ExtensionArray):
        return f"{text_of(cell.dtype)} {cell.ndim}d {_marks(cell)}"
    return f"{type(cell).__name__} {_scalar(cell)}"


def _marks(cell: Cell) -> str:
    if not cell.size:
        return "empty"
    is_number = cell.dtype.kind in "iuf"
    if cell.ndim > 1:
        return _range(cell) if is_number else ""
    missing = pd.isna(cell)
    if missing.all():
        return "blank"
    gaps = bool(missing.any())
    return f"{'gaps ' if gaps else ''}{_range(cell[~missing] if gaps else cell) if is_number else ''}"


def _range(known: Cell) -> str:
    """Which of the types for numbers can hold all of these."""
    low, high = known.min(), known.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        return "infinite"
    if low < _INT64.min or high > _INT64.max:
        return "huge"
    whole = "" if known.dtype.kind in "iu" or bool(np.all(known == np.floor(known))) else "fractions "
    return whole + ("large" if max(abs(int(low)), abs(int(high))) > _EXACT else "")


def _scalar(cell: Cell) -> str:
    if isinstance(cell, int | np.integer) and not isinstance(cell, bool):
        return "" if _INT64.min <= cell <= _INT64.max else "huge"
    if isinstance(cell, pd.Timestamp):
        return f"{cell.unit} {cell.tz}"
    if isinstance(cell, pd.Timedelta):
        return cell.unit
    return str(cell.dtype) if isinstance(cell, np.generic) else ""
