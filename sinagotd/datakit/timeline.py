"""The rig's event log as a clock: queue times by device, and how other clocks are mapped onto it; it guesses no device."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sinagotd.datakit.streams import Floats

Mask = NDArray[np.bool_]
Selector = str | Sequence[str] | Callable[["pd.Series[Any]"], Any]
COUNTER_32_BIT = 2**32


def numbers_of(series: "pd.Series[Any]") -> Floats:
    """A column as float64, (n,); what is no number is NaN."""
    if series.dtype.kind == "f":
        return series.to_numpy(dtype=np.float64)

    return pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


class TimelineSlice:
    """Some rows of the event log, in file order."""

    def __init__(self, frame: pd.DataFrame, *, queue_column: str = "queue_elapsed") -> None:
        self.frame = frame
        self._queue_column = queue_column

    def queue_elapsed(self) -> "pd.Series[float]":
        """Queue times in seconds, of arbitrary origin."""
        return self.frame[self._queue_column]

    def packet_absolute(self) -> "pd.Series[str]":
        """When the packets arrived, as ISO 8601 in UTC; missing where the log has no time."""
        times = pd.to_datetime(self.frame["packet_ts"], format="ISO8601", utc=True, errors="coerce")
        return times.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class DataqueueIndex:
    """A view over one event log: which device spoke when. Rows without a queue time are left out."""

    def __init__(
        self, frame: pd.DataFrame, *, queue_column: str = "queue_elapsed", device_column: str = "device_id"
    ) -> None:
        queue = numbers_of(frame[queue_column])
        finite = np.isfinite(queue)
        self.frame = frame if finite.all() else frame[finite]
        self.queue: Floats = queue[finite]
        self.queue_column = queue_column
        self.device_column = device_column

    @classmethod
    def from_path(cls, path: str | Path, *, queue_column: str = "queue_elapsed") -> "DataqueueIndex":
        """Read a log. Raises FileNotFoundError where there is none, or none with a queue time in it."""
        try:
            index = cls(pd.read_csv(path), queue_column=queue_column)
        except (OSError, ValueError, KeyError) as fault:
            raise FileNotFoundError(f"{path} is no event log with a column {queue_column!r}: {fault}") from None
        if not len(index.queue):
            raise FileNotFoundError(f"{path} has no row with a number in {queue_column!r}")
        return index

    @classmethod
    def for_directory(cls, folder: str | Path, *, pattern: str = "*_dataqueue.csv") -> "DataqueueIndex | None":
        """The first log of a folder by name, read anew each time; None where there is none."""
        found = sorted(Path(folder).glob(pattern))
        return cls.from_path(found[0]) if found else None

    @cached_property
    def _coded(self) -> tuple[NDArray[Any], list[str]]:
        """The device of each row as a number, and the names by number, in order of appearance."""
        if self.device_column not in self.frame.columns:
            return np.full(len(self.queue), -1), []
        ids = self.frame[self.device_column]
        if isinstance(ids.dtype, pd.CategoricalDtype):
            return ids.array.codes, [str(name) for name in ids.array.categories]
        codes, names = pd.factorize(ids)
        return codes, [str(name) for name in names]

    def device_ids(self) -> list[str]:
        """The devices in order of appearance."""
        codes, names = self._coded
        present, first = np.unique(codes, return_index=True)
        return [names[code] for _, code in sorted(zip(first, present, strict=True)) if code >= 0]

    def mask(self, *words: str) -> Mask:
        """Rows of the devices whose name contains one of the words, whatever the case."""
        codes, names = self._coded
        wanted = [any(word.lower() in name.lower() for word in words) for name in names]
        return np.asarray(np.array([*wanted, False])[codes])  # rows without a device are coded as -1, the last

    def times(self, *words: str) -> Floats:
        """Queue times in seconds of the devices whose name contains one of the words, in file order."""
        return self.queue[self.mask(*words)]

    def window(self, *words: str) -> tuple[float, float] | None:
        """First and last queue time of these devices in file order; None where they spoke less than twice."""
        times = self.times(*words)
        return (float(times[0]), float(times[-1])) if len(times) >= 2 else None

    def slice(self, selector: Selector) -> TimelineSlice:
        """The rows of one device (its exact name), of several (a list), or those a function of the ids says."""
        ids = self.frame[self.device_column]
        if callable(selector):
            chosen = np.asarray(selector(ids), dtype=bool)
        else:
            chosen = ids.isin([selector] if isinstance(selector, str) else list(selector)).to_numpy()
        return TimelineSlice(self.frame[chosen], queue_column=self.queue_column)

    def queue_series(self, selector: Selector | None = None) -> "pd.Series[float]":
        """Queue times in seconds, of all rows or of those selected."""
        return self.frame[self.queue_column] if selector is None else self.slice(selector).queue_elapsed()

    def absolute_for_device(self, word: str) -> tuple[Floats, list[str]] | None:
        """Seconds since the first message, and ISO times, of devices whose name contains a word; None without any."""
        chosen = self.mask(word)
        if not chosen.any():
            return None
        piece = TimelineSlice(self.frame[chosen], queue_column=self.queue_column)
        return self.relative(self.queue[chosen]), list(piece.packet_absolute())

    @staticmethod
    def fit_affine(x: ArrayLike, y: ArrayLike) -> tuple[float, float, float]:
        """Slope, intercept and r² of the least-squares line through (n,) points. Raises ValueError below two of them."""
        xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if len(xs) < 2:
            raise ValueError(f"a line needs two points or more, not {len(xs)}")
        x0, y0 = xs.mean(), ys.mean()
        dx, dy = xs - x0, ys - y0
        spread, height = float(dx @ dx), float(dy @ dy)
        if spread == 0:
            raise ValueError("a line needs two points that differ; this counter stands still")
        slope = float(dx @ dy) / spread
        rest = dy - slope * dx
        return slope, float(y0 - slope * x0), 1.0 - float(rest @ rest) / height if height else 1.0

    @staticmethod
    def relative(series: ArrayLike) -> Floats:
        """The values minus the first finite one, (n,)."""
        values = np.asarray(series, dtype=np.float64)
        finite = values[np.isfinite(values)]
        return values - finite[0] if len(finite) else values

    @staticmethod
    def fix_32bit_wraparound(counts: ArrayLike) -> NDArray[np.int64]:
        """A counter of 32 bits without its returns to zero: 2³² is added wherever it drops by more than 2³¹."""
        values = np.asarray(counts, dtype=np.int64)
        drops = np.diff(values, prepend=values[:1]) < -(COUNTER_32_BIT // 2)
        return values + COUNTER_32_BIT * np.cumsum(drops)
