"""Checks a published dataset against its files: rows are loaded anew, without cache or memory, and compared cell by cell."""

import time
from collections.abc import Container, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import xxhash

from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.cells import NO_CELLS, Cell, Cells, Key
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.features import Feature, Shapes, examples_of, shapes_of
from sinagotd.datakit.builds.finding import find_rows, registry_of
from sinagotd.datakit.builds.gathering import Gatherer
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.builds.isolating import load_isolated
from sinagotd.datakit.builds.last import cells_of, look_back
from sinagotd.datakit.builds.packing import Load
from sinagotd.datakit.builds.stamps import Stamps
from sinagotd.datakit.builds.weaving import OldRows
from sinagotd.datakit.builds.writing import Content, Old, olds_of
from sinagotd.datakit.plan import Row
from sinagotd.datakit.saving.adapting import adapt
from sinagotd.datakit.saving.footer import KEY, read_layout
from sinagotd.datakit.saving.frames import Gathering
from sinagotd.datakit.saving.layout import Layout
from sinagotd.datakit.saving.parquet import opened
from sinagotd.datakit.streams import equal_values
from sinagotd.errors import DatasetError

_BATCH_BYTES = 16 << 20
_SCRATCH_BYTES = 256 << 20
_HASHES = 1 << 32


class Mismatch(NamedTuple):
    """A cell that is not what its file says. `feature` is empty where the whole cell is meant."""

    row: Key
    source: str
    feature: str
    what: str


class Verified(NamedTuple):
    """How many rows and cells were compared, and what differed; `outdated` cells have changed since the build and were not."""

    version: int
    rows: int
    cells: int
    outdated: int
    mismatches: tuple[Mismatch, ...]
    took_s: float


def verify(declaration: Declaration, share: float = 1.0, *, seed: int = 0, load: Load = load_isolated) -> Verified:
    """Compare this share of the rows, from 0 to 1; another `seed` takes other rows. Memory holds a batch of them.

    Raises DatasetError when there is nothing to compare, or when so much has changed that it must be built first.
    """
    declaration.check()
    started = time.monotonic()
    home = Home(declaration.output)
    with home.locked():
        shown = look_back(home).shown
        if shown is None:
            raise DatasetError(
                f"{home.output}: no version is published, or someone changed it: build it first, then verify"
            )
        with home.staging() as scratch:
            check = _Check(declaration, cells_of(home, shown), Cache(scratch, most_bytes=_SCRATCH_BYTES), load)
            olds = olds_of(home, shown, check.published, declaration.partition_by)
            if sum(len(old.positions) for old in olds.values()) != shown.rows:
                raise DatasetError(f"{home.output}: it is declared otherwise by now: build it first, then verify")
            found = tuple(check.mismatches(list(olds.values()), share, seed))
    return Verified(shown.number, check.rows, check.cells, check.outdated, found, time.monotonic() - started)


