"""Loads one file as its declaration says: a function per kind, each giving times, value and meta; it checks no declaration."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.sources import columns
from sinagotd.datakit.sources.alignment import within
from sinagotd.datakit.sources.dataqueue import rate_hz
from sinagotd.datakit.sources.declared import tables
from sinagotd.datakit.sources.declared.clocks import align, on_clock
from sinagotd.datakit.sources.declared.options import Events, Intervals, KeyValue, Matrix, Source, States, Table, Text
from sinagotd.datakit.sources.declared.times import NAMED, Axis, in_seconds, own_axis, zero_of
from sinagotd.datakit.sources.delimited import require, require_columns
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.readers import Reading, read_array, read_table
from sinagotd.datakit.sources.session_config import key_values
from sinagotd.datakit.sources.states import state_runs
from sinagotd.datakit.sources.texts import read_text
from sinagotd.datakit.streams import Floats


class Loaded(NamedTuple):
    """What a stream is made of."""

    t: Floats
    value: Any
    meta: dict[str, Any]


def load_table(path: Path, options: Table, context: LoadContext | None) -> Loaded:
    frame, axis = _timed(path, options, context)
    t = axis.t if is_timed(options) else np.empty(0)
    return Loaded(t, tables.finished(path, frame, options), {"n_rows": len(axis.rows), **axis.meta})


def load_events(path: Path, options: Events, context: LoadContext | None) -> Loaded:
    made, axis = _timed(path, options, context)
    if options.device not in made:
        raise UnreadableError(path, f"no column {options.device!r} with its devices")
    made[options.device] = _categories(made[options.device])
    meta = {"n_rows": len(axis.t), **_devices(made, axis, options), **axis.meta}
    return Loaded(axis.t, tables.finished(path, made, options), meta)


def _categories(values: Any) -> pd.Categorical:
    return pd.Categorical(values)


def load_states(path: Path, options: States, context: LoadContext | None) -> Loaded:
    made, axis = _timed(path, options, context)
    frame = columns.frame(made)
    runs, begin = state_runs(path, frame, axis.t, state=options.state, groups=options.groups, phases=options.phases)
    absent = [name for name in options.first if name not in frame.columns]
    if absent:
        raise UnreadableError(path, f"no column {' nor '.join(map(repr, absent))}")
    for name in options.first:
        runs[name] = frame[name].iloc[begin].array
    return Loaded(runs["start_s"].to_numpy(), runs, {"n_rows": len(runs), **axis.meta})


def load_intervals(path: Path, options: Intervals, context: LoadContext | None) -> Loaded:
    table = tables.read(path, options)
    start, stop = _ends(path, table, options)
    rows = np.arange(table.num_rows)
    meta: dict[str, Any] = {}
    if options.clock is not None:
        both = np.concatenate([start, stop])
        t, window, meta = align(path, both, both, clock=options.clock, context=context)
        start, stop = t[: len(start)], t[len(start) :]
        rows = np.flatnonzero(within(start, window)) if window else rows
    zero = zero_of(start[rows], options.zero) - options.shift_s
    start, stop = start[rows] - zero, stop[rows] - zero
    made = tables.typed(table.take(rows), options) | {"start_s": start, "stop_s": stop}
    return Loaded(start, tables.finished(path, made, options), {"n_rows": len(rows), **meta})


def load_key_value(path: Path, options: KeyValue, context: LoadContext | None) -> Loaded:  # noqa: ARG001  one signature for all kinds
    table = read_table(path, Reading(options.format, options.encoding, options.delimiter, options.key))
    require(path, table, options.name, options.value)
    pairs = table.select([options.name, options.value])
    values = key_values(path, pairs, options.name, options.value)
    words = dict(zip(pairs[options.name].to_pylist(), pairs[options.value].to_pylist(), strict=True))
    return Loaded(np.zeros(1), values | {name: words.get(name) for name in options.text if name in values}, {})


def load_text(path: Path, options: Text, context: LoadContext | None) -> Loaded:  # noqa: ARG001  as above

    text = read_text(path, options.encoding)
    pattern = re.compile(options.pattern)
    found: dict[str, list[str | None]] = {name: [] for name in pattern.groupindex}
    unread: list[list[Any]] = []
    for row, line in enumerate(text.content.decode().splitlines(), start=1):
        match = pattern.match(line.strip())
        if match:
            for name, said in match.groupdict().items():
                found[name].append(said)
        elif options.goes_on and found[options.goes_on] and line.strip():
            found[options.goes_on][-1] = f"{found[options.goes_on][-1]}\n{line.strip()}"
        elif line.strip():
            unread.append([row, line.strip()])
    table = pa.table({name: pa.array(words, pa.string()) for name, words in found.items()})
    axis = own_axis(path, table, (options.time,))
    made = tables.typed(table.take(axis.rows), options)
    meta = {"n_rows": len(axis.t), **text.findings, **({"unread_lines": unread} if unread else {})}
    return Loaded(axis.t, columns.frame(made), meta)


def load_matrix(path: Path, options: Matrix, context: LoadContext | None) -> Loaded:
    values = read_array(path, Reading(options.format, options.encoding, None, options.key))
    if not -values.ndim <= options.axis < values.ndim:
        raise UnreadableError(path, f"no axis {options.axis} in an array of shape {values.shape}")
    count = values.shape[options.axis]
    t = np.arange(count) / options.rate_hz if options.rate_hz else np.full(count, np.nan)
    axis = Axis(t, np.arange(count), {})
    if options.clock is not None:
        axis = on_clock(path, axis, None, clock=options.clock, context=context)
    return Loaded(axis.t, values.take(axis.rows, axis=options.axis), {"shape": list(values.shape), **axis.meta})


def is_timed(options: Source) -> bool:
    """Whether what is declared has times: pairs have none, tables only those that they are told to have."""
    if isinstance(options, Table):
        return bool(options.time) or options.clock is not None
    return not isinstance(options, KeyValue)


LOADERS: Mapping[str, Callable[[Path, Any, LoadContext | None], Loaded]] = MappingProxyType(
    {
        "table": load_table,
        "events": load_events,
        "states": load_states,
        "intervals": load_intervals,
        "key_value": load_key_value,
        "text": load_text,
        "matrix": load_matrix,
    }
)


def _timed(path: Path, options: Table, context: LoadContext | None) -> tuple[dict[str, Any], Axis]:
    """The columns by name, in the order of the axis, and the axis."""
    table = tables.read(path, options)
    axis = own_axis(path, table, options.time)
    if options.clock is not None:
        counter = None
        if options.clock.counter is not None:
            require_columns(path, table, options.clock.counter)
            counter = columns.numbers(table[options.clock.counter])[axis.rows]
        named = axis.meta
        axis = on_clock(path, axis, counter, clock=options.clock, context=context)
        axis = axis._replace(meta=axis.meta | named)
    made = tables.typed(table.take(axis.rows), options)
    return made | ({axis.meta[NAMED]: axis.t} if NAMED in axis.meta else {}), axis


def _ends(path: Path, table: pa.Table, options: Intervals) -> tuple[Floats, Floats]:
    """Start and stop of each interval in seconds, (n,); the length of times of day is told in seconds."""
    unit, zero = options.unit, options.zero
    end = options.stop or options.duration or ""
    require_columns(path, table, options.start, end)
    if options.duration is None:
        start, stop = in_seconds(table[options.start], table[end], unit=unit, zero=zero)
        return start, stop
    (start,) = in_seconds(table[options.start], unit=unit, zero=zero)
    (length,) = in_seconds(table[end], unit="s" if unit == "time" else unit)
    return start, start + length


def _devices(made: Mapping[str, Any], axis: Axis, options: Events) -> dict[str, Any]:
    """When each device said its first, in seconds, and how often it spoke, in Hz."""
    ids = made[options.device]
    rows = {str(name): axis.t[ids.codes == code] for code, name in enumerate(ids.categories)}
    return {
        "device_start_s": {name: float(t[0]) for name, t in rows.items() if len(t)},
        "device_rate_hz": {name: rate_hz(t) for name, t in rows.items() if len(t)},
    }
