"""The rig's event log, one line per message of any device, and the clock of its session; it aligns nothing itself."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import Timed, TimeseriesSource
from sinagotd.datakit.sources import columns, instants
from sinagotd.datakit.sources.alignment import CAMERAS, PUPIL_CAMERA
from sinagotd.datakit.sources.delimited import read_delimited, require
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.streams import Floats

TIMES = ("device_ts", "packet_ts")
ALIASES = dict.fromkeys(CAMERAS, "meso") | {PUPIL_CAMERA: "pupil"}


class Dataqueue(TimeseriesSource):
    """`*_dataqueue.csv`: `queue_elapsed` in seconds of any origin; `device_id`, `device_ts`, `packet_ts`, `payload`.

    Every column is kept; `payload` stays whole numbers, numbers or text, as it is; t is zero at the first time in the file.
    """

    tag = "dataqueue"
    patterns = ("*_dataqueue.csv",)
    queue_column: ClassVar[str] = "queue_elapsed"

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:
        column = context.settings.queue_column if context else self.queue_column
        table = read_delimited(path)
        require(path, table, column)
        queue = columns.numbers(table[column])
        finite = np.isfinite(queue)
        if not finite.any():
            raise UnreadableError(path, f"no number in the column {column!r}")
        elapsed = queue - queue[finite][0]
        values = _values(table, queue, queue_column=column) | {"time_elapsed_s": elapsed}
        return elapsed, columns.frame(values), {"source_file": str(path), **_summary(values, queue, elapsed)}


def _values(table: pa.Table, queue: Floats, *, queue_column: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in table.column_names:
        if name == queue_column:
            made[name] = queue
        elif name in TIMES:
            made[name] = _times_if_any(table[name])
        elif name == "device_id":
            made[name] = columns.categories(table[name])
        else:
            made[name] = columns.plain(table[name])
    return made


def _times_if_any(column: pa.ChunkedArray) -> Any:
    read = instants.times(column)
    return columns.plain(column) if read.isna().all() else read


def _summary(values: dict[str, Any], queue: Floats, elapsed: Floats) -> dict[str, Any]:
    """What is known of the devices: first queue time, rate in Hz, and the line from elapsed seconds to the UTC epoch."""
    ids = values.get("device_id")
    names = [] if ids is None else [str(name) for name in ids.categories]
    rows = {name: np.flatnonzero(ids.codes == code) for code, name in enumerate(names)} if ids is not None else {}
    rows = {name: mine[np.isfinite(queue[mine])] for name, mine in sorted(rows.items())}
    rows = {name: mine for name, mine in rows.items() if len(mine)}
    master = _master(names)
    return {
        "n_entries": len(queue),
        "master_device_id": master,
        "master_queue_start": float(queue[rows[master][0]]) if master in rows else None,
        "per_device_queue_start": {name: float(queue[mine[0]]) for name, mine in rows.items()},
        "device_sample_rate_hz": {name: rate_hz(queue[mine]) for name, mine in rows.items()},
        "device_aliases": {name: alias for name in names if (alias := _alias(name))},
        "affine": _affine(values.get("device_ts"), elapsed, rows.get(master)),
        "time_basis": "queue_elapsed",
    }


def _master(names: list[str]) -> str:
    for word in CAMERAS:
        for name in names:
            if word in name.lower():
                return name
    return names[0] if names else "master"


def _alias(name: str) -> str | None:
    return next((alias for word, alias in ALIASES.items() if word in name.lower()), None)


def rate_hz(queue: Floats) -> float:
    """One over the median step forward of times in seconds; zero below two of them."""
    steps = np.diff(queue)
    forward = np.sort(steps[steps > 0])
    if not len(forward):
        return 0.0
    middle = (forward[(len(forward) - 1) // 2] + forward[len(forward) // 2]) / 2
    return float(1.0 / middle)


def _affine(times: Any, elapsed: Floats, rows: Any) -> dict[str, float] | None:
    """The line through the master's first and last message with a time; None where there are not two."""
    if rows is None or getattr(times, "dtype", None) is None or times.dtype.kind != "M":
        return None
    at = instants.nanoseconds(times)
    known = rows[at[rows] != instants.NO_TIME]
    if len(known) < 2 or elapsed[known[0]] == elapsed[known[-1]]:
        return None
    epoch = at[known[[0, -1]]] / 1e9
    slope = float((epoch[1] - epoch[0]) / (elapsed[known[-1]] - elapsed[known[0]]))
    return {"a": slope, "b": float(epoch[0] - slope * elapsed[known[0]])}
