"""A pandas or numpy dtype as text, and back; categories travel with the values and are not part of the text."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

STRING = "string:"


def text_of(dtype: Any) -> str:
    """The text that `dtype_of` turns into an equal dtype."""
    if isinstance(dtype, pd.StringDtype):
        missing = "NA" if dtype.na_value is pd.NA else "nan"
        return f"{STRING}{dtype.storage}:{missing}"
    return dtype.str if isinstance(dtype, np.dtype) and dtype.kind != "O" else str(dtype)


@cache
def dtype_of(text: str) -> Any:
    """The dtype of a text. Raises TypeError for a text that means none here."""
    if text.startswith(STRING):
        _, storage, missing = text.split(":")
        known: Any = storage
        return pd.StringDtype(known, na_value=np.nan) if missing == "nan" else pd.StringDtype(known)
    return pd.api.types.pandas_dtype(text)


def from_arrow(array: Any, dtype: Any) -> Any:
    """An Arrow array (or chunked array) as an array of the dtype: an ndarray that can be written to, or pandas' own."""
    if isinstance(dtype, pd.DatetimeTZDtype):
        return dtype.__from_arrow__(array).copy()  # else it would be a view that nobody may write to
    if hasattr(dtype, "__from_arrow__"):
        return dtype.__from_arrow__(array)
    values = array.to_numpy() if hasattr(array, "chunks") else array.to_numpy(zero_copy_only=False)
    return np.array(values, dtype=dtype)
