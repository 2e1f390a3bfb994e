"""Trials of a PsychoPy experiment on the clock of the rig: zero at the first pulse of the acquisition card."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import IntervalSeriesSource
from sinagotd.datakit.sources import columns, instants
from sinagotd.datakit.sources.alignment import log_name, need_log
from sinagotd.datakit.sources.delimited import read_delimited, require
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.streams import Floats
from sinagotd.datakit.timeline import DataqueueIndex

PULSES = "nidaq"
START = re.compile(r"(\d{4}-\d\d-\d\d)[ _T](\d\d)[h:](\d\d)[.:](\d\d(?:\.\d+)?)")
TASK = re.compile(r"task[-_]?([a-z0-9]+)")
SHIFTED = (".started", ".stopped", ".rt", ".t")
GRATINGS = (
    "trials.thisN",
    "stim_grayScreen.started",
    "stim_grayScreen.stopped",
    "stim_grating.started",
    "stim_grating.stopped",
    "display_gratings.stopped",
)
MOVIES = (
    *("trials_2.thisN", "trials_2.thisIndex", "trials2.thisN", "trials.thisIndex", "description", "thisRow.t"),
    *("display_mov.started", "natural_mov.started", "display_mov.stopped", "grey.started", "grey.stopped"),
)
BRANCHES = {"gratings": GRATINGS, "movies": MOVIES}
WINDOWS = {
    "window_grating_start": "stim_grating.started",
    "window_grating_stop": "display_gratings.stopped",
    "window_gray_start": "stim_grayScreen.started",
    "window_gray_stop": "stim_grating.started",
}


class Onset(NamedTuple):
    """A column and its numbers, of which the first is what the trials are counted from."""

    column: str
    numbers: Floats


class Psychopy(IntervalSeriesSource):
    """`*_psychopy.csv` with dotted column names, a key response that started it, and `expStart` as local time.

    Times become seconds since the first pulse of the card in the event log (its `device_ts`, else `packet_ts`).
    `start_s` and `stop_s` are the grating's window, else the gray screen's, else the trial's time for both.
    """

    tag = "psychopy"
    patterns = ("*_psychopy.csv",)
    requires = ("dataqueue",)

    def build_intervals(self, path: Path, *, context: LoadContext | None) -> tuple[pd.DataFrame, dict[str, Any]]:
        log = need_log(context)
        table = read_delimited(path)
        task = _task(path, context)
        branch = task if task in BRANCHES else "raw"
        display = _find(path, table, r"display_.*\.started", "a trial's start", at_least=2)
        key = _find(path, table, r"key_resp.*\.rt", "a key response", at_least=1)
        began, pulse = _began(path, table), _first_pulse(path, log)
        offset = (pulse - began) / np.timedelta64(1, "ns") / 1e9
        rows = _rows(path, table, branch)
        frame = _shifted(table.take(rows), branch, offset)
        start, stop = _bounds(frame, branch, row_time=display.numbers[rows] - offset)
        pressed = float(key.numbers[np.isfinite(key.numbers)][0])
        meta = {
            "source_file": str(path),
            "n_rows": len(rows),
            "task_inferred": f"task-{task}" if task else None,
            "task_branch": branch,
            "row_time_column": display.column,
            "row_time_extended_to": _extended(display.numbers),
            "key_resp_rt": pressed,
            "key_resp_column": key.column,
            "exp_start": str(began.astype("datetime64[us]")),
            "exp_start_offset_s": offset,
            "exp_start_keypress_offset_s": offset - pressed,
            "dataqueue_file": log_name(context),
            "dataqueue_pulses": int(log.mask(PULSES).sum()),
            "dataqueue_queue_start": float(log.queue[0]),
            "abs_start_time": f"{pulse.astype('datetime64[us]')}Z",
            "time_basis": "psychopy_zero_based",
            "alignment_method": "first_pulse",
        }
        return columns.frame(frame | {"start_s": start, "stop_s": stop}), meta


def _task(path: Path, context: LoadContext | None) -> str | None:
    """The task of the row; where it has none, that in the file's own name."""
    named = context.task if context is not None and context.task != context.settings.session_task else None
    found = TASK.search((named or path.name).lower())
    if found:
        return found[1]
    return next((branch for branch in BRANCHES if branch in path.name.lower()), None)


def _find(path: Path, table: pa.Table, pattern: str, what: str, *, at_least: int) -> Onset:
    for name in table.column_names:
        if re.fullmatch(pattern, name):
            values = columns.numbers(table[name])
            if np.isfinite(values).sum() >= at_least:
                return Onset(name, values)
    raise UnreadableError(path, f"no column for {what} (named as {pattern}) with {at_least} or more numbers")


def _began(path: Path, table: pa.Table) -> np.datetime64:
    require(path, table, "expStart")
    said = table["expStart"].drop_null()
    found = START.match(said[0].as_py()) if len(said) else None
    if found is None:
        raise UnreadableError(path, "expStart holds no local time such as 2025-07-08 16h57.57.000000")
    return np.datetime64(f"{found[1]}T{found[2]}:{found[3]}:{found[4]}", "ns")


def _first_pulse(path: Path, log: DataqueueIndex) -> np.datetime64:
    pulses = log.mask(PULSES)
    for name in ("device_ts", "packet_ts"):
        if name in log.frame.columns and log.frame[name].dtype.kind == "M":
            at = instants.nanoseconds(log.frame[name].array)[pulses]
            known = at[at != instants.NO_TIME]
            if len(known):
                return np.datetime64(int(known[0]), "ns")
    raise UnreadableError(path, f"the event log has no message of a device named like {PULSES!r} with a time")


def _rows(path: Path, table: pa.Table, branch: str) -> Any:
    if branch not in BRANCHES:
        return np.arange(table.num_rows)
    if not set(BRANCHES[branch]) & set(table.column_names):
        raise UnreadableError(path, f"none of the columns of {branch}: {', '.join(BRANCHES[branch])}")
    if branch == "movies":
        return np.arange(table.num_rows)
    require(path, table, "trials.thisN")
    rows = np.flatnonzero(np.isfinite(columns.numbers(table["trials.thisN"])))
    if not len(rows):
        raise UnreadableError(path, "no gratings trial: every trials.thisN is blank")
    return rows


def _shifted(table: pa.Table, branch: str, offset: float) -> dict[str, Any]:
    """The branch's columns that hold anything, times shifted, each named with its branch."""
    names = [name for name in BRANCHES.get(branch, table.column_names) if name in table.column_names]
    windows = {new: old for new, old in WINDOWS.items() if branch == "gratings" and old in names}
    shifted: dict[str, Any] = {}
    for new, old in {**{name: name for name in names}, **windows}.items():
        if table[old].null_count == len(table[old]):
            continue
        is_time = new.endswith(SHIFTED) or new in windows
        shifted[f"{branch}_{new}"] = columns.numbers(table[old]) - offset if is_time else columns.plain(table[old])
    return shifted


def _bounds(frame: dict[str, Any], branch: str, *, row_time: Floats) -> tuple[Floats, Floats]:
    for kind in ("grating", "gray"):
        start, stop = (frame.get(f"{branch}_window_{kind}_{end}") for end in ("start", "stop"))
        if start is not None and stop is not None:
            return start, stop
    return row_time, row_time


def _extended(values: Floats) -> float:
    """The last trial's time and the usual step after it, in seconds of the experiment."""
    known = values[np.isfinite(values)]
    return float(known[-1] + np.median(np.diff(known)))
