"""Prints what was measured, and writes it as JSON. It judges nothing: a target says itself whether it holds."""

import json
import math
import os
import platform
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sinagotd import __version__
from tests.benchmarks.measuring import Measured, Target, figure

COLUMNS = ("what", "value", "lowest", "highest", "must", "aim", "holds", "note")
TEXTS = ("what", "note")
LIBRARIES = ("dask", "distributed", "watchdog", "psutil")
WIDTH = 150


def make_console() -> Console:
    return Console(width=WIDTH, highlight=False)


def print_table(console: Console, title: str, rows: Iterable[Measured]) -> None:
    table = Table(title=title, title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in TEXTS else "right")
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)
    console.file.flush()  # into a file as well, so that it can be read while the next case is measured


def _verdict(target: Target | None, value: float) -> str:
    """What the column `holds` says; nothing where nothing is asked for."""
    if target is None or math.isnan(value):
        return ""
    if not target.is_met(value):
        return "NO"
    return "yes" if target.aim is None else "aim" if target.is_aimed(value) else "must"


def about_machine() -> dict[str, Any]:
    """Versions, cores and kernel."""
    return {
        "sinagotd": __version__,
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **{name: version(name) for name in LIBRARIES},
        platform.system(): platform.release(),
        "cores": os.cpu_count(),
    }


def write_json(file: Path, about: dict[str, Any], rows: Mapping[str, Sequence[Measured]]) -> None:
    found = [{"case": case, **_plain(row)} for case, some in rows.items() for row in some]
    file.write_text(json.dumps({"about": about, "measured": found}, indent=1) + "\n")


def _cells(row: Measured) -> list[str]:
    if math.isnan(row.value):
        return [row.what, *[""] * (len(COLUMNS) - 2), row.note]
    figures = [f"{figure(value)} {row.unit}" for value in (row.value, row.lowest, row.highest)]
    return [row.what, *figures, *_asked(row.target), _verdict(row.target, row.value), row.note]


def _asked(target: Target | None) -> tuple[str, str]:
    if target is None:
        return "", ""
    sign = "≤" if target.limit == "most" else "≥"
    return f"{sign} {target.must:g}", f"{sign} {target.aim:g}" if target.aim is not None else ""


def _plain(row: Measured) -> dict[str, Any]:
    figures = {"value": row.value, "lowest": row.lowest, "highest": row.highest}
    return {
        "what": row.what,
        **{name: None if math.isnan(value) else value for name, value in figures.items()},
        "unit": row.unit,
        "target": row.target._asdict() if row.target else None,
        "holds": _verdict(row.target, row.value),
        "note": row.note,
    }
