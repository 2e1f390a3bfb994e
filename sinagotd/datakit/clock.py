"""The session's clock as an event log gives it: between which queue times the camera ran."""

from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.settings import DatasetSettings
from sinagotd.datakit.streams import LoadedStream, PayloadKind


def clock_fields(log: LoadedStream, settings: DatasetSettings) -> dict[str, Any]:
    """The fields of a LoadContext that the log fills."""
    frame = log.value if log.payload.kind is PayloadKind.TABLE else None
    window = None if frame is None else experiment_window(frame, settings)
    return {"master_timeline": log.t, "dataqueue_frame": frame, "dataqueue_meta": log.meta, "experiment_window": window}


def experiment_window(frame: pd.DataFrame, settings: DatasetSettings) -> tuple[float, float] | None:
    """First and last numeric queue time, in file order, of rows whose device is a camera; None without such rows."""
    if not {settings.queue_column, settings.device_column} <= set(frame.columns):
        return None
    codes, devices = _coded(frame[settings.device_column])
    patterns = [pattern.lower() for pattern in settings.window_device_patterns]
    camera = [any(pattern in device.lower() for pattern in patterns) for device in devices]
    rows = np.array([*camera, False])[codes]
    times = _numbers(frame[settings.queue_column])[rows]
    times = times[np.isfinite(times)]
    return (float(times[0]), float(times[-1])) if times.size else None


def _coded(column: "pd.Series[Any]") -> tuple[Any, list[str]]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.array.codes, list(map(str, column.array.categories))
    codes, values = pd.factorize(column)
    return codes, list(map(str, values))


def _numbers(column: "pd.Series[Any]") -> Any:
    if column.dtype == np.float64:
        return column.to_numpy()
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
