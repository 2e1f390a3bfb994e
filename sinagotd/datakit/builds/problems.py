"""Lists the cells that are missing or failed, and what discovery could not use, as `<name>.problems.csv`."""

import csv
import io
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sinagotd.atomic import write_atomically
from sinagotd.datakit.builds.built import CellProblem
from sinagotd.datakit.builds.cells import Cells
from sinagotd.datakit.discovery import Problem
from sinagotd.datakit.records import OK

_COLUMNS = ("source", "status", "path", "error_type", "message", "findings")


def problems_of(cells: Cells) -> tuple[CellProblem, ...]:
    """Every cell that holds nothing, in the order of the rows."""
    return tuple(
        CellProblem(cell.row, cell.source, cell.status, cell.made.path or None, cell.message)
        for cell in cells
        if cell.status != OK
    )


def write_problems(path: Path, cells: Cells, found: Iterable[Problem]) -> None:
    """Write the list, unless it is there as it is: failed and missing cells first, then files without a cell of their own."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*cells.levels, *_COLUMNS])
    for cell in cells:
        if cell.status != OK:
            told = (cell.made.path, cell.error_type, cell.message, cell.findings)
            rows.writerow([*cell.row, cell.source, cell.status, *told])
    nowhere = [""] * len(cells.levels)
    for problem in found:
        rows.writerow([*nowhere, problem.source, problem.kind, problem.path, "", problem.message, ""])
    content = text.getvalue().encode(errors="backslashreplace")
    with suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return
    write_atomically(path, content)
