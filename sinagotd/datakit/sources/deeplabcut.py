"""Pupil diameter from the key points that DeepLabCut tracked; it opens no film and executes nothing of the file."""

from pathlib import Path
from typing import Any

import numpy as np

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import Timed, TimeseriesSource
from sinagotd.datakit.sources import columns
from sinagotd.datakit.sources.alignment import PUPIL_CAMERA, anchored, find_log, log_name
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.hdf5 import Columns, opened, read_table
from sinagotd.datakit.streams import Floats

KEY = "df_with_missing"
PAIRS = ((0, 1), (2, 3), (4, 5), (6, 7))
CONFIDENCE = 0.7
PIXELS_PER_MM = 53.6
ASSUMED_RATE_HZ = 20.0
COORDINATES = ("x", "y", "likelihood")


class PupilDlc(TimeseriesSource):
    """DeepLabCut's `.h5`: columns (scorer, body part, x | y | likelihood), from the first scorer.

    The diameter is the mean distance of the body parts in pairs (first and second by name, third and fourth, …) whose
    likelihoods are both 0.7 or more, in mm at 53.6 pixels each; gaps are filled in between, not before the first value.
    Times: the pupil camera's messages in the event log, else its frames' metadata, else 20 Hz assumed.
    """

    tag = "pupil_dlc"
    patterns = ("*_pupilDLC_*.h5", "*_pupilDLC_*.hdf5", "*_pupil.omeDLC_*.h5")
    requires = ("dataqueue", "pupil_metadata")
    camera_tag = "pupil_metadata"

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:
        points = _points(path, read_keypoints(path))
        diameter = _interpolated(_diameter_px(points)) / PIXELS_PER_MM
        elapsed, timing = _times(context, len(diameter))
        frame = columns.frame({"pupil_diameter_mm": diameter, "time_elapsed_s": elapsed})
        meta = {
            "source_file": str(path),
            "n_frames": len(diameter),
            "n_frames_measured": int(np.isfinite(diameter).sum()),
            "confidence_threshold": CONFIDENCE,
            "pixel_to_mm": PIXELS_PER_MM,
            "landmark_pairs": [list(pair) for pair in PAIRS],
        }
        return elapsed, frame, meta | timing

    def options(self) -> dict[str, Any]:
        return {"confidence": CONFIDENCE, "pixels_per_mm": PIXELS_PER_MM, "assumed_rate_hz": ASSUMED_RATE_HZ}


def read_keypoints(path: Path) -> Columns:
    """All columns (n,) by (scorer, body part, coordinate). Raises UnreadableError where the file holds no such table."""
    with opened(path) as file:
        key = KEY if KEY in file else next(iter(file), None)
    if key is None:
        raise UnreadableError(path, "an HDF5 file with nothing in it")
    table = read_table(path, key)
    if not all(isinstance(label, tuple) and len(label) >= 3 for label in table):
        raise UnreadableError(path, f"{key} has no columns named by scorer, body part and coordinate")
    return table


def _points(path: Path, table: Columns) -> Floats:
    """x, y and likelihood by body part in order of name: (parts, 3, frames)."""
    scorer = next(iter(table), ("",))[0]  # type: ignore[index]  # `read_keypoints` lets only tuples through
    by_part: dict[str, dict[str, Any]] = {}
    for label, values in table.items():
        first, part, coordinate = label[0], label[-2], label[-1]  # type: ignore[index]  # as above
        if first == scorer:
            by_part.setdefault(str(part), {})[str(coordinate)] = values
    whole = [by_part[part] for part in sorted(by_part) if set(COORDINATES) <= by_part[part].keys()]
    if len(whole) < 2:
        raise UnreadableError(path, "fewer than two body parts with x, y and likelihood")
    return np.array([[part[name] for name in COORDINATES] for part in whole], dtype=np.float64)


def _diameter_px(points: Floats) -> Floats:
    """The mean distance of the pairs that are sure, (frames,); NaN where none is."""
    total = np.zeros(points.shape[2])
    count = np.zeros(points.shape[2])
    for one, other in PAIRS:
        if other < len(points):
            a, b = points[one], points[other]
            sure = (a[2] >= CONFIDENCE) & (b[2] >= CONFIDENCE)
            total += np.where(sure, np.hypot(a[0] - b[0], a[1] - b[1]), 0.0)
            count += sure
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _interpolated(values: Floats) -> Floats:
    """Gaps filled along a line, the last value kept to the end; leading gaps stay NaN."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return values
    return np.interp(np.arange(len(values)), known, values[known], left=np.nan)


def _times(context: LoadContext | None, count: int) -> tuple[Floats, dict[str, Any]]:
    log = find_log(context)
    anchors = log.times(PUPIL_CAMERA) if log else np.empty(0)
    if len(anchors) >= 2:
        times, how = anchored(anchors, count)
        return times - times[0], {
            "time_basis": "dataqueue",
            "dataqueue_file": log_name(context),
            "dataqueue_device": PUPIL_CAMERA,
            "dataqueue_anchors": len(anchors),
            "dataqueue_alignment": how,
        }
    frames = context.get_dependency("pupil_metadata") if context else None
    if frames is not None and len(frames.t) >= 2:
        times, how = anchored(frames.t, count)
        return times - times[0], {"time_basis": "pupil_metadata", "pupil_metadata_alignment": how}
    return np.arange(count) / ASSUMED_RATE_HZ, {
        "time_basis": "assumed_frame_rate",
        "assumed_frame_rate_hz": ASSUMED_RATE_HZ,
    }
