"""When each device of a session was started and stopped; it looks at no other file."""

from pathlib import Path
from typing import Any

import pandas as pd

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import IntervalSeriesSource
from sinagotd.datakit.sources import columns, instants
from sinagotd.datakit.sources.delimited import read_delimited, require_columns

ENDS = {"started": "start_s", "stopped": "stop_s"}


class Timestamps(IntervalSeriesSource):
    """`*_timestamps.csv`: `device_id`, `started`, `stopped` (ISO 8601, any precision and offset), further columns kept.

    `start_s` and `stop_s` are seconds from the earliest start; NaN where a time is absent or none.
    """

    tag = "timestamps"
    patterns = ("*_timestamps.csv",)

    def build_intervals(self, path: Path, *, context: LoadContext | None) -> tuple[pd.DataFrame, dict[str, Any]]:  # noqa: ARG002  a file of its own
        table = read_delimited(path)
        require_columns(path, table, "device_id", *ENDS)
        read = instants.same_zone(*(instants.local_times(table[name]) for name in ENDS))
        ends = dict(zip(ENDS, read, strict=True))
        values = {name: ends[name] if name in ends else columns.plain(table[name]) for name in table.column_names}
        at = {ENDS[name]: instants.nanoseconds(times) for name, times in ends.items()}
        known = at["start_s"][at["start_s"] != instants.NO_TIME]
        zero = known.min() if len(known) else 0
        frame = columns.frame(values | {name: instants.seconds(one, zero) for name, one in at.items()})
        devices = [str(name) for name in table["device_id"].drop_null().unique().to_pylist()]
        return frame, {"source_file": str(path), "devices": devices, "time_basis": "timestamps_relative"}
