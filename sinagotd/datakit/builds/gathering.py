"""Settles every cell of a build: known from the last version, kept in the cache, or loaded now; it writes no file of the dataset."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sinagotd.collecting import no_collecting
from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.cells import NOTHING, Cell, Cells, Key, cell_of
from sinagotd.datakit.builds.code import digest_of
from sinagotd.datakit.builds.features import Feature
from sinagotd.datakit.builds.keys import Keys, Made
from sinagotd.datakit.builds.outcome import Outcome, from_bytes, is_settled
from sinagotd.datakit.builds.packing import Load, Packed, PackedRow
from sinagotd.datakit.builds.stamps import Stamps
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.records import ERROR, MISSING, Record
from sinagotd.errors import DatasetError


@dataclass(slots=True)
class Gathered:
    """The cells of all rows, and how they were come by."""

    cells: Cells
    loaded: int = 0
    reused: int = 0
    fresh: set[Key] = field(default_factory=set)
    """The rows that are not as they were in the last version."""


class Gatherer:
    """Settles cells, and gives their values afterwards."""

    def __init__(self, plan: Plan, stamps: Stamps, cache: Cache, load: Load) -> None:
        self._plan = plan
        self._stamps = stamps
        self._cache = cache
        self._load = load
        self._rows: dict[Key, Row] = {}
        self.keys = Keys(plan, stamps)

    def gather(
        self,
        rows: Sequence[Row],
        before: Cells,
        base: str = "",
        same: frozenset[str] = frozenset(),
    ) -> Gathered:
        """All cells, in the order of the rows. `before` are those of the last version, whose keys were made with `base`.

        `same` are files that are as they were then, in a tree in which all else that decides on cells is as it was too.
        """
        gathered, known = Gathered(Cells(self._plan.levels, (), before)), before.by_row
        left = self._keep_same(rows, known, gathered, same) if same and base == self.keys.base else rows
        self._load_all(*self._look(left, known, gathered, is_same=base == self.keys.base), gathered)
        return gathered

    def _keep_same(
        self, rows: Sequence[Row], known: Mapping[Key, dict[str, Cell]], gathered: Gathered, same: frozenset[str]
    ) -> list[Row]:
        """Take over the rows of which every file that is loaded is the same; gives the others.

        Of what is read beside a file nothing is known here.
        """
        kinds = self._plan.classes
        vague = {tag for tag, kind in kinds.items() if kind.companions}
        loaded = {*self._plan.order, *(kind.derived_from for kind in kinds.values() if kind.derived_from)}
        left = []
        for row in rows:
            name = _name(row)
            files = {path for paths in (row.own, row.seen) for tag, path in paths.items() if tag in loaded}
            if name in known and same.issuperset(files) and vague.isdisjoint(row.seen) and vague.isdisjoint(row.own):
                self._rows[name] = row
                gathered.cells.by_row[name] = known[name]
                gathered.reused += sum(tag in row.own for tag in self._plan.shown)
            else:
                gathered.cells.by_row[name] = {}  # its place among the rows
                left.append(row)
        return left

    @no_collecting()
    def _look(
        self, rows: Sequence[Row], known: Mapping[Key, dict[str, Cell]], gathered: Gathered, *, is_same: bool
    ) -> tuple[list[Row], dict[Key, dict[str, Made]]]:
        """Settle what can be without loading; the rows that are left, and what their cells are made from."""
        waiting: list[Row] = []
        made_of: dict[Key, dict[str, Made]] = {}
        for row in rows:
            name = _name(row)
            self._rows[name] = row
            before = known.get(name, {})
            made = self.keys.of(row, {tag: cell.made for tag, cell in before.items()} if is_same else {})
            settled = self._settled(name, made, before, gathered)
            gathered.cells.by_row[name] = settled
            absent = [tag for tag in made if tag not in settled]
            if absent:
                waiting.append(row._replace(own={tag: row.own[tag] for tag in absent}))
                made_of[name] = made
            if absent or settled != before:
                gathered.fresh.add(name)
        return waiting, made_of

    def know(self, rows: Sequence[Row]) -> None:
        """Rows whose values may be asked for though they are not gathered."""
        self._rows.update((_name(row), row) for row in rows)

    def row(self, cells: Mapping[str, Cell]) -> dict[Feature, Any]:
        """The values of a row's cells, by source and feature."""
        return {
            (source, feature): value for source, cell in cells.items() for feature, value in self.values(cell).items()
        }

    def values(self, cell: Cell) -> Mapping[str, Any]:
        """The values of a cell by feature, as its source gave them. Raises DatasetError when they are not what they were."""
        if not cell.shape:
            return {}
        outcome = self._cache.get(cell.made.key or _held_as(cell.row, cell.source)) or self._again(cell)
        if outcome.shape != cell.shape:
            raise DatasetError(f"{cell.made.path}: it changed while the dataset was built; the next build takes it up")
        return outcome.cells

    def _settled(
        self, name: Key, made: Mapping[str, Made], known: Mapping[str, Cell], gathered: Gathered
    ) -> dict[str, Cell]:
        settled: dict[str, Cell] = {}
        for tag in self._plan.shown:
            if tag not in made:
                settled[tag] = self._absent(name, tag)
                continue
            key, old = made[tag].key, known.get(tag)
            if key and old is not None and old.made.key == key:
                settled[tag] = old
            elif key and (outcome := self._cache.get(key)) is not None:
                settled[tag] = cell_of(name, tag, made[tag], outcome)
            gathered.reused += tag in settled
        return settled

    def _absent(self, name: Key, tag: str) -> Cell:
        if tag not in self._plan.settings.required:
            return Cell(name, tag, MISSING, NOTHING, "")
        return Cell(name, tag, ERROR, NOTHING, "", "LookupError", "is required, and this row has none")

    def _load_all(self, waiting: list[Row], made_of: Mapping[Key, Mapping[str, Made]], gathered: Gathered) -> None:
        for row, loaded in zip(waiting, self._loaded(waiting), strict=True):
            name = _name(row)
            cells = gathered.cells.by_row[name]
            for cell in self._kept(row, loaded, made_of[name], frozenset(cells)):
                cells[cell.source] = cell
                gathered.loaded += 1
            gathered.cells.by_row[name] = {tag: cells[tag] for tag in self._plan.shown}

    def _loaded(self, rows: list[Row]) -> Iterator[PackedRow]:
        return self._load(self._plan, rows) if rows else iter(())

    def _kept(self, row: Row, loaded: PackedRow, made: Mapping[str, Made], settled: frozenset[str]) -> Iterator[Cell]:
        """The cells of a row that were loaded now, kept for this build and, if they would be the same again, for others."""
        moved = any(self._stamps.moved(path) for path in {*row.own.values(), *row.seen.values()})
        unsettled = unsettled_tags(self._plan, [cell.record for cell in loaded], settled)
        for cell in loaded:
            tag = cell.record.source
            own = made[tag]
            is_same = not moved and tag not in unsettled and _is_as_keyed(cell.record, own)
            yield self._keep(_name(row), own if is_same else own._replace(key=""), cell)

    def _keep(self, name: Key, made: Made, cell: Packed) -> Cell:
        tag = cell.record.source
        if made.key:
            self._cache.put(made.key, cell.content)
        else:
            self._cache.hold(_held_as(name, tag), cell.content)
        return cell_of(name, tag, made, cell.outcome)

    def _again(self, cell: Cell) -> Outcome:
        """Load a cell whose values are no longer kept."""
        row = self._rows.get(cell.row)
        if row is None or cell.source not in row.own:
            raise DatasetError(f"{cell.made.path} is no longer there: build the dataset first")
        alone = row._replace(own={cell.source: row.own[cell.source]})
        ((loaded,),) = self._load(self._plan, [alone])
        self._keep(cell.row, cell.made, loaded)
        return from_bytes(loaded.content)


def unsettled_tags(plan: Plan, records: Iterable[Record], settled: Container[str]) -> set[str]:
    """Which of a row's loaded cells might load differently another time: by themselves, or by one that they require.

    `settled` are the row's cells that were known without loading.
    """
    told = {record.source: record for record in records}
    unsettled: set[str] = set()
    for tag in plan.order:
        record = told.get(tag)
        if record is None:
            continue
        required = {other for other in plan.requires[tag] if other not in settled}
        hidden = "could not be loaded" in (record.findings or "") and not required <= told.keys()
        if hidden or required & unsettled or not is_settled(record):
            unsettled.add(tag)
    return unsettled


def _is_as_keyed(record: Record, made: Made) -> bool:
    """Whether the file was still the one that the key was made of when it had been read; unknown for folders."""
    return record.digest is None or not made.digest.startswith("xxh3-128:") or record.digest == made.digest


def _held_as(row: Key, tag: str) -> str:
    return digest_of("held", *row, tag)


def _name(row: Row) -> Key:
    return tuple(map(str, row.key))
