"""Running speed, from the event log or a file of its own; the text of an encoder's payload is read here and nowhere else."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import Timed, TimeseriesSource
from sinagotd.datakit.sources import columns
from sinagotd.datakit.sources.alignment import as_meta, experiment_window, find_log, log_name, within
from sinagotd.datakit.sources.delimited import read_delimited, require
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.streams import Floats
from sinagotd.datakit.timeline import DataqueueIndex, Mask, numbers_of

PAYLOAD = r"^EncoderData\(timestamp=(\d+), *distance=(-?[\d.eE+-]+)[^,]*, *speed=(-?[\d.eE+-]+)"
SAMPLE = ("device_us", "distance", "speed")
VALUES = ("timestamp", "distance_mm", "speed_mm")
SPELLINGS = {"distance_mm": ("distance_mm", "distance"), "speed_mm": ("speed_mm", "speed_mm_s", "speed")}


class Treadmill(TimeseriesSource):
    """Samples of the row's event log where it holds any, timed by it from the camera's start; else the file's own.

    The file, `*_treadmill.csv` or `*_treadmill_data.csv`, has `timestamp` (µs, a counter of 32 bits), `distance_mm` and
    `speed_mm`; its time is zero at its first sample. Values: `timestamp` in µs, `distance_mm`, `speed_mm` (mm/s).
    """

    tag = "treadmill"
    patterns = ("*_treadmill.csv", "*_treadmill_data.csv")
    requires = ("dataqueue",)
    derived_from = "dataqueue"

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:
        log = find_log(context)
        samples = log_samples(log) if log else None
        if log is None or samples is None:
            if str(path) == log_name(context):
                raise UnreadableError(path, "the event log holds no treadmill")
            return _own(path)
        return _logged(context, log, samples)


def log_samples(log: DataqueueIndex) -> dict[str, Floats] | None:
    """Queue times, and what the encoder said with them, each (n,); None where the log holds no treadmill."""
    frame = log.frame
    if "payload" in frame.columns and frame["payload"].dtype.kind not in "iufb":
        said = frame["payload"].str.extract(PAYLOAD)
        spoken = said[0].notna().to_numpy()
        if spoken.any():
            return _samples(log, spoken, [said[place] for place in range(3)])
    spoken = log.mask("treadmill")
    if spoken.any() and set(SAMPLE) <= set(frame.columns):
        return _samples(log, spoken, [frame[name] for name in SAMPLE])
    return None


def _samples(log: DataqueueIndex, spoken: Mask, said: "list[pd.Series[Any]]") -> dict[str, Floats]:
    values = [numbers_of(one)[spoken] for one in said]
    return {"queue": log.queue[spoken], **dict(zip(VALUES, values, strict=True))}


def _logged(context: LoadContext | None, log: DataqueueIndex, samples: dict[str, Floats]) -> Timed:
    window = experiment_window(context, log)
    if window is None or window[1] <= window[0]:
        window = (float(log.queue.min()), float(log.queue.max()))
    finite = np.logical_and.reduce([np.isfinite(values) for values in samples.values()])
    kept = np.flatnonzero(finite & within(samples["queue"], window))
    kept = kept[np.argsort(samples["queue"][kept], kind="stable")]
    elapsed = samples["queue"][kept] - window[0]
    frame = columns.frame({name: samples[name][kept] for name in VALUES} | {"time_elapsed_s": elapsed})
    name = log_name(context)
    meta = {
        "source_file": name,
        "dataqueue_file": name,
        "n_samples": len(kept),
        "source_method": "dataqueue_encoder_payload",
        "experiment_window": as_meta(window),
        "n_encoder_payloads": len(samples["queue"]),
        "n_kept": len(kept),
    }
    return elapsed, frame, meta


def _own(path: Path) -> Timed:
    table = _renamed(path, read_delimited(path))
    read = {name: columns.numbers(table[name]) for name in VALUES}
    usable = np.flatnonzero(np.logical_and.reduce([np.isfinite(values) for values in read.values()]))
    if not len(usable):
        raise UnreadableError(path, "no row with numbers in all of timestamp, distance and speed")
    counter = DataqueueIndex.fix_32bit_wraparound(read["timestamp"][usable])
    _, first = np.unique(counter, return_index=True)  # sorted, the first row of each time
    rows, counter = usable[first], counter[first]
    elapsed = (counter - counter[0]) / 1e6
    frame = columns.plain_frame(table.take(rows)).assign(time_elapsed_s=elapsed)
    meta = {
        "source_file": str(path),
        "dataqueue_file": None,
        "n_samples": len(rows),
        "source_method": "treadmill_csv_fallback",
        "experiment_window": None,
        "alignment": None,
    }
    return elapsed, frame, meta


def _renamed(path: Path, table: pa.Table) -> pa.Table:
    names = dict.fromkeys(table.column_names)
    spelt = {next((s for s in spellings if s in names), name): name for name, spellings in SPELLINGS.items()}
    table = table.rename_columns([spelt.get(name, name) for name in names])
    require(path, table, *VALUES)
    return table
