"""The table of a version: for each cell its status, what it was made from and the shapes of its values, but no values."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import accumulate, chain, groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from sinagotd.atomic import fsync_file
from sinagotd.collecting import no_collecting
from sinagotd.datakit.builds.keys import Made
from sinagotd.datakit.builds.outcome import Outcome

Key = tuple[str, ...]


class Cell(NamedTuple):
    """One cell of a version. `made` has no path where the row has no such file; `shape` is empty where there are no values."""

    row: Key
    source: str
    status: str
    made: Made
    shape: str
    error_type: str | None = None
    message: str | None = None
    traceback: str | None = None
    findings: str | None = None

    def told(self) -> list[Any]:
        """As a line of `RecordText`."""
        made = self.made
        size, digest = (made.size, made.digest) if made.path and made.digest != "?" else (None, None)
        return [*self.row, self.source, self.status, made.path or None, size, digest, self.message, self.findings]


_NOTHING = "\0"
"""Stands for no message where cells are compared."""

NOTHING = Made("", 0, "", "", "", "", "")
_MADE = Made._fields
_TOLD = ("shape", "error_type", "message", "traceback", "findings")


def cell_of(row: Key, source: str, made: Made, outcome: Outcome) -> Cell:
    status, error_type, message, traceback, findings, shape, _ = outcome
    return Cell(row, source, status, made, shape, error_type, message, traceback, findings)


class Cells:
    """All cells of a version, by row in the order of its rows.

    The cells of a row that is the same as in the version `before` may be the very mapping that stands there.
    """

    def __init__(self, levels: Iterable[str], cells: Iterable[Cell], before: "Cells | None" = None) -> None:
        self.levels = tuple(levels)
        self._before = before if before is not None and before.levels == self.levels else None
        self.by_row: dict[Key, dict[str, Cell]] = {}
        for row, several in groupby(cells, key=lambda cell: cell.row):
            self.by_row.setdefault(row, {}).update((cell.source, cell) for cell in several)

    def __iter__(self) -> Iterator[Cell]:
        return (cell for row in self.by_row.values() for cell in row.values())

    @cached_property
    def table(self) -> pa.Table:
        """A row for each cell. Asked for when all cells are there; what stands in the version before is not made anew."""
        before = self._before.by_row if self._before is not None else {}
        runs = groupby(self.by_row.items(), key=lambda item: before.get(item[0]) is item[1])
        tables = [self._taken(run) if is_taken else _table_of(self.levels, run) for is_taken, run in runs]
        return pa.concat_tables([_table_of(self.levels, ()), *tables]).combine_chunks()

    def _taken(self, rows: Iterable[tuple[Key, Mapping[str, Cell]]]) -> pa.Table:
        """These rows out of the table of the version before."""
        assert self._before is not None
        starts = self._before.starts
        places = [range(starts[row], starts[row] + len(cells)) for row, cells in rows]
        first, last = places[0].start, places[-1].stop
        if last - first == sum(map(len, places)) and all(a.stop == b.start for a, b in pairwise(places)):
            return self._before.table.slice(first, last - first)
        return self._before.table.take(pa.array(chain.from_iterable(places), pa.int64()))

    @cached_property
    def starts(self) -> dict[Key, int]:
        """Where in the table the cells of each row begin."""
        return dict(zip(self.by_row, accumulate(map(len, self.by_row.values()), initial=0), strict=False))

    @cached_property
    def digest(self) -> str:
        """Two versions with the same digest hold the same cells, made from the same things. Asked for when all cells are there."""
        state = xxhash.xxh3_128(json.dumps((self.levels, self.table.num_rows)).encode())
        for name in (*_level_names(self.levels), "source", "status", "key", "message"):
            for part in _content(pc.fill_null(self.table.column(name), _NOTHING).combine_chunks()):
                state.update(part)
        digest: str = state.hexdigest()
        return digest


NO_CELLS = Cells((), ())


def _table_of(levels: Iterable[str], rows: Iterable[tuple[Key, Mapping[str, Cell]]]) -> pa.Table:
    schema = _schema(levels)
    every = (cell for _, cells in rows for cell in cells.values())
    flat = [(*cell.row, cell.source, cell.status, *cell.made, *cell[4:]) for cell in every]
    columns = zip(*flat, strict=True) if flat else [()] * len(schema)
    return pa.table(list(map(pa.array, columns, schema.types)), schema=schema)


def write_cells(path: Path, cells: Cells) -> None:
    """Write and fsync."""
    with pa.ipc.new_file(str(path), cells.table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
        file.write_table(cells.table)
    fsync_file(path)


@no_collecting()
def read_cells(path: Path) -> Cells:
    """Raises OSError, and pyarrow's ArrowInvalid (a ValueError) for a damaged table."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        table = file.read_all()
    names = [name for name in table.column_names if name.startswith("level ")]
    rows = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    made = map(Made, *(table.column(name).to_pylist() for name in _MADE))
    sources, statuses, *told = (table.column(name).to_pylist() for name in ("source", "status", *_TOLD))
    levels = [name.removeprefix("level ") for name in names]
    cells = Cells(levels, map(Cell, rows, sources, statuses, made, *told))
    cells.table = table.select(_schema(levels).names)
    return cells


def _content(texts: pa.StringArray) -> tuple[Any, ...]:
    """Where each text ends and all of them, however the array came about."""
    if not len(texts):
        return ()
    _, ends, held = texts.buffers()
    places = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return (places - places[0]).tobytes(), held[int(places[0]) : int(places[-1])]


def _level_names(levels: Iterable[str]) -> list[str]:
    return [f"level {name}" for name in levels]


def _schema(levels: Iterable[str]) -> pa.Schema:
    """In the order of a row, and of the fields of a cell."""
    texts = [*_level_names(levels), "source", "status", *_MADE, *_TOLD]
    return pa.schema([(name, pa.int64() if name == "size" else pa.string()) for name in texts])
