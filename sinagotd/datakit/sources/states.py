"""Collapses runs of a state column into intervals; it aligns no clock."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.streams import Floats


def state_runs(
    path: Path,
    frame: pd.DataFrame,
    t: Floats,
    *,
    state: str,
    groups: Sequence[str],
    phases: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, "np.ndarray[tuple[int], np.dtype[np.intp]]"]:
    """One interval per state within its group, and the row of the table that each begins at.

    Columns: `phase`, those of the group, `start_s`, `stop_s`, `duration_s`, in seconds; sorted by start. `phases` renames
    states, and those that it does not name are left out. Raises UnreadableError when a column is absent.
    """
    absent = [name for name in (state, *groups) if name not in frame.columns]
    if absent:
        raise UnreadableError(path, f"no column {' nor '.join(map(repr, absent))}, which its intervals are made of")
    phase = frame[state].map(dict(phases)) if phases else frame[state]
    rows = np.flatnonzero(phase.notna().to_numpy() & np.isfinite(t))
    times = t[rows]
    number = np.zeros(len(rows), dtype=np.int64)
    for column in (phase, *(frame[name] for name in groups)):
        codes, kinds = pd.factorize(column.iloc[rows], use_na_sentinel=False)
        number = number * max(1, len(kinds)) + codes
    _, first, member = np.unique(number, return_index=True, return_inverse=True)
    start, stop = np.full(len(first), np.inf), np.full(len(first), -np.inf)
    np.minimum.at(start, member, times)
    np.maximum.at(stop, member, times)
    order = np.lexsort((first, start))
    begin = rows[first[order]]
    columns = {"phase": phase.iloc[begin].array, **{name: frame[name].iloc[begin].array for name in groups}}
    ends = {"start_s": start[order], "stop_s": stop[order], "duration_s": (stop - start)[order]}
    return pd.DataFrame(columns | ends), begin
