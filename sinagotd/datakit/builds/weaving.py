"""Makes a new Parquet file of an old one's rows, as they are, and of new rows between them; memory holds a row group and a batch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sinagotd.datakit.builds.features import Feature
from sinagotd.datakit.saving.footer import KEY, read_layout
from sinagotd.datakit.saving.layout import Layout
from sinagotd.datakit.saving.parquet import opened
from sinagotd.datakit.saving.parts import Parts


class Block(NamedTuple):
    """Rows as an Arrow table with the layout that says how to read it."""

    table: Any
    layout: Layout


class Place(NamedTuple):
    """Where a row of the new file comes from: a position among the new rows, or one in the old file."""

    is_old: bool
    at: int


MakeBlocks = Callable[[Sequence[int]], Iterator[Block]]


class OldRows:
    """The rows of an open file, given out in ascending order; in memory are the row group in use and the one behind it.

    That one is read ahead in a thread, while others are written.
    """

    def __init__(self, file: pq.ParquetFile, features: Iterable[Feature], ahead: Executor) -> None:
        kept = set(features)
        layout = read_layout(file.metadata.metadata[KEY], file.schema_arrow)
        self._layout = replace(layout, columns=tuple(column for column in layout.columns if column.label in kept))
        self._names = self._layout.schema().names
        self._start, self._table = 0, pa.table({})
        self._groups = _read_ahead(file, ahead)

    def take(self, places: Sequence[int]) -> Iterator[Block]:
        """These rows, which lie behind all that were taken before."""
        waiting = list(places)
        while waiting:
            while waiting[0] >= self._start + self._table.num_rows:
                self._next()
            stop = self._start + self._table.num_rows
            here = [place - self._start for place in waiting if place < stop]
            waiting = waiting[len(here) :]
            yield Block(_taken(self._table, here), self._layout)

    def _next(self) -> None:
        self._start += self._table.num_rows
        self._table = next(self._groups).select(self._names)


def weave(
    folder: Path,
    places: Sequence[Place],
    old: Path | None,
    make_blocks: MakeBlocks,
    *,
    start: Block,
    attrs: dict[str, Any],
) -> Path:
    """Write the rows in the given order into a folder that is made here, read the file back, and return its path.

    `start` is a block without rows that has the columns in their order. Raises DamagedError (a DatasetError), OSError.
    """
    with ExitStack() as stack:
        parts = Parts(folder)
        stack.callback(parts.abandon)
        parts.add(*start)
        for block in _blocks(stack, places, old, make_blocks, start.layout):
            parts.add(*block)
        return parts.finish(attrs)


def _blocks(
    stack: ExitStack, places: Sequence[Place], old: Path | None, make_blocks: MakeBlocks, wanted: Layout
) -> Iterator[Block]:
    features = [column.label for column in wanted.columns]
    kept = None
    if old is not None:
        file, ahead = stack.enter_context(opened(old)), stack.enter_context(ThreadPoolExecutor(1))
        kept = OldRows(file, features, ahead)
    for is_old, run in groupby(places, key=lambda place: place.is_old):
        run_places = [place.at for place in run]
        yield from kept.take(run_places) if is_old and kept is not None else make_blocks(run_places)


def _read_ahead(file: pq.ParquetFile, ahead: Executor) -> Iterator[Any]:
    """The row groups one after another; each is being read when the one before it is given out."""
    coming = ahead.submit(file.read_row_group, 0)
    for group in range(1, file.num_row_groups + 1):
        table = coming.result()
        if group < file.num_row_groups:
            coming = ahead.submit(file.read_row_group, group)
        yield table


def _taken(table: Any, places: list[int]) -> Any:
    """Rows of a table; where they lie side by side, without a copy."""
    if places[-1] - places[0] + 1 == len(places):
        return table.slice(places[0], len(places))
    return table.take(pa.array(places))