class _Check:
    """One comparison; counts rows and cells as it goes."""

    def __init__(self, declaration: Declaration, published: Cells, cache: Cache, load: Load) -> None:
        self.published = published
        self.rows = self.cells = self.outdated = 0
        self._cache = cache
        self._found = find_rows(declaration, registry_of(declaration))
        self._names = [tuple(map(str, row.key)) for row in self._found.rows]
        self._gatherer = Gatherer(self._found.plan, Stamps({}, time.time_ns()), cache, load)
        self._gatherer.know(self._found.rows)
        self._examples = examples_of(self._shapes(), self._gatherer.values)

    def _shapes(self) -> Shapes:
        """The shapes of all columns, each with a cell whose file is still there if there is any."""
        own = {name: row.own for name, row in zip(self._names, self._found.rows, strict=True)}
        left = (cell for cell in self.published if cell.source in own.get(cell.row, ()))
        living = shapes_of(Cells(self.published.levels, left), self._found.plan.shown)
        every = shapes_of(self.published, self._found.plan.shown)
        return {
            name: {shape: living.get(name, {}).get(shape, cell) for shape, cell in by.items()}
            for name, by in every.items()
        }

    def mismatches(self, olds: Sequence[Old], share: float, seed: int) -> Iterator[Mismatch]:
        chosen = {name: at for at, name in enumerate(self._names) if _is_chosen(self._found.rows[at], share, seed)}
        self.rows = len(chosen)
        new = chosen.keys() - self.published.by_row.keys()
        self.outdated = len(new) * len(self._found.plan.shown)
        layout = _layout_of(olds)
        if [column.label for column in layout.columns] != list(self._examples.columns):
            yield Mismatch((), "", "", "the columns are not those of the cells")
            return
        told = set[Mismatch]()
        for old in olds:
            for names, held in _held(old, layout, chosen.keys()):
                for mismatch in self._batch([chosen[name] for name in names], held):
                    if mismatch not in told:
                        yield mismatch
                    if not mismatch.row:
                        told.add(mismatch)

    def _batch(self, places: list[int], held: pd.DataFrame) -> Iterator[Mismatch]:
        fresh = self._gatherer.gather([self._found.rows[at] for at in places], NO_CELLS).cells
        same = {(new.row, new.source): (old, new) for old, new in self._pairs(fresh) if old.made.key == new.made.key}
        self.cells += len(same)
        self.outdated += len(list(fresh)) - len(same)
        yield from (mismatch for old, new in same.values() for mismatch in _told(old, new))
        compared = {place for place, (old, new) in same.items() if old.shape == new.shape}
        done = 0
        for wanted in self._wanted(places, fresh, compared):
            yield from _differences(wanted, held.iloc[done : done + len(wanted)], compared)
            done += len(wanted)
        self._cache.shrink()

    def _pairs(self, fresh: Cells) -> Iterator[tuple[Cell, Cell]]:
        for cell in fresh:
            if (old := self.published.by_row[cell.row].get(cell.source)) is not None:
                yield old, cell

    def _wanted(self, places: list[int], fresh: Cells, compared: set[tuple[Key, str]]) -> Iterator[pd.DataFrame]:
        """The rows as a build from scratch makes them, without what is not compared."""

        def values(row: Key) -> dict[Feature, Any]:
            cells = {source: cell for source, cell in fresh.by_row[row].items() if (row, source) in compared}
            return self._gatherer.row(cells)

        content = Content(self._names, self._found.labels, frozenset(self._names), values, self._examples)
        for block in content.blocks(places):
            gathering = Gathering(block.layout, block.table.num_rows)
            gathering.add(block.table)
            yield gathering.frame()


def _layout_of(olds: Sequence[Old]) -> Layout:
    """That of all files together."""
    layouts = []
    for old in olds:
        with opened(old.path) as file:
            layouts.append(read_layout(file.metadata.metadata[KEY], file.schema_arrow))
    return reduce(Layout.with_, layouts)


def _held(old: Old, layout: Layout, wanted: Container[Key]) -> Iterator[tuple[list[Key], pd.DataFrame]]:
    """What is published of these rows, in batches."""
    names = [name for name in old.positions if name in wanted]
    with opened(old.path) as file:
        rows = OldRows(file, [column.label for column in layout.columns])
        batch: list[Any] = []
        for table, own in rows.take([old.positions[name] for name in names]):
            alone = table.take(pa.array(range(table.num_rows)))  # a slice would hold its whole row group
            batch.append(adapt(alone, own, layout))
            if sum(each.nbytes for each in batch) >= _BATCH_BYTES:
                yield _framed(names, batch, layout)
                batch = []
        if batch:
            yield _framed(names, batch, layout)


def _framed(names: list[Key], batch: list[Any], layout: Layout) -> tuple[list[Key], pd.DataFrame]:
    """A frame of some tables, and the names of its rows, which are taken from the start of the list."""
    count = sum(table.num_rows for table in batch)
    gathering = Gathering(layout, count)
    for table in batch:
        gathering.add(table)
    own, names[:count] = names[:count], []
    return own, gathering.frame()


def _differences(wanted: pd.DataFrame, held: pd.DataFrame, compared: set[tuple[Key, str]]) -> Iterator[Mismatch]:
    rows = [tuple(map(str, label)) for label in wanted.index]
    for row, label in zip(rows, held.index, strict=True):
        if row != tuple(map(str, label)):
            yield Mismatch(row, "", "", f"another row stands in its place, {' '.join(map(str, label))}")
    columns: list[Any] = list(wanted.columns)
    for place, (source, feature) in enumerate(columns):
        one, other = wanted.iloc[:, place], held.iloc[:, place]
        if one.dtype != other.dtype:
            yield Mismatch((), source, feature, f"the column is {other.dtype}, and should be {one.dtype}")
            continue
        for row, new, old in zip(rows, one, other, strict=True):
            if (row, source) in compared and not equal_values(new, old):
                yield Mismatch(row, source, feature, "its value is not what its file says")


def _told(old: Cell, new: Cell) -> Iterator[Mismatch]:
    if (old.status, old.shape) != (new.status, new.shape):
        yield Mismatch(new.row, new.source, "", f"it is {old.status} in the dataset, and {new.status} when loaded anew")


def _is_chosen(row: Row, share: float, seed: int) -> bool:
    chosen: int = xxhash.xxh32_intdigest("\0".join(map(str, row.key)).encode(errors="replace"), seed)
    return chosen < share * _HASHES
