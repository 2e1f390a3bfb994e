"""Cell traces that Suite2p found, timed by the pulses of the acquisition card; `stat.npy` and `ops.npy` stay closed."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import Timed, TimeseriesSource
from sinagotd.datakit.sources.alignment import log_name, need_log
from sinagotd.datakit.sources.arrays import Array, read_npy
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.streams import Floats
from sinagotd.datakit.timeline import DataqueueIndex, numbers_of

PULSES = "nidaq"
PULSES_PER_FRAME = 2
BASELINE_PERCENTILE = 3.0
PICKLED = ("stat.npy", "ops.npy")


class Plane(NamedTuple):
    """One plane's arrays: F and Fneu are (cells, frames), cells is (cells, 2): accepted, probability."""

    name: str
    fluorescence: Array
    neuropil: Array
    cells: Array


class Suite2p(TimeseriesSource):
    """`*_suite2p/…/plane0/F.npy` with `Fneu.npy` and `iscell.npy` beside it, and those of the planes beside that one.

    Cells of all planes stand below each other; `plane` says which is whose. Times, in seconds from the first frame, are NaN
    for frames that no pulse was counted for. `deltaf_f` is taken from F as it is, without a correction for the neuropil.
    """

    tag = "suite2p"
    patterns = ("**/*_suite2p/**/plane0/F.npy",)
    requires = ("dataqueue",)
    companions = ("*.npy", "../plane*/*.npy")

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:
        log = need_log(context)
        planes = [_plane(file) for file in _planes(path)]
        count = min(plane.fluorescence.shape[1] for plane in planes)
        elapsed, timing = frame_times(path, log, count)
        cells = _cells(path, planes, count)
        change, baseline = relative_change(cells["roi_fluorescence"])
        value = cells | {"deltaf_f": change, "time_native_s": elapsed, "time_elapsed_s": elapsed}
        meta = {
            "source_file": str(path),
            "plane": planes[0].name,
            "n_planes": len(planes),
            "n_rois": len(cells["cell_mask"]),
            "n_cells": len(cells["plane"]),
            "n_frames": count,
            "n_frames_left_out": max(plane.fluorescence.shape[1] for plane in planes) - count,
            "dataqueue_file": log_name(context),
            "baseline_percentile": BASELINE_PERCENTILE,
            "baseline_percentile_mean": float(baseline.mean()),
            "neuropil_correction": None,
            "not_read": [name for name in PICKLED if (path.parent / name).exists()],
        }
        return elapsed, value, meta | timing


def _cells(path: Path, planes: list[Plane], frames: int) -> dict[str, Any]:
    """The accepted cells of all planes, one below the other, and what is known of all that were found."""
    found = np.concatenate([plane.cells for plane in planes]).astype(np.float32)
    accepted = found[:, 0] > 0
    if not accepted.any():
        raise UnreadableError(path, "iscell.npy accepts no cell")
    traces = np.concatenate([plane.fluorescence[:, :frames] for plane in planes])[accepted].astype(np.float32)
    neuropil = np.concatenate([plane.neuropil[:, :frames] for plane in planes])[accepted].astype(np.float32)
    which = np.repeat(np.arange(len(planes)), [len(plane.cells) for plane in planes])
    return {
        "cell_identifier": found,
        "cell_mask": accepted,
        "plane": which[accepted].astype(np.int32),
        "plane_directory": ", ".join(plane.name for plane in planes),
        "roi_fluorescence": traces,
        "neuropil_fluorescence": neuropil,
    }


def frame_times(path: Path, log: DataqueueIndex, frames: int) -> tuple[Floats, dict[str, Any]]:
    """Seconds from the first frame, (frames,): two pulses each, lost pulses interpolated, NaN after the last pulse."""
    rows = log.mask(PULSES)
    if "payload" not in log.frame.columns or not rows.any():
        raise UnreadableError(path, f"the event log has no pulses (payload of a device named like {PULSES!r})")
    count = numbers_of(log.frame["payload"])[rows]
    known = np.isfinite(count)
    order = np.argsort(count[known], kind="stable")
    count, queue = count[known][order], log.queue[rows][known][order]
    if len(count) < 2 or np.any(np.diff(count) <= 0) or np.any(np.diff(queue) < 0):
        raise UnreadableError(
            path, "the pulses in the event log are fewer than two, or their counter does not increase"
        )
    wanted = count[0] + PULSES_PER_FRAME * np.arange(frames)
    times = np.interp(wanted, count, queue, right=np.nan) - queue[0]
    span, expected = int(count[-1] - count[0]) + 1, PULSES_PER_FRAME * frames
    return times, {
        "time_basis": "nidaq_interpolated",
        "pulses_per_frame": PULSES_PER_FRAME,
        "dq_pulse_count": len(count),
        "dq_pulse_span": span,
        "dq_expected_pulse_span": expected,
        "dq_pulse_span_match": span == expected,
        "n_frames_without_pulse": int(np.isnan(times).sum()),
    }


def relative_change(traces: Array) -> tuple[Array, Array]:
    """(F - F₀) / F₀ (cells, frames), and F₀ (cells,), the 3rd percentile of each cell; NaN where that is about zero."""
    baseline = np.percentile(traces, BASELINE_PERCENTILE, axis=1).astype(np.float32)
    usable = np.where(np.abs(baseline) > 1e-9, baseline, np.nan)[:, np.newaxis]
    with np.errstate(invalid="ignore", over="ignore"):  # a damaged trace is not a number, and needs no warning
        return (traces - usable) / usable, baseline


def _planes(path: Path) -> list[Path]:
    """The file itself, and those of the other planes beside its folder, in order of their number."""
    found = [file for file in path.parent.parent.glob("plane*/F.npy") if file.parent.name[5:].isdecimal()]
    return sorted(found, key=lambda file: int(file.parent.name[5:])) if path in found else [path]


def _plane(file: Path) -> Plane:
    companions = [file.with_name(name) for name in ("Fneu.npy", "iscell.npy")]
    absent = [one.name for one in companions if not one.is_file()]
    if absent:
        raise FileNotFoundError(f"{file.parent.name} has F.npy and no {' nor '.join(absent)} beside it")
    traces, neuropil, cells = (read_npy(one) for one in (file, *companions))
    cells = cells.reshape(len(cells), -1)
    if traces.ndim != 2 or neuropil.shape != traces.shape or len(cells) != len(traces):
        what = f"F {traces.shape}, Fneu {neuropil.shape} and iscell {cells.shape} are not of the same cells and frames"
        raise UnreadableError(file, what)
    return Plane(file.parent.name, traces, neuropil, cells)
