"""The table of a version: for each cell its status, what it was made from and the shapes of its values, but no values."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from sinagotd.atomic import fsync_file
from sinagotd.collecting import no_collecting
from sinagotd.datakit.builds.code import digest_of
from sinagotd.datakit.builds.keys import Made
from sinagotd.datakit.builds.outcome import Outcome
from sinagotd.datakit.records import Record

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

    def record(self) -> Record:
        """As `Dataset.materialize` tells it; the path is relative to its root."""
        made = self.made
        size, digest = (made.size, made.digest) if made.path and made.digest != "?" else (None, None)
        path = made.path or None
        return Record(
            self.row,
            self.source,
            self.status,
            path,
            self.error_type,
            self.message,
            self.traceback,
            self.findings,
            size,
            digest,
        )


NOTHING = Made("", 0, "", "", "", "", "")
_MADE = ("path", "size", "digest", "code", "options", "needs", "key")
_OWN = ("status", "shape", "error_type", "message", "traceback", "findings")


def cell_of(row: Key, source: str, made: Made, outcome: Outcome) -> Cell:
    status, error_type, message, traceback, findings, shape, _ = outcome
    return Cell(row, source, status, made, shape, error_type, message, traceback, findings)


class Cells:
    """All cells of a version, by row in the order of its rows."""

    def __init__(self, levels: Iterable[str], cells: Iterable[Cell]) -> None:
        self.levels = tuple(levels)
        self.by_row: dict[Key, dict[str, Cell]] = {}
        for cell in cells:
            self.by_row.setdefault(cell.row, {})[cell.source] = cell

    def __iter__(self) -> Iterator[Cell]:
        return (cell for row in self.by_row.values() for cell in row.values())

    def digest(self) -> str:
        """Two versions with the same digest hold the same cells, made from the same things."""
        every = [(cell.row, cell.source, cell.status, cell.made.key, cell.message) for cell in self]
        return digest_of(json.dumps((self.levels, every)))


def write_cells(path: Path, cells: Cells) -> None:
    """Write and fsync."""
    every = list(cells)
    levels = {f"level {name}": [cell.row[at] for cell in every] for at, name in enumerate(cells.levels)}
    made = {name: [getattr(cell.made, name) for cell in every] for name in _MADE}
    own = {name: [getattr(cell, name) for cell in every] for name in _OWN}
    table = pa.table({**levels, "source": [cell.source for cell in every], **made, **own}, schema=_schema(cells.levels))
    with pa.ipc.new_file(str(path), table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
        file.write_table(table)
    fsync_file(path)


@no_collecting()
def read_cells(path: Path) -> Cells:
    """Raises OSError, and pyarrow's ArrowInvalid (a ValueError) for a damaged table."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        table = file.read_all()
    names = [name for name in table.column_names if name.startswith("level ")]
    rows = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    made = map(Made, *(table.column(name).to_pylist() for name in _MADE))
    status, *rest = (table.column(name).to_pylist() for name in _OWN)
    levels = [name.removeprefix("level ") for name in names]
    return Cells(levels, map(Cell, rows, table.column("source").to_pylist(), status, made, *rest))


def _schema(levels: Iterable[str]) -> pa.Schema:
    texts = [*(f"level {name}" for name in levels), "source", *_MADE, *_OWN]
    return pa.schema([(name, pa.int64() if name == "size" else pa.string()) for name in texts])
