"""`make bench`: makes trees in a temporary folder, measures each case in one go and prints one table for each tree."""

import argparse
import os
import platform
import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sinagotd import __version__
from tests.benchmarks.cases import FIND, apart_from_records, on_records
from tests.benchmarks.measuring import Measured
from tests.benchmarks.tree import make_workspace


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[1_000, 10_000], help="sizes, 2 steps per record")
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is measured")
    options = parser.parse_args()
    console = Console(width=110)
    versions = f"sinagotd {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for records in options.records:
            place = make_workspace(Path(folder, str(records)), records)
            title = f"{records:,} records x 2 steps, {3 * records:,} files"
            _show(console, title, on_records(place, records=records, rounds=options.rounds))
        _show(console, "apart from records", apart_from_records(place, rounds=options.rounds))
    console.print(
        f"{versions}, {platform.system()} {platform.release()}, {os.cpu_count()} cores; {options.rounds} rounds"
    )


def _show(console: Console, title: str, cases: Iterable[Measured]) -> None:
    """Print when all are measured; load is that of the last minute, our own work included."""
    before = os.getloadavg()[0]
    rows = list(cases)
    find = next((row.value for row in rows if row.what == FIND), None)
    table = Table(title=f"{title}; load {before:.1f} before, {os.getloadavg()[0]:.1f} after", title_justify="left")
    for name in ("what", "median", "lowest", "highest", "µs per record", f"x {FIND}"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        per_record = f"{row.value * 1000 / row.per:,.1f}" if row.per else ""
        ratio = f"{row.value / find:.1f}" if find and row.unit == "ms" else ""
        figures = (f"{value:,.1f} {row.unit}" for value in (row.value, row.lowest, row.highest))
        table.add_row(row.what, *figures, per_record, ratio)
    console.print(table)


if __name__ == "__main__":
    main()
