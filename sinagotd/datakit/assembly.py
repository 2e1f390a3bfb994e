"""Puts the cells of loaded rows into one frame; it loads nothing and knows no file format."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.collecting import no_collecting
from sinagotd.datakit.columns import column_of
from sinagotd.datakit.loading import LoadedRow

COLUMN_NAMES = ("Source", "Feature")
_SCALAR_BYTES = 64
_DEEPEST = 32


class Assembly:
    """Rows on their way into a frame: columns in the order of the sources, then as their features first appear."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._order = {source: at for at, source in enumerate(sources)}
        self._columns: dict[tuple[str, str], dict[int, Any]] = {}
        self.rows = 0

    def add(self, row: LoadedRow) -> None:
        for name, cell in row.cells.items():
            self._columns.setdefault(name, {})[self.rows] = cell
        self.rows += 1

    def drop(self, row: int, source: str) -> None:
        """Take the cells of a source out of a row, by its number here."""
        for name in [name for name in self._columns if name[0] == source]:
            self._columns[name].pop(row, None)
            if not self._columns[name]:
                del self._columns[name]

    @no_collecting()
    def frame(self, index: pd.MultiIndex) -> pd.DataFrame:
        """The rows as a frame; `index` has one entry for each row that was added."""
        names = sorted(self._columns, key=lambda name: self._order[name[0]])
        data = {at: column_of(_spread(self._columns[name], self.rows)) for at, name in enumerate(names)}
        frame = pd.DataFrame(data, index=index)
        frame.columns = pd.MultiIndex.from_arrays(
            [[source for source, _ in names], [feature for _, feature in names]], names=COLUMN_NAMES
        )
        return frame


def batches(rows: Iterable[LoadedRow], sources: Sequence[str], most_bytes: int) -> Iterator[Assembly]:
    """Assemblies of as many rows as fit into about `most_bytes`, at least one row each."""
    batch, held = Assembly(sources), 0
    for row in rows:
        batch.add(row)
        held += sum(map(size_of, row.cells.values()))
        if held >= most_bytes:
            yield batch
            batch, held = Assembly(sources), 0
    if batch.rows:
        yield batch


def size_of(cell: Any, depth: int = 0) -> int:
    """About how many bytes a cell holds; of what is nested too deep to be saved, less."""
    if isinstance(cell, dict) and depth < _DEEPEST:
        return _SCALAR_BYTES + sum(size_of(held, depth + 1) for held in cell.values())
    if isinstance(cell, list | tuple):
        return _SCALAR_BYTES * (1 + len(cell))
    return int(getattr(cell, "nbytes", _SCALAR_BYTES)) + _SCALAR_BYTES


def _spread(cells: dict[int, Any], rows: int) -> list[Any]:
    column: list[Any] = [np.nan] * rows
    for at, cell in cells.items():
        column[at] = cell
    return column
