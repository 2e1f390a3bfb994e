"""Reads the table of a declared source and makes its columns: renamed, typed, filled, derived. Times are for `times`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.arrays import text_type
from sinagotd.datakit.sources import columns, instants
from sinagotd.datakit.sources.declared.options import Columns, Derived, Text
from sinagotd.datakit.sources.delimited import require_columns
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.readers import Reading, read_table
from sinagotd.datakit.sources.wheel import integral


def read(path: Path, options: Columns) -> pa.Table:
    """The rows that are the source's, columns renamed. Raises UnreadableError when a required column is absent."""
    how = Reading(options.format, options.encoding, options.delimiter, options.key, options.expand)
    table = read_table(path, how)
    table = table.rename_columns([options.rename.get(name, name) for name in table.column_names])
    require_columns(path, table, *options.required)
    if options.rows is None:
        return table
    require_columns(path, table, options.rows.column)
    names = [str(name).lower() for name in table[options.rows.column].to_pylist()]
    wanted = [any(word.lower() in name for word in options.rows.contains) for name in names]
    return table.take(np.flatnonzero(wanted))


def typed(table: pa.Table, options: Columns | Text) -> dict[str, Any]:
    """Every column as an array (n,), of the type it is declared to have or else has, blanks filled.

    What is declared of a column that is not there does nothing: `required` says which have to be.
    """
    made = {name: TYPES[options.types.get(name, "")](table[name]) for name in table.column_names}
    fill = options.fill if isinstance(options, Columns) else {}
    return made | {name: _filled(made[name], blank) for name, blank in fill.items() if name in made}


def finished(path: Path, made: dict[str, Any], options: Columns) -> pd.DataFrame:
    """The table as it is stored: derived columns added, then those that nobody wants dropped."""
    for name, derived in options.derive.items():
        made[name] = _derived(path, made, derived)
    kept = [name for name in made if (name in options.keep or not options.keep) and name not in options.drop]
    return columns.frame({name: made[name] for name in kept})


def _derived(path: Path, made: Mapping[str, Any], derived: Derived) -> Any:
    wanted = [name for name in (derived.cumulative, derived.integral, derived.over) if name is not None]
    absent = [name for name in wanted if name not in made]
    if absent:
        raise UnreadableError(path, f"no column {' nor '.join(map(repr, absent))} to derive another from")
    if derived.cumulative is not None:
        return np.cumsum(np.asarray(made[derived.cumulative]))
    return integral(*(np.asarray(made[name], dtype=np.float64) for name in wanted))


def _filled(values: Any, blank: bool | float | str) -> Any:  # noqa: FBT001  what stands for a blank may be true

    filled = pd.Series(values).fillna(blank)
    if isinstance(blank, int) and filled.dtype.kind == "f" and (filled % 1 == 0).all():
        return filled.to_numpy(dtype=np.int64)
    return filled.array


def _whole(column: pa.ChunkedArray) -> Any:
    read = columns.numbers(column)
    if np.isfinite(read).all() and not (read % 1).any():
        return read.astype(np.int64)
    return pd.array(np.where(read % 1 == 0, read, np.nan), dtype="Int64")


def _text(column: pa.ChunkedArray) -> Any:
    return pd.array([None if value is None else str(value) for value in column.to_pylist()], dtype=text_type())


def _float32(column: pa.ChunkedArray) -> Any:
    return columns.numbers(column).astype(np.float32)


TYPES: Mapping[str, Callable[[pa.ChunkedArray], Any]] = MappingProxyType(
    {
        "": columns.plain,
        "number": columns.numbers,
        "integer": _whole,
        "text": _text,
        "time": instants.local_times,
        "utc": instants.times,
        "category": columns.categories,
        "float32": _float32,
        "uint32": columns.counts,
    }
)
