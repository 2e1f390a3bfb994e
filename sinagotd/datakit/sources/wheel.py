"""Clicks of a running wheel; its times come from the encoder's messages in the event log where there is one."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import Timed, TimeseriesSource
from sinagotd.datakit.sources import columns
from sinagotd.datakit.sources.alignment import PUPIL_CAMERA, anchored, find_log, log_name
from sinagotd.datakit.sources.delimited import read_delimited, require_columns
from sinagotd.datakit.streams import Floats

ENCODER = "encoder"


class Wheel(TimeseriesSource):
    """`*_wheel.csv`: `Clicks`, `Time` in seconds, `Speed` in mm/s; `Started` and `Stopped` in the first row.

    Samples are timed by the encoder's messages (one each, or evenly between them), zero at the pupil camera's first;
    without those by their own clock, zero at the first sample. A file without samples gives none.
    """

    tag = "wheel"
    patterns = ("*_wheel.csv",)
    requires = ("dataqueue",)

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:
        table = read_delimited(path)
        require_columns(path, table, "Clicks", "Time", "Speed")
        clock = columns.numbers(table["Time"])
        rows = np.flatnonzero(np.isfinite(clock))
        rows = rows[np.argsort(clock[rows], kind="stable")]
        clock = clock[rows]
        clicks = _blank_is_zero(columns.numbers(table["Clicks"]))[rows].astype(np.int64)
        speed = _blank_is_zero(columns.numbers(table["Speed"]))[rows]
        elapsed, timing = _aligned(clock, context)
        distance = integral(speed, clock)
        values = {
            "time_elapsed_s": elapsed,
            "time_reference_s": clock,
            "click_delta": clicks,
            "click_position": np.cumsum(clicks),
            "speed_mm": speed,
            "distance_mm": distance,
        }
        meta = {
            "source_file": str(path),
            "n_samples": len(rows),
            "start_time": _first(table, "Started"),
            "stop_time": _first(table, "Stopped"),
            "duration_s": float(elapsed[-1]) if len(rows) else 0.0,
            "total_distance_mm": float(distance[-1]) if len(rows) else 0.0,
            "total_click_delta": int(clicks.sum()),
            "source_method": "wheel_csv_v2",
        }
        return elapsed, columns.frame(values), meta | timing


def integral(values: Floats, over: Floats) -> Floats:
    """The trapezoid integral up to each sample, zero at the first, (n,)."""
    areas = np.diff(over) * (values[1:] + values[:-1]) / 2
    return np.concatenate([np.zeros(min(1, len(values))), np.cumsum(areas)])


def _blank_is_zero(values: Floats) -> Floats:
    return np.where(np.abs(values) < 2**62, values, 0.0)  # NaN, infinity and what no int64 can hold


def _aligned(clock: Floats, context: LoadContext | None) -> tuple[Floats, dict[str, Any]]:
    own = clock - clock[:1] if len(clock) else clock
    log = find_log(context)
    if log is None:
        return own, _unaligned("no_dataqueue", context)
    anchors, origin = log.times(ENCODER), log.times(PUPIL_CAMERA)
    if len(anchors) < 2:
        return own, _unaligned("insufficient_anchors", context)
    if not len(origin):
        return own, _unaligned("missing_origin_anchors", context)
    times, how = anchored(anchors, len(clock))
    return times - origin[0], {
        "time_basis": "dataqueue",
        "dataqueue_file": log_name(context),
        "dataqueue_alignment": how,
        "dataqueue_anchors": len(anchors),
        "alignment_device": ENCODER,
        "alignment_origin_device": PUPIL_CAMERA,
        "alignment_origin_queue_elapsed": float(origin[0]),
        "alignment_origin_offset": float(anchors[0] - origin[0]),
    }


def _unaligned(why: str, context: LoadContext | None) -> dict[str, Any]:
    return {"time_basis": "wheel_clock", "dataqueue_alignment": why, "dataqueue_file": log_name(context)}


def _first(table: pa.Table, name: str) -> str | None:
    if name not in table.column_names:
        return None
    present = table[name].drop_null()
    return str(present[0].as_py()) if len(present) else None
