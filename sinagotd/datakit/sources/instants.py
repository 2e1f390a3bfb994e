"""Reads a column of dates and times, each by itself: nothing is guessed from the first; seconds are taken from whole nanoseconds."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from sinagotd.datakit.streams import Floats

if TYPE_CHECKING:
    from pandas.arrays import DatetimeArray

NO_TIME = int(np.iinfo(np.int64).min)


def times(column: pa.ChunkedArray) -> "DatetimeArray":
    """The column as times in UTC with nanoseconds, each read by itself (ISO 8601, any precision, any offset).

    A time without an offset counts as UTC; what is no time is NaT.
    """
    naive = _without_offsets(column)
    if naive is None:
        return parsed_times(column, "ISO8601")
    return pd.array(naive, dtype=pd.DatetimeTZDtype("ns", "UTC"))


def _without_offsets(column: pa.ChunkedArray) -> NDArray[Any] | None:
    """The column as datetime64[ns], if all of it is ISO 8601 and none has an offset: the usual file, read in one go."""
    if getattr(column.type, "tz", None):
        return None
    try:
        return np.asarray(column.cast(pa.timestamp("ns")).to_numpy())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def parsed_times(column: pa.ChunkedArray, form: str) -> "DatetimeArray":
    """As `times`, written in a form of `strptime`; NaT also for years that nanoseconds cannot count to."""
    read = pd.to_datetime(column.to_pandas(), format=form, utc=True, errors="coerce")
    countable = read.where(read.dt.year.between(1678, 2261))
    return cast("DatetimeArray", countable.astype("datetime64[ns, UTC]").array)


def local_times(column: pa.ChunkedArray) -> "NDArray[Any] | DatetimeArray":
    """As `times`, yet without a zone where no value names one: the clock on the wall of whoever wrote them."""
    naive = _without_offsets(column)
    if naive is not None:
        return naive
    zoned = times(column)
    if getattr(column.type, "tz", None) or any(_has_offset(word) for word in column.to_pylist()):
        return zoned
    return nanoseconds(zoned).view("datetime64[ns]")


def same_zone(*columns: Any) -> tuple[Any, ...]:
    """The columns themselves, all in UTC where one of them has a zone."""
    if len({isinstance(column, np.ndarray) for column in columns}) == 1:
        return columns
    utc = pd.DatetimeTZDtype("ns", "UTC")
    return tuple(pd.array(column, dtype=utc) if isinstance(column, np.ndarray) else column for column in columns)


def nanoseconds(times: Any) -> NDArray[np.int64]:
    """Nanoseconds since 1970 of times with or without a zone; NO_TIME where there is none."""
    return np.asarray(times.view(np.int64) if isinstance(times, np.ndarray) else times.asi8)


def seconds(at: NDArray[np.int64], zero: int) -> Floats:
    """Seconds from `zero`, both in nanoseconds; NaN where there is no time."""
    return np.where(at == NO_TIME, np.nan, (at - zero) / 1e9)


def _has_offset(word: object) -> bool:
    """Whether a time in ISO 8601 ends in `Z` or an offset such as +02:00."""
    return isinstance(word, str) and (word.endswith(("Z", "z")) or "+" in word[10:] or "-" in word[10:])
