"""Turns one column of a table into numbers, categories or whatever it holds; what is a time is for `instants`.

Columns come as pyarrow chunked arrays (shape (n,)) and leave as NumPy or pandas arrays of the same length.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from sinagotd.datakit.streams import Floats

TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def numbers(column: pa.ChunkedArray) -> Floats:
    """The column as float64; what is no number is NaN."""
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.asarray(pd.to_numeric(column.to_pandas(), errors="coerce"), dtype=np.float64)


def categories(column: pa.ChunkedArray) -> pd.Categorical:
    """The column as categories in order of appearance."""
    coded = column.combine_chunks().dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy()
    kinds = pd.CategoricalDtype(pd.Index(coded.dictionary.to_pylist()))
    return pd.Categorical.from_codes(codes, dtype=kinds)


def counts(column: pa.ChunkedArray) -> "NDArray[np.uint32] | Floats":
    """The column as uint32; as float64 where not all of it are whole numbers from zero up."""
    read = numbers(column)
    return read.astype(np.uint32) if np.isfinite(read).all() and (read >= 0).all() and not (read % 1).any() else read


def plain(column: pa.ChunkedArray) -> Any:
    """The column as what all its values are: int64, float64 (also for whole numbers with gaps), boolean or text."""
    if not pa.types.is_string(column.type):
        return _as_pandas(column)
    if column.null_count == len(column):
        return np.full(len(column), np.nan)
    for kind in _possible_kinds(column):
        read = _cast(column, kind)
        if read is not None:
            return read
    if set(column.drop_null().unique().to_pylist()) <= TRUTHS.keys():
        return _truths(column)
    return column.to_pandas().array


def frame(columns: dict[str, Any]) -> pd.DataFrame:
    """A table of finished columns, without a copy."""
    made = pd.DataFrame(dict(enumerate(columns.values())), copy=False)
    # names as Arrow text, pandas' choice, cost more to look up than a small file costs to read
    made.columns = pd.Index(list(columns), dtype=object)
    return made


def plain_frame(table: pa.Table, *, but: Iterable[str] = ()) -> pd.DataFrame:
    """All columns of a table, but some, each as `plain` reads it."""
    left_out = set(but)
    return frame({name: plain(table[name]) for name in table.column_names if name not in left_out})


def _as_pandas(column: pa.ChunkedArray) -> Any:
    series = column.to_pandas()
    return series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> Any:
    """The column as numbers of a kind, blanks around them or not; None where one of them is none."""
    try:
        return column.cast(kind).to_numpy()
    except pa.ArrowInvalid:
        trimmed = compute.utf8_trim_whitespace(column)
    try:
        return None if trimmed.equals(column) else trimmed.cast(kind).to_numpy()
    except pa.ArrowInvalid:
        return None


def _possible_kinds(column: pa.ChunkedArray) -> list[pa.DataType]:
    """The kinds of number that a look at two values does not rule out: trying a kind in vain costs more than reading."""
    present = column.drop_null() if column.null_count else column
    ends = (present[0].as_py(), present[-1].as_py())
    if all(end.strip().lstrip("+-").isdecimal() for end in ends):
        return [pa.int64(), pa.uint64(), pa.float64()]
    return [pa.float64()] if all(map(_is_number, ends)) else []


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _truths(column: pa.ChunkedArray) -> Any:
    values = [None if word is None else TRUTHS[word] for word in column.to_pylist()]
    return pd.array(values, dtype="boolean") if column.null_count else np.array(values)
