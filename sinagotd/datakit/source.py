"""The classes a source derives from; they say how a stream is put together and read no file themselves."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import numpy as np

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.streams import Floats, LoadedStream

if TYPE_CHECKING:
    import pandas as pd

Timed = tuple[Floats, Any, dict[str, Any]]
"""Times in seconds (n,), a value of any kind, and meta."""
Method = TypeVar("Method", bound=Callable[..., Any])


def document(method: Method) -> Method:
    """Mark a method of a source: its docstring is stored in the meta of every stream, under `docs`."""
    method.__datakit_document__ = True  # type: ignore[attr-defined]
    return method


class DataSource:
    """One kind of file: which files are its own, and how one of them becomes a `LoadedStream`.

    A source is made without arguments, once per cell. `patterns` are globs relative to the folder of subjects; one without
    a slash matches in any folder. `requires` names sources that are loaded before, for the same row. Those that are missing
    or failed are None, and `degrade` says what then happens: the source is loaded nevertheless (`load`), its cell counts as
    missing (`skip`) or as failed (`error`); tags in `optional` may always be missing. A row without a file of its own may have
    the values inside the file of another source: that one's tag is `derived_from`, and a fault then means there are none.
    """

    tag: ClassVar[str] = ""
    patterns: ClassVar[tuple[str, ...]] = ()
    requires: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()
    degrade: ClassVar[Literal["load", "skip", "error"]] = "load"
    derived_from: ClassVar[str | None] = None
    companions: ClassVar[tuple[str, ...]] = ()
    """Globs, relative to the file's folder, of what `load` reads besides: a change there makes the cell another one."""
    camera_tag: ClassVar[str | None] = None
    is_timeseries: ClassVar[bool] = True

    def load(self, path: Path, *, context: LoadContext | None = None) -> LoadedStream:
        """Read one file. Raises whatever says what is wrong with it; the row, the source and the path are added."""
        raise NotImplementedError(f"{type(self).__name__} has no load()")

    def options(self) -> dict[str, Any]:
        """What, besides its code, decides on the result; JSON-able, stored with the dataset."""
        return {}

    @classmethod
    def _documented(cls) -> dict[str, str]:
        methods = ((name, getattr(cls, name)) for name in dir(cls) if not name.startswith("_"))
        return {
            name: method.__doc__ or "" for name, method in methods if getattr(method, "__datakit_document__", False)
        }

    def need_context(self, context: LoadContext | None) -> LoadContext:
        """The context itself. Raises ValueError where there is none."""
        if context is None:
            raise ValueError(
                f"source {self.tag!r} reads its file only together with the rest of its row: give a context"
            )
        return context

    def stream(self, t: Any, value: Any, meta: dict[str, Any] | None, **more: Any) -> LoadedStream:
        """Put a stream together; meta that is there already is not overwritten."""
        added: dict[str, Any] = {"is_timeseries": self.is_timeseries, "source_tag": self.tag, **more}
        if self.camera_tag:
            added["camera_tag"] = self.camera_tag
        docs = self._documented()
        if docs:
            added["docs"] = docs
        return LoadedStream(self.tag, np.asarray(t, dtype=np.float64), value, added | dict(meta or {}))


class TimeseriesSource(DataSource):
    """A source whose values belong to points in time."""

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:
        """Return times in seconds (n,), values (n, …) and meta."""
        raise NotImplementedError(f"{type(self).__name__} has no build_timeseries()")

    def load(self, path: Path, *, context: LoadContext | None = None) -> LoadedStream:
        return self.stream(*_timed(self.build_timeseries(path, context=context), "build_timeseries"))


class TableSource(DataSource):
    """A source whose values are a table or a mapping, with times only if they make sense."""

    is_timeseries: ClassVar[bool] = False

    def build_table(self, path: Path, *, context: LoadContext | None) -> Timed:
        """Return times in seconds (n,), a table or mapping, and meta."""
        raise NotImplementedError(f"{type(self).__name__} has no build_table()")

    def load(self, path: Path, *, context: LoadContext | None = None) -> LoadedStream:
        return self.stream(*_timed(self.build_table(path, context=context), "build_table"))


class IntervalSeriesSource(DataSource):
    """A source of intervals: one row each, `start_s` and `stop_s` in seconds."""

    def build_intervals(self, path: Path, *, context: LoadContext | None) -> tuple["pd.DataFrame", dict[str, Any]]:
        """Return the table of intervals and meta."""
        raise NotImplementedError(f"{type(self).__name__} has no build_intervals()")

    def load(self, path: Path, *, context: LoadContext | None = None) -> LoadedStream:
        """Raises ValueError when the table has no `start_s` or no `stop_s`, TypeError when there is no table."""
        import pandas as pd  # noqa: PLC0415  sources are described, and found, without pandas

        given = self.build_intervals(path, context=context)
        if not _are_parts(given, 2) or not isinstance(given[0], pd.DataFrame):
            raise TypeError(f"build_intervals() gave {_shown(given)}, not a frame of intervals and meta")
        frame, meta = given
        absent = [name for name in ("start_s", "stop_s") if name not in frame.columns]
        if absent:
            raise ValueError(f"source {self.tag!r} gave intervals without a column {' and '.join(absent)}")
        starts = pd.to_numeric(frame["start_s"], errors="coerce").to_numpy(dtype=np.float64)
        return self.stream(starts, frame, meta, is_interval=True)


def _timed(given: Any, method: str) -> Timed:
    """What a method of a source gave. Raises TypeError where that is no times, value and meta."""
    if not _are_parts(given, 3):
        raise TypeError(f"{method}() gave {_shown(given)}, not times, a value and meta")
    t, value, meta = given
    return t, value, meta


def _are_parts(given: Any, count: int) -> bool:
    return isinstance(given, tuple | list) and len(given) == count and isinstance(given[-1], Mapping | None)


def _shown(given: Any) -> str:
    if isinstance(given, tuple | list):
        return f"({', '.join(type(part).__name__ for part in given)})"
    return type(given).__name__
