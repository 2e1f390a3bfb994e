"""What tables of every kind of file have in common: columns that must be there; it reads no file."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from sinagotd.datakit.sources.faults import UnreadableError

if TYPE_CHECKING:
    import pyarrow as pa


def require(path: Path, table: "pa.Table", *names: str) -> None:
    """Raises UnreadableError, naming every absent column, unless all of them are there and the table has a row."""
    require_columns(path, table, *names)
    if not table.num_rows:
        raise UnreadableError(path, "a first line with names, and no row below it")


def require_columns(path: Path, table: "pa.Table", *names: str) -> None:
    """As `require`, for tables that may have no rows."""
    there = table.column_names
    absent = [name for name in names if name not in there]
    if not absent:
        return
    near = get_close_matches(absent[0], there, n=1)
    hint = f" (is it {near[0]!r}?)" if near else ""
    raise UnreadableError(path, f"no column {' nor '.join(map(repr, absent))}{hint}; there are {', '.join(there[:12])}")
