"""Maps the clock of one file onto the event log of its session: by anchors, by a line, within a window. It reads no file."""

from typing import NamedTuple

import numpy as np

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.streams import Floats
from sinagotd.datakit.timeline import DataqueueIndex, Mask

CAMERAS = ("dhyana", "mesoscope")
PUPIL_CAMERA = "thorcam"


class Anchored(NamedTuple):
    """Times for samples that one device's messages stand for, and how they were found."""

    times: Floats
    how: str


class Line(NamedTuple):
    """queue seconds = a · counter + b."""

    a: float
    b: float

    def __call__(self, counter: Floats) -> Floats:
        return self.a * counter + self.b


def find_log(context: LoadContext | None) -> DataqueueIndex | None:
    """The row's event log, as its own source loaded it; None where the row has none."""
    if context is None or context.dataqueue_frame is None:
        return None
    settings = context.settings
    return DataqueueIndex(
        context.dataqueue_frame, queue_column=settings.queue_column, device_column=settings.device_column
    )


def need_log(context: LoadContext | None) -> DataqueueIndex:
    """As `find_log`. Raises FileNotFoundError where the row has no event log, or one that could not be loaded."""
    log = find_log(context)
    if log is None:
        name = "without its row it" if context is None else f"{context.name} has no event log, so this file"
        raise FileNotFoundError(f"{name} has no clock: it is timed by a *_dataqueue.csv of the same row")
    return log


def log_name(context: LoadContext | None) -> str | None:
    """Where the row's event log is."""
    path = context.path_for(context.settings.clock_tag) if context else None
    return str(path) if path else None


def anchored(anchors: Floats, count: int) -> Anchored:
    """Times of `count` samples: the anchors themselves when there are as many, else evenly between them by place.

    Raises ValueError below two anchors.
    """
    if len(anchors) < 2:
        raise ValueError(f"{len(anchors)} messages of the device are too few to time {count} samples")
    if len(anchors) == count:
        return Anchored(anchors, "direct")
    places = np.linspace(0, len(anchors) - 1, count)
    return Anchored(np.interp(places, np.arange(len(anchors)), anchors), "resampled")


def fit_line(counter: Floats, queue: Floats) -> Line:
    """The least-squares line from a counter to queue seconds, of the rows where both are known. Raises ValueError below two."""
    known = np.isfinite(counter) & np.isfinite(queue)
    slope, start, _ = DataqueueIndex.fit_affine(counter[known], queue[known])
    return Line(slope, start)


def experiment_window(context: LoadContext | None, log: DataqueueIndex) -> tuple[float, float] | None:
    """When the camera was running, in queue seconds: as the context says, else first and last message of the camera."""
    if context is not None and context.experiment_window is not None:
        return context.experiment_window
    return log.window(*(context.settings.window_device_patterns if context else CAMERAS))


def within(times: Floats, window: tuple[float, float]) -> Mask:
    """Which times lie in a window, its ends included."""
    return (times >= window[0]) & (times <= window[1])


def as_meta(window: tuple[float, float] | None) -> dict[str, float] | None:
    return None if window is None else {"start": float(window[0]), "end": float(window[1])}
