"""Reads CSV and its relatives into a table of strings; what the strings mean is decided by column, elsewhere."""

import csv
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.texts import Text, read_text

ABSENT = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""The words that pandas, too, reads as a missing value."""


def read_delimited(path: Path, *, delimiter: str = ",", encoding: str | None = None) -> pa.Table:
    """Read a table whose first line names its columns; every column is of strings, missing ones are null.

    A column without a name is `Unnamed: 2`, a second `x` is `x.1`, as in pandas. Raises UnreadableError for an empty file
    and for a row that is longer or shorter than the first line, as the last one of a file that was cut; rows are counted
    with the first line and without blank ones.
    """
    return parse_delimited(path, read_text(path, encoding), delimiter=delimiter)


def parse_delimited(path: Path, text: Text, *, delimiter: str = ",") -> pa.Table:
    """As `read_delimited`, from text already read."""
    body = text.content.lstrip(b"\r\n")
    if not body.strip():
        raise UnreadableError(path, "the file is empty")
    if b"\n" not in body:
        body = body.replace(b"\r", b"\n")
    head, _, rest = body.partition(b"\n")
    names = _names(path, head.decode().rstrip("\r"), delimiter)
    if not rest.strip():
        return pa.table({name: pa.array([], pa.string()) for name in names})
    refused: list[Any] = []

    def refuse(row: Any) -> str:
        refused.append(row)
        return "error"

    try:
        return arrow_csv.read_csv(
            pa.BufferReader(rest),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=b'"' in rest,
                invalid_row_handler=refuse,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=ABSENT, strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as fault:
        raise _unreadable(path, fault, refused=refused) from None


def require(path: Path, table: pa.Table, *names: str) -> None:
    """Raises UnreadableError, naming every absent column, unless all of them are there and the table has a row."""
    require_columns(path, table, *names)
    if not table.num_rows:
        raise UnreadableError(path, "a first line with names, and no row below it")


def require_columns(path: Path, table: pa.Table, *names: str) -> None:
    """As `require`, for tables that may have no rows."""
    there = table.column_names
    absent = [name for name in names if name not in there]
    if not absent:
        return
    near = get_close_matches(absent[0], there, n=1)
    hint = f" (is it {near[0]!r}?)" if near else ""
    raise UnreadableError(path, f"no column {' nor '.join(map(repr, absent))}{hint}; there are {', '.join(there[:12])}")


def _names(path: Path, head: str, delimiter: str) -> list[str]:
    try:
        header = next(csv.reader([head], delimiter=delimiter))
    except csv.Error as fault:
        raise UnreadableError(path, f"no names of columns: {fault}", row=1) from None
    seen: dict[str, int] = {}
    names: dict[str, None] = {}
    for place, word in enumerate(header):
        name = word or f"Unnamed: {place}"
        seen[name] = count = seen.get(name, -1) + 1
        names[name if not count else f"{name}.{count}"] = None
    if len(names) < len(header):
        raise UnreadableError(path, "two columns of one name, even with their numbers", row=1)
    return list(names)


def _unreadable(path: Path, fault: Exception, *, refused: list[Any]) -> UnreadableError:
    if not refused:
        return UnreadableError(path, f"cannot be read as a table: {fault}")
    row = refused[0]
    counts = f"{row.actual_columns} values where the first line names {row.expected_columns}"
    return UnreadableError(path, f"{counts}; was the file cut?", row=None if row.number is None else row.number + 1)
