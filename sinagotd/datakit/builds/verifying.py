"""Checks a published dataset against its files: rows are loaded anew, without cache or memory, and compared cell by cell."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import xxhash

from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.cells import Cell, Cells, Key
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.features import Feature, examples_of, shapes_of
from sinagotd.datakit.builds.finding import find_rows, registry_of
from sinagotd.datakit.builds.gathering import Gatherer
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.builds.isolating import Load, load_isolated
from sinagotd.datakit.builds.last import cells_of, look_back
from sinagotd.datakit.builds.reading import load_folder
from sinagotd.datakit.builds.stamps import Stamps
from sinagotd.datakit.builds.versions import Version
from sinagotd.datakit.builds.writing import Content
from sinagotd.datakit.plan import Row
from sinagotd.datakit.saving.frames import Gathering
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.streams import equal_values
from sinagotd.errors import DatasetError

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
    """Compare this share of the rows, from 0 to 1; another `seed` takes other rows.

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
        published = cells_of(home, shown)
        frame = _frame(home, shown)
        with home.staging() as scratch:
            check = _Check(declaration, published, Cache(scratch), load)
            cells, outdated, found = check.compare(frame, share, seed)
    return Verified(shown.number, check.rows, cells, outdated, tuple(found), time.monotonic() - started)


class _Check:
    """One comparison."""

    def __init__(self, declaration: Declaration, published: Cells, cache: Cache, load: Load) -> None:
        self._found = find_rows(declaration, registry_of(declaration))
        self._published = published
        self._gatherer = Gatherer(self._found.plan, Stamps({}, time.time_ns()), cache, load)
        self.rows = 0

    def compare(self, frame: pd.DataFrame, share: float, seed: int) -> tuple[int, int, list[Mismatch]]:
        """Cells compared, cells outdated, and what differs."""
        places = [at for at, row in enumerate(self._found.rows) if _is_chosen(row, share, seed)]
        self.rows = len(places)
        fresh = self._gatherer.gather([self._found.rows[at] for at in places], {}).cells
        pairs = [pair for row in fresh.by_row for pair in self._pairs(fresh, row)]
        same = [(old, new) for old, new in pairs if old is not None and old.made.key == new.made.key]
        mismatches = [mismatch for old, new in same for mismatch in _told(old, new)]
        compared = {(new.row, new.source) for old, new in same if old.shape == new.shape}
        mismatches += self._values(frame, fresh, places, compared)
        return len(same), len(pairs) - len(same), mismatches

    def _pairs(self, fresh: Cells, row: Key) -> Iterator[tuple[Cell | None, Cell]]:
        before: Mapping[str, Cell] = self._published.by_row.get(row, {})
        yield from ((before.get(source), cell) for source, cell in fresh.by_row[row].items())

    def _values(
        self, frame: pd.DataFrame, fresh: Cells, places: Sequence[int], compared: set[tuple[Key, str]]
    ) -> Iterator[Mismatch]:
        self._gatherer.know(self._found.rows)
        examples = examples_of(shapes_of(self._published, self._found.plan.shown), self._gatherer.values)
        columns: list[Any] = list(frame.columns)
        if columns != list(examples.columns):
            yield Mismatch((), "", "", "the columns are not those of the cells")
            return
        names = [tuple(map(str, row.key)) for row in self._found.rows]
        at = {tuple(map(str, label)): place for place, label in enumerate(frame.index)}

        def values(row: Key) -> dict[Feature, Any]:
            cells = {source: cell for source, cell in fresh.by_row[row].items() if (row, source) in compared}
            return self._gatherer.row(cells)

        content = Content(names, self._found.labels, frozenset(names), values, examples)
        known = [place for place in places if names[place] in at]
        done = 0
        for block in content.blocks(known):
            gathering = Gathering(block.layout, block.table.num_rows)
            gathering.add(block.table)
            rows = [names[place] for place in known[done : done + block.table.num_rows]]
            done += len(rows)
            yield from _differences(rows, gathering.frame(), frame.iloc[[at[row] for row in rows]], compared)


def _differences(
    rows: Sequence[Key], wanted: pd.DataFrame, held: pd.DataFrame, compared: set[tuple[Key, str]]
) -> Iterator[Mismatch]:
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


def _frame(home: Home, shown: Version) -> pd.DataFrame:
    if shown.is_folder:
        return load_folder(shown.published(home))
    return load_saved(shown.table(home, shown.files[0]))


def _is_chosen(row: Row, share: float, seed: int) -> bool:
    chosen: int = xxhash.xxh32_intdigest("\0".join(map(str, row.key)).encode(errors="replace"), seed)
    return chosen < share * _HASHES
