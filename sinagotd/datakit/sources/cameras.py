"""What a camera said of each of its frames, from the JSON beside the film; it opens no film."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import TableSource, Timed
from sinagotd.datakit.sources import columns, instants
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.readers import table_of_records
from sinagotd.datakit.sources.records import Records, read_json, records_of
from sinagotd.datakit.streams import Floats

NESTED = "camera_metadata"
ABSOLUTE, ELAPSED_MS, RUNNER_MS = "TimeReceivedByCore", "ElapsedTime-ms", "runner_time_ms"
DROPPED = (
    *(NESTED, "property_values", "version", "format", "camera_device", "pixel_size_um", "images_remaining_in_buffer"),
    *("PixelType", "hardware_triggered", ELAPSED_MS, ABSOLUTE),
)


class CameraFrames(TableSource):
    """An object whose key `p0` holds one object per frame; `camera_metadata` inside of it is expanded.

    Time, zero at the first frame, is `TimeReceivedByCore` (kept as `time_absolute`), else `ElapsedTime-ms`, else
    `runner_time_ms`: the first of them that every frame has.
    """

    key: ClassVar[str] = "p0"
    any_key: ClassVar[bool] = False
    dropped: ClassVar[tuple[str, ...]] = DROPPED

    def build_table(self, path: Path, *, context: LoadContext | None) -> Timed:  # noqa: ARG002  a camera needs nothing of its row
        key, records = self._records(path)
        table = table_of_records(path, records, expand=(NESTED,))
        elapsed, absolute = _times(path, table)
        device = table["camera_device"][0].as_py() if "camera_device" in table.column_names else None
        values = {name: _column(name, table[name]) for name in table.column_names if name not in self.dropped}
        if absolute is not None:
            values["time_absolute"] = absolute
        meta = {"source_file": str(path), "n_frames": len(records), "device_id": device, "json_entry_key": key}
        return elapsed, columns.frame(values | {"time_elapsed_s": elapsed}), meta

    def _records(self, path: Path) -> tuple[str, Records]:
        content = read_json(path)
        if not isinstance(content, dict) or not content:
            raise UnreadableError(path, f"no object with a key {self.key!r} at its top")
        key = self.key if self.key in content or not self.any_key else next(iter(content))
        if key not in content:
            raise UnreadableError(path, f"no key {self.key!r}; there are {', '.join(content)}")
        return key, records_of(path, content[key])


class MesoMetadata(CameraFrames):
    """Frames of the mesoscope."""

    tag = "meso_metadata"
    patterns = ("*_mesoscope.ome.tiff_frame_metadata.json", "*_meso.ome.tiff_frame_metadata.json")
    camera_tag = "meso_metadata"
    dropped = (*DROPPED, "ROI-X-start", "ROI-Y-start", "mda_event", "Height", "Width")


class PupilMetadata(CameraFrames):
    """Frames of the pupil's camera; without `p0` the first key is taken."""

    tag = "pupil_metadata"
    patterns = ("*_pupil.mp4_frame_metadata.json", "*_pupil.ome.tiff_frame_metadata.json")
    camera_tag = "pupil_metadata"
    any_key = True


def _times(path: Path, table: pa.Table) -> tuple[Floats, Any]:
    """Seconds from the first frame, and the times of the clock on the wall, if it is they that say so."""
    if ABSOLUTE in table.column_names:
        absolute = instants.local_times(table[ABSOLUTE])
        at = instants.nanoseconds(absolute)
        if (at != instants.NO_TIME).all():
            return instants.seconds(at, at[0]), absolute
    for name in (ELAPSED_MS, RUNNER_MS):
        if name in table.column_names:
            milliseconds = columns.numbers(table[name])
            if np.isfinite(milliseconds).all():
                return (milliseconds - milliseconds[0]) / 1e3, None
    raise UnreadableError(path, f"no column {ABSOLUTE}, {ELAPSED_MS} or {RUNNER_MS} with a time for every frame")


def _column(name: str, column: pa.ChunkedArray) -> Any:
    match name:
        case "Camera":
            return columns.categories(column)
        case "Temperature":
            return columns.numbers(column).astype(np.float32)
        case "ImageNumber":
            return columns.counts(column)
    return columns.plain(column)
