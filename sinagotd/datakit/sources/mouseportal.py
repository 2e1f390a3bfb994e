"""Frames and trials of a virtual corridor, on the clock of the rig by the treadmill's counter that both files hold."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import IntervalSeriesSource, Timed, TimeseriesSource
from sinagotd.datakit.sources import columns
from sinagotd.datakit.sources.alignment import (
    Line,
    as_meta,
    experiment_window,
    fit_line,
    log_name,
    need_log,
    within,
)
from sinagotd.datakit.sources.delimited import read_delimited, require
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.states import state_runs
from sinagotd.datakit.sources.treadmill import log_samples
from sinagotd.datakit.timeline import DataqueueIndex

COUNTER = "treadmill_device_us"
PATTERNS = ("*_mouseportal.csv",)
PHASES = {"TRIAL_RUNNING": "trial", "INTER_TRIAL_INTERVAL": "iti"}


class Mouseportal(TimeseriesSource):
    """`*_mouseportal.csv`, one line per frame with `treadmill_device_us`: the frames of the session in order of time.

    t is zero when the camera starts; frames outside of the camera's time, or without a counter, are left out.
    """

    tag = "mouseportal"
    patterns = PATTERNS
    requires = ("dataqueue",)

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:
        log = need_log(context)
        table = read_delimited(path)
        require(path, table, COUNTER)
        counter = columns.numbers(table[COUNTER])
        line = _line(path, log)
        window = experiment_window(context, log) or (float(log.queue.min()), float(log.queue.max()))
        queue = line(counter)
        rows = np.flatnonzero((counter > 0) & within(queue, window))
        if not len(rows):
            raise UnreadableError(path, "no frame within the camera's time; is it the event log of another session?")
        rows = rows[np.argsort(queue[rows], kind="stable")]
        elapsed = queue[rows] - window[0]
        frame = columns.plain_frame(table.take(rows)).assign(time_elapsed_s=elapsed)
        meta = {
            "source_file": str(path),
            "dataqueue_file": log_name(context),
            "n_frames_total": table.num_rows,
            "n_frames_aligned": len(rows),
            "experiment_window": as_meta(window),
            "alignment": line._asdict(),
            "source_method": "dataqueue_device_us_affine",
        }
        return elapsed, frame, meta


class MouseportalTrials(IntervalSeriesSource):
    """The same file's trials and pauses: `phase`, `block`, `trial`, `condition`, `start_s`, `stop_s`, `duration_s`."""

    tag = "mouseportal_trials"
    patterns = PATTERNS
    requires = ("dataqueue", "mouseportal")

    def build_intervals(self, path: Path, *, context: LoadContext | None) -> tuple[pd.DataFrame, dict[str, Any]]:
        frames = context.get_dependency("mouseportal") if context else None
        if frames is None:
            frames = Mouseportal().load(path, context=context)
        trials, begin = state_runs(
            path, frames.value, frames.t, state="state", groups=("block", "trial"), phases=PHASES
        )
        named = frames.value["condition"].iloc[begin].fillna("").array if "condition" in frames.value.columns else ""
        trials.insert(3, "condition", named)
        meta = {
            "source_file": str(path),
            "n_trials": int((trials["phase"] == "trial").sum()),
            "alignment": frames.meta.get("alignment"),
            "experiment_window": frames.meta.get("experiment_window"),
        }
        return trials, meta


def _line(path: Path, log: DataqueueIndex) -> Line:
    samples = log_samples(log)
    if samples is None:
        raise UnreadableError(path, "the event log has no device_us of a treadmill, which its frames are timed by")
    try:
        return fit_line(samples["timestamp"], samples["queue"])
    except ValueError as fault:
        raise UnreadableError(path, f"the event log's treadmill cannot time it: {fault}") from None
