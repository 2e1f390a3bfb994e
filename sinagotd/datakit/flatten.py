"""Turns one loaded stream into named cells, the time axis among them; what the cells of a column have in common is for `columns`."""

from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.arrays import array_of, cell_of, column_array, typed
from sinagotd.datakit.records import relative
from sinagotd.datakit.streams import Floats, LoadedStream, PayloadKind

Cell = Any
TIME = "t"
_HIDDEN = ("scope", "camera_tag", "is_timeseries", "source_tag", "is_interval")
_UNSHOWN_SCOPES = ("session", "experiment")
_TIME_COLUMNS = ("time_elapsed_s", "start_s", TIME)


def flatten(stream: LoadedStream, roots: tuple[str, ...] = ()) -> dict[str, Cell]:
    """The cells of a stream by feature.

    A table gives one 1-D array per column, however many rows it has; an array or a list gives `values`, a mapping one cell
    per key, anything else `value`. The times are the cell `t`, unless a column repeats them or the stream has none. What the
    source says beside its values is the cell `meta`, if its scope is the recording. Raises ValueError for a list that is no
    array and for columns of one name.
    """
    cells = _values(stream)
    if _is_timed(stream) and not _repeats(cells, stream.t):
        cells[TIME if TIME not in cells else "t_axis"] = stream.t
    meta = _meta(stream, roots)
    if meta:
        cells["meta" if "meta" not in cells else "stream_meta"] = meta
    return cells


def _values(stream: LoadedStream) -> dict[str, Cell]:
    value = stream.value
    match stream.payload.kind:
        case PayloadKind.TABLE:
            return _columns(value)
        case PayloadKind.MAPPING:
            return {str(key): cell_of(item) for key, item in value.items()}
        case PayloadKind.ARRAY:
            return {"values": typed(value)}
        case PayloadKind.SEQUENCE:
            return {"values": array_of(value)}
    if isinstance(value, pd.Series | pd.Index):
        return {"values": column_array(pd.Series(value))}
    return {"value": cell_of(value)}


def _columns(frame: pd.DataFrame) -> dict[str, Cell]:
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"several columns are called {', '.join(map(repr, repeated))}: one feature cannot hold them")
    return {name: column_array(column) for name, (_, column) in zip(names, frame.items(), strict=True)}


def _is_timed(stream: LoadedStream) -> bool:
    timed = stream.payload.kind not in {PayloadKind.MAPPING, PayloadKind.SCALAR}
    return stream.has_times and (timed or bool(stream.meta.get("is_timeseries", True)))


def _repeats(cells: dict[str, Cell], t: Floats) -> bool:
    return any(name in cells and _same_times(cells[name], t) for name in _TIME_COLUMNS)


def _same_times(cell: Cell, t: Floats) -> bool:
    if not isinstance(cell, np.ndarray) or cell.dtype.kind not in "iuf" or cell.shape != t.shape:
        return False
    return np.array_equal(cell, t.astype(cell.dtype) if cell.dtype.kind == "f" else t, equal_nan=True)


def _meta(stream: LoadedStream, roots: tuple[str, ...]) -> dict[str, Any]:
    if stream.meta.get("scope") in _UNSHOWN_SCOPES:
        return {}
    return {str(key): _without_root(value, roots) for key, value in stream.meta.items() if key not in _HIDDEN}


def _without_root(value: Any, roots: tuple[str, ...]) -> Any:
    """A path below a root is told relative to it: the machine a dataset was built on is nobody's business."""
    if isinstance(value, str | PurePath):
        return relative(str(value), roots)
    if isinstance(value, dict):
        return {key: _without_root(one, roots) for key, one in value.items()}
    return [_without_root(one, roots) for one in value] if isinstance(value, list) else value
