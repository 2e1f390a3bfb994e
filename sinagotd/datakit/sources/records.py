"""Reads JSON and JSON lines into records; it does not say what a record means."""

import json
from pathlib import Path
from typing import Any

from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.texts import read_text

Records = list[dict[str, Any]]


def read_json(path: Path, encoding: str | None = None) -> Any:
    """The one value of a file. Raises UnreadableError, naming the row, where it is cut or no JSON."""
    content = read_text(path, encoding).content
    if not content.strip():
        raise UnreadableError(path, "the file is empty")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as fault:
        row = getattr(fault, "lineno", None)
        raise UnreadableError(path, f"no whole JSON: {getattr(fault, 'msg', fault)}", row=row) from None


def read_json_lines(path: Path, encoding: str | None = None) -> Records:
    """One object per line, blank lines left out. Raises UnreadableError, naming the row, where a line is no object."""
    records: Records = []
    for row, line in enumerate(read_text(path, encoding).content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as fault:
            raise UnreadableError(path, f"no whole JSON: {getattr(fault, 'msg', fault)}", row=row) from None
        records += records_of(path, [record], row=row)
    return records


def records_of(path: Path, value: Any, *, row: int | None = None) -> Records:
    """The value itself, if it is a list of objects. Raises UnreadableError otherwise."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return value
    what = "an empty list" if value == [] else "no list of objects"
    raise UnreadableError(path, f"{what} where one record after the other was expected", row=row)
