"""Puts the times of a declared source on the clock of another one: by anchors, by a line, within a window."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.sources.alignment import anchored, as_meta, fit_line, within
from sinagotd.datakit.sources.declared.options import Clock
from sinagotd.datakit.sources.declared.times import Axis
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.streams import Floats, LoadedStream
from sinagotd.datakit.timeline import DataqueueIndex, Mask


class Aligned(NamedTuple):
    """Times (n,) on another source's clock, and the window, if any, that rows have to lie in."""

    t: Floats
    window: tuple[float, float] | None
    meta: dict[str, Any]


def on_clock(path: Path, axis: Axis, counter: Floats | None, *, clock: Clock, context: LoadContext | None) -> Axis:
    """The axis on the clock of another source, rows outside of its window left out. Raises as `align` does."""
    aligned = align(path, axis.t, counter, clock=clock, context=context)
    kept = np.flatnonzero(within(aligned.t, aligned.window)) if aligned.window else np.arange(len(aligned.t))
    return Axis(aligned.t[kept], axis.rows[kept], aligned.meta)


def align(path: Path, t: Floats, counter: Floats | None, *, clock: Clock, context: LoadContext | None) -> Aligned:
    """Times on the clock of another source, zero at its origin, or the start of its window, or else where its own zero is.

    `counter` (n,) is our side of the counter that both hold. Raises FileNotFoundError when the row has no such source and
    UnreadableError when the two cannot be brought together, unless the declaration says what to do `otherwise`.
    """
    try:
        log = Reference(_reference(context, clock), clock)
        times, how = _mapped(log, t, counter, clock)
        window = log.span(clock.window) if clock.window else None
        zero = log.span(clock.origin, at_least=1)[0] if clock.origin else window[0] if window else 0.0
    except (FileNotFoundError, ValueError) as fault:
        if clock.otherwise == "error":
            raise fault if isinstance(fault, FileNotFoundError) else UnreadableError(path, str(fault)) from None
        left = t if clock.otherwise == "own" else np.full(len(t), np.nan)
        return Aligned(left, None, {"time_basis": clock.otherwise, "alignment": str(fault)})
    meta = {"time_basis": clock.source, "alignment": how, "window": as_meta(window)}
    return Aligned(times - zero, (window[0] - zero, window[1] - zero) if window else None, meta)


class Reference:
    """Another source's stream as a clock: its times, by device."""

    def __init__(self, stream: LoadedStream, clock: Clock) -> None:
        self.stream = stream
        self.clock = clock
        self.t = stream.t if clock.time_column is None else np.asarray(self.column(clock.time_column), dtype=np.float64)

    def column(self, name: str) -> Any:
        """A column of its table. Raises ValueError where it has none of that name."""
        if name not in getattr(self.stream.value, "columns", ()):
            raise ValueError(f"{self.clock.source} has no column {name!r}")
        return self.stream.value[name]

    def mask(self, words: tuple[str, ...]) -> Mask:
        """Rows of the devices whose name contains one of the words; all rows without words."""
        known = np.isfinite(self.t)
        if not words:
            return known
        frame = self.column(self.clock.device_column).to_frame().assign(t=self.t)
        log = DataqueueIndex(frame, queue_column="t", device_column=self.clock.device_column)
        known[known] = log.mask(*words)
        return known

    def span(self, words: tuple[str, ...], *, at_least: int = 2) -> tuple[float, float]:
        """First and last message of these devices. Raises ValueError where there are too few."""
        times = self.t[self.mask(words)]
        if len(times) < at_least:
            raise ValueError(f"{self.clock.source} has {len(times)} messages of {' or '.join(words)}")
        return float(times[0]), float(times[-1])


def _mapped(log: Reference, t: Floats, counter: Floats | None, clock: Clock) -> tuple[Floats, Any]:
    if clock.how == "same":
        return t, "same"
    rows = log.mask(clock.device)
    if clock.how == "anchors":
        return anchored(log.t[rows], len(t))
    if clock.shared is None or counter is None:
        raise ValueError("a line needs a counter and the column that it is shared with")
    shared = np.asarray(log.column(clock.shared), dtype=np.float64)
    line = fit_line(shared[rows], log.t[rows])
    return line(counter), line._asdict()


def _reference(context: LoadContext | None, clock: Clock) -> LoadedStream:
    stream = context.get_dependency(clock.source) if context is not None else None
    if stream is None:
        name = (
            "without its row it" if context is None else f"{context.name} has no loaded {clock.source!r}, so this file"
        )
        raise FileNotFoundError(f"{name} has no clock")
    return stream
