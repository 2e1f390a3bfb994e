"""The time axis that a declared source has by itself, from a column or a rate; other clocks are for `clocks`."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from sinagotd.datakit.sources import columns, instants
from sinagotd.datakit.sources.declared.options import Time
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.streams import Floats

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
NAMED = "time_column"
Rows = np.ndarray[tuple[int], np.dtype[np.intp]]


class Axis(NamedTuple):
    """Times in seconds (n,), and the rows (n,) of the table that they belong to, in order."""

    t: Floats
    rows: Rows
    meta: dict[str, Any]


def own_axis(path: Path, table: pa.Table, choices: tuple[Time, ...]) -> Axis:
    """The first of the declared times that every row has (of the last one, those that do); NaN where none is declared.

    Raises UnreadableError when no column of them is there.
    """
    rows = np.arange(table.num_rows)
    if not choices:
        return Axis(np.full(table.num_rows, np.nan), rows, {})
    there = [time for time in choices if time.column is None or time.column in table.column_names]
    if not there:
        raise UnreadableError(path, f"no column {' nor '.join(repr(time.column) for time in choices)} with its times")
    for time in there:
        t = _column(table, time)
        if np.isfinite(t).all():
            break
    return _tidied(path, t, time)


def in_seconds(*given: pa.ChunkedArray, unit: str, form: str | None = None, zero: str = "none") -> tuple[Floats, ...]:
    """Columns of numbers in a unit, or of times (ISO 8601, or in a strptime form), as seconds; NaN where they have none.

    Times count from 1970, or, when they will be zeroed anyway, from the first of the first column: a float of seconds
    since 1970 knows no nanoseconds.
    """
    if unit != "time":
        return tuple(columns.numbers(column) * SECONDS[unit] for column in given)
    at = [instants.nanoseconds(instants.parsed_times(one, form) if form else instants.times(one)) for one in given]
    known = at[0][at[0] != instants.NO_TIME]
    base = int(known[0]) if zero != "none" and len(known) else 0
    return tuple(instants.seconds(one, base) for one in at)


def _column(table: pa.Table, time: Time) -> Floats:
    if time.column is None:
        return np.arange(table.num_rows) / (time.rate_hz or 1.0)
    column = table[time.column]
    if time.counter_bits is None:
        return in_seconds(column, unit=time.unit, form=time.format, zero=time.zero)[0]
    counts = columns.numbers(column)
    known = np.isfinite(counts)
    t = np.full(len(counts), np.nan)
    t[known] = _unwrapped(counts[known], time.counter_bits) * SECONDS[time.unit]
    return t


def _unwrapped(counts: Floats, bits: int) -> Floats:
    """A counter without its returns to zero: they are where it drops by more than half of what it can hold."""
    drops = np.diff(counts, prepend=counts[:1]) < -(2.0 ** (bits - 1))
    return counts + 2.0**bits * np.cumsum(drops)


def _tidied(path: Path, t: Floats, time: Time) -> Axis:
    rows = np.flatnonzero(np.isfinite(t)) if time.drop_blank else np.arange(len(t))
    if time.sort:
        rows = rows[np.argsort(t[rows], kind="stable")]
    if time.repeated == "first":
        _, first = np.unique(t[rows], return_index=True)
        rows = rows[np.sort(first)]
    if len(t) and not np.isfinite(t).any():
        raise UnreadableError(path, f"no time in the column {time.column!r}")
    return Axis(t[rows] - zero_of(t[rows], time.zero), rows, {} if time.name is None else {NAMED: time.name})


def zero_of(t: Floats, rule: str) -> float:
    """What to take off times in seconds so that they begin as declared."""
    known = t[np.isfinite(t)]
    if rule == "none" or not len(known):
        return 0.0
    return float(known[0] if rule == "first" else known.min())
