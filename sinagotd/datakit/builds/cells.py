"""The table of a version: for each cell its status, what it was made from and the shapes of its values, but no values."""

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
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


NOTHING = Made("", 0, "", "", "", "", "")
_MADE = Made._fields
_TOLD = ("shape", "error_type", "message", "traceback", "findings")


def cell_of(row: Key, source: str, made: Made, outcome: Outcome) -> Cell:
    status, error_type, message, traceback, findings, shape, _ = outcome
    return Cell(row, source, status, made, shape, error_type, message, traceback, findings)


class Cells:
    """All cells of a version, by row in the order of its rows."""

    def __init__(self, levels: Iterable[str], cells: Iterable[Cell]) -> None:
        self.levels = tuple(levels)
        self.by_row: dict[Key, dict[str, Cell]] = {}
        for row, several in groupby(cells, key=lambda cell: cell.row):
            self.by_row.setdefault(row, {}).update((cell.source, cell) for cell in several)

    def __iter__(self) -> Iterator[Cell]:
        return (cell for row in self.by_row.values() for cell in row.values())

    @cached_property
    def table(self) -> pa.Table:
        """A row for each cell. Asked for when all cells are there."""
        schema = _schema(self.levels)
        flat = [(*cell.row, cell.source, cell.status, *cell.made, *cell[4:]) for cell in self]
        columns = zip(*flat, strict=True) if flat else [()] * len(schema)
        return pa.table(list(map(pa.array, columns, schema.types)), schema=schema)

    @cached_property
    def digest(self) -> str:
        """Two versions with the same digest hold the same cells, made from the same things. Asked for when all cells are there."""
        state = xxhash.xxh3_128(json.dumps((self.levels, self.table.num_rows)).encode())
        for name in (*_level_names(self.levels), "source", "status", "key", "message"):
            for buffer in self.table.column(name).chunk(0).buffers():
                state.update(b"-" if buffer is None else f"{buffer.size}:".encode())
                state.update(buffer or b"")
        digest: str = state.hexdigest()
        return digest


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
    return Cells(levels, map(Cell, rows, sources, statuses, made, *told))


def _level_names(levels: Iterable[str]) -> list[str]:
    return [f"level {name}" for name in levels]


def _schema(levels: Iterable[str]) -> pa.Schema:
    """In the order of a row, and of the fields of a cell."""
    texts = [*_level_names(levels), "source", "status", *_MADE, *_TOLD]
    return pa.schema([(name, pa.int64() if name == "size" else pa.string()) for name in texts])
