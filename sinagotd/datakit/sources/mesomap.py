"""Traces of brain regions, timed by the mesoscope's messages in the event log; beside it the map they were taken from."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import Timed, TimeseriesSource
from sinagotd.datakit.sources import columns
from sinagotd.datakit.sources.alignment import CAMERAS, anchored, find_log, log_name
from sinagotd.datakit.sources.arrays import read_npy
from sinagotd.datakit.sources.delimited import read_delimited, require
from sinagotd.datakit.streams import Floats

FRAME = "frame"


class Mesomap(TimeseriesSource):
    """`*_mesoscope.ome_traces.csv`: `frame` and one column per region; `.regions.csv` and `.mask.npy` may lie beside it.

    Without the camera in the event log there is no time: t is NaN, never the number of the frame.
    """

    tag = "mesomap"
    patterns = ("*_mesoscope.ome_traces.csv",)
    requires = ("dataqueue",)
    companions = ("*.regions.csv", "*.mask.npy")
    camera_tag = "meso_metadata"

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:
        table = read_delimited(path)
        require(path, table, FRAME)
        frames = columns.numbers(table[FRAME])
        order = np.argsort(frames, kind="stable")
        traces = columns.plain_frame(table.take(order), but=[FRAME])
        names = list(traces.columns)
        elapsed, timing = _times(context, len(order))
        traces["time_elapsed_s"] = elapsed
        meta = {
            "source_file": str(path),
            "n_frames": len(order),
            "n_rois": len(names),
            "trace_columns": names,
            "frame_column": FRAME,
            "frame_index": frames[order],
            "scope": "session",
        }
        return elapsed, traces, meta | timing | _regions(path, names) | _mask(path)


def _times(context: LoadContext | None, count: int) -> tuple[Floats, dict[str, Any]]:
    log = find_log(context)
    anchors = log.times(*CAMERAS) if log else np.empty(0)
    if log is not None and len(anchors) >= 2:
        times, how = anchored(anchors, count)
    elif log is not None and len(log.queue) == count:
        times, how = log.queue, "master_timeline"
    else:
        return np.full(count, np.nan), {"time_basis": None, "dataqueue_alignment": None}
    meta = {"time_basis": "dataqueue", "dataqueue_alignment": how, "dataqueue_anchors": len(anchors)}
    return times - times[0], meta | {"dataqueue_file": log_name(context)}


def _regions(path: Path, names: list[str]) -> dict[str, Any]:
    beside = path.with_suffix(".regions.csv")
    if not beside.is_file():
        return {"roi_to_mask_label": {}, "roi_missing_region_metadata": names, "regions_path": None, "region_count": 0}
    table: pa.Table = read_delimited(beside)
    require(beside, table, "acronym", "mask_label")
    labels = columns.plain(table["mask_label"])
    by_name = dict(zip(table["acronym"].to_pylist(), np.asarray(labels).tolist(), strict=True))
    return {
        "roi_to_mask_label": {name: by_name[name] for name in names if name in by_name},
        "roi_missing_region_metadata": [name for name in names if name not in by_name],
        "regions_path": str(beside),
        "region_count": table.num_rows,
        "regions_table": table.to_pydict(),
    }


def _mask(path: Path) -> dict[str, Any]:
    beside = path.with_suffix(".mask.npy")
    if not beside.is_file():
        return {"mask_path": None, "mask_missing": True}
    mask = read_npy(beside)
    return {
        "mask_path": str(beside),
        "mask_shape": mask.shape,
        "mask_dtype": str(mask.dtype),
        "mask_labels": np.unique(mask).tolist(),
        "mask_missing": False,
    }
