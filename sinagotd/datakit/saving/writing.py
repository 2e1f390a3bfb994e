"""Saves frames, batch by batch or whole, in any format, and publishes the file in one step when it is whole and can be read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from sinagotd.datakit.saving.adapting import adapt
from sinagotd.datakit.saving.csv import write_csv
from sinagotd.datakit.saving.formats import Format, choose
from sinagotd.datakit.saving.frames import to_table
from sinagotd.datakit.saving.parquet import read_parquet
from sinagotd.datakit.saving.parts import Parts
from sinagotd.datakit.saving.publish import place_of, publish, staging
from sinagotd.datakit.saving.unifying import disputed, unified

FIRST_SLICE_ROWS = 16
SLICE_BYTES = 16 * 2**20


class Writer:
    """A dataset that is being saved; a context manager that publishes at a clean end and leaves what was there at an error.

    With `unify` the batches are parts of one materialized frame, and each column gets the type that all of it would have had;
    without it every cell comes back exactly as it was given.
    """

    def __init__(self, path: Path, format_: Format, *, hdf_key: str = "dataset", unify: bool = True) -> None:
        self._path = path
        self._format = format_
        self._hdf_key = hdf_key
        self._unify = unify
        self._attrs: dict[Any, Any] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._place = place_of(self._path)
        self._folder = self._open.enter_context(staging(self._place))
        self._parts = self._new_parts("parts")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._open.__exit__(kind, fault, trace)
            return
        with self._open:
            self._publish()

    def write(self, batch: pd.DataFrame) -> int:
        """Append rows; gives how many bytes they are in memory. Raises FormatError for a cell that cannot be saved."""
        table, layout = to_table(batch)
        self._parts.add(table, layout)
        return int(table.nbytes)

    def finish(self, attrs: Mapping[Any, Any]) -> None:
        """Say what the attrs of the whole are; it is published when the context ends."""
        self._attrs = dict(attrs)

    def _new_parts(self, name: str) -> Parts:
        parts = Parts(self._folder / name)
        self._open.callback(parts.abandon)
        return parts

    def _publish(self) -> None:
        layout = self._parts.layout
        columns = disputed(layout) if self._unify else ()
        sources = self._attrs.get("datakit_sources", ()) if self._unify else ()
        if columns or layout.grouped(sources) != layout:
            before, self._parts = self._parts, self._new_parts("unified")
            for table in before.tables():
                made, own = unified(table, layout, columns)
                self._parts.add(adapt(made, own, own.grouped(sources)), own.grouped(sources))
        staged = self._parts.finish(self._attrs).path
        if self._format is not Format.PARQUET:
            converted = self._folder / f"converted{self._place.suffix}"
            CONVERTERS[self._format](staged, converted, self._hdf_key)
            staged = converted
        publish(staged, self._place)


def open_writer(path: str | Path, *, format: str | None = None, hdf_key: str = "dataset", unify: bool = True) -> Writer:  # noqa: A002  the word of the library's users
    """A writer for batches of a materialized frame, in the order of its index. Raises FormatError (a ValueError) at once."""
    return Writer(Path(path), choose(Path(path), format), hdf_key=hdf_key, unify=unify)


def save_frame(frame: pd.DataFrame, path: str | Path, *, format: str | None = None, hdf_key: str = "dataset") -> Path:  # noqa: A002  as above
    """Save a frame, attrs included, so that `load_saved` gives an equal one; returns the path as given.

    Raises FormatError (a ValueError) for a format that does not suit, DatasetError when there is no room, OSError.
    """
    with open_writer(path, format=format, hdf_key=hdf_key, unify=False) as writer:
        for written in _slices(frame, writer.write):
            del written
        writer.finish(frame.attrs)
    return Path(path)


def _slices(frame: pd.DataFrame, write: Callable[[pd.DataFrame], int]) -> Iterator[int]:
    """Write a frame in slices of rows that are about as large as can be at bounded memory."""
    start, rows = 0, FIRST_SLICE_ROWS
    while start < len(frame) or start == 0:
        part = frame.iloc[start : start + rows]
        written = write(part)
        yield written
        start += rows
        rows = max(1, min(len(part) * SLICE_BYTES // max(written, 1), 8 * rows))


def _to_hdf5(staged: Path, converted: Path, key: str) -> None:
    from sinagotd.datakit.saving.hdf5 import write_hdf5  # noqa: PLC0415  h5py is not needed for the default

    write_hdf5(staged, converted, key)


def _to_pickle(staged: Path, converted: Path, _: str) -> None:
    read_parquet(staged).to_pickle(converted)
    pd.read_pickle(converted)  # noqa: S301  we have just written it


CONVERTERS: dict[Format, Callable[[Path, Path, str], None]] = {
    Format.HDF5: _to_hdf5,
    Format.CSV: write_csv,
    Format.PICKLE: _to_pickle,
}
