"""Cuts a stream into windows around events, and averages them; it neither loads nor filters."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from sinagotd.datakit.streams import Floats

Method = Literal["interp", "nearest"]


def peri_event_grid(pre: float, post: float, fs: float) -> Floats:
    """The times of one window in seconds: round((pre + post) · fs) points, the first at -pre.

    Raises ValueError unless fs (in Hz) is above zero.
    """
    if fs <= 0:
        raise ValueError(f"fs is a rate in Hz above zero, not {fs}")
    return np.arange(round((pre + post) * fs)) / fs - pre


def epoch(  # noqa: PLR0913  the arguments that users of datakit know
    t: ArrayLike,
    values: ArrayLike,
    onsets: ArrayLike,
    *,
    pre: float,
    post: float,
    fs: float,
    method: Method = "interp",
) -> tuple[Floats, Floats]:
    """Cut windows out of a stream: the grid (bins,) in seconds and the stack (onsets, bins).

    `t` (n,) are the times of `values` (n,) in seconds, increasing; `method` takes the line between two samples or the
    nearest one. Outside of the stream there is NaN. Raises ValueError when `t` is not one-dimensional, of another length
    than `values`, or out of order.
    """
    at, samples = np.asarray(t, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if at.ndim != 1 or at.shape != samples.shape:
        raise ValueError(f"times and values have to be two rows of one length, not {at.shape} and {samples.shape}")
    if np.any(np.diff(at) < 0):
        raise ValueError("times have to increase")
    grid = peri_event_grid(pre, post, fs)
    wanted = np.asarray(onsets, dtype=np.float64).reshape(-1, 1) + grid
    if not len(at):
        return grid, np.full(wanted.shape, np.nan)
    if method == "interp":
        return grid, np.interp(wanted, at, samples, left=np.nan, right=np.nan)
    if method != "nearest":
        raise ValueError(f"method is 'interp' or 'nearest', not {method!r}")
    return grid, np.where((wanted < at[0]) | (wanted > at[-1]), np.nan, samples[_nearest(at, wanted)])


def event_triggered_average(
    t: ArrayLike, values: ArrayLike, onsets: ArrayLike, *, baseline: tuple[float, float] | None = None, **window: Any
) -> tuple[Floats, Floats, Floats]:
    """As `epoch` (`window`: pre, post, fs, method), with the mean over events: grid (bins,), mean (bins,), stack (onsets, bins).

    NaN does not count. `baseline` = (start, stop) in seconds of the grid, stop excluded: its mean is taken off each event.
    """
    grid, stack = epoch(t, values, onsets, **window)
    if baseline is not None:
        inside = (grid >= baseline[0]) & (grid < baseline[1])
        stack = stack - _mean(stack[:, inside], axis=1)[:, np.newaxis]
    return grid, _mean(stack, axis=0), stack


def _nearest(at: Floats, wanted: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.intp]]":
    """The place of the sample nearest to each wanted time; of two as near, the earlier."""
    after = np.searchsorted(at, wanted).clip(0, len(at) - 1)
    before = (after - 1).clip(0)
    return np.where(wanted - at[before] <= at[after] - wanted, before, after)


def _mean(stack: Floats, *, axis: int) -> Floats:
    """Mean without NaN; NaN, and no warning, where there is nothing else."""
    present = np.isfinite(stack)
    count = present.sum(axis=axis)
    total = np.where(present, stack, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(np.shape(count), np.nan), where=count > 0))
