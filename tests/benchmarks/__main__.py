"""`make bench`: measures case after case in a temporary folder, and prints a table for each as soon as it is done."""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.benchmarks.arriving import arriving
from tests.benchmarks.bench import Bench, Case
from tests.benchmarks.comparing import comparing
from tests.benchmarks.harbours import harbours
from tests.benchmarks.idling import idling
from tests.benchmarks.launching import launching
from tests.benchmarks.loading import loading
from tests.benchmarks.measuring import Measured, missing
from tests.benchmarks.notebooks import notebooks
from tests.benchmarks.passing import growing, passing
from tests.benchmarks.peers import Peers
from tests.benchmarks.remembering import after_many_runs, with_many_records
from tests.benchmarks.starting import hosting, importing
from tests.benchmarks.tables import about_machine, make_console, print_table, write_json
from tests.benchmarks.updating import updating

CASES = (
    Case("import", "imports, whole processes", importing),
    Case("host", "the step host", hosting),
    Case("pass", "nothing to do, {usual:,} records x 2 steps", passing),
    Case("peers", "nothing to do, beside other tools", comparing),
    Case("latency", "a file arrives, {usual:,} records are there", arriving),
    Case("idle", "nothing happens, {usual:,} records are there", idling),
    Case("throughput", "trivial steps", launching),
    Case("notebook", "a workspace in a notebook, beside sinagot", notebooks),
    Case("harbour", "a cold run of a notebook, beside a plain loop", harbours),
    Case("datakit", "from a tree of files to one table, beside mesofield", loading),
    Case("datasets", "a dataset kept up to date, beside mesofield", updating),
    Case("growth", "nothing to do, from {small:,} to {large:,} records x 2 steps", growing),
    Case("memory", "memory with {large:,} records x 2 steps", with_many_records),
    Case("runs", "memory after many runs", after_many_runs),
)
FAILED = "could not be measured:"
PEERS_FOLDER = Path(__file__).parents[2] / ".venv-bench"


def main() -> int:
    """Measure what the arguments ask for, and say in the end what holds; 1 when a case could not be measured."""
    os.environ.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # where people install it, no program compiles its modules at each start
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what was begun is cleaned up
    options = _options()
    console = make_console()
    about = about_machine() | {"rounds": options.rounds, "load": round(os.getloadavg()[0], 1)}
    console.print(", ".join(f"{name} {value}" for name, value in about.items()))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = _bench(Path(folder), options, console)
        rows = {case.name: _measured(case, bench, console) for case in CASES if case.name in options.only}
        every = [row for some in rows.values() for row in some]
        print_table(console, "what is asked for", [row for row in every if row.target])
    if options.json:
        write_json(options.json, about, rows)
    return int(any(row.note.startswith(FAILED) for row in every))


def _measured(case: Case, bench: Bench, console: Console) -> list[Measured]:
    load = os.getloadavg()[0]
    title = case.title.format(small=bench.small, usual=bench.usual, large=bench.large)
    try:
        rows = list(case.measure(bench))
    except Exception as fault:  # noqa: BLE001 - what the other cases found in half an hour must not be lost
        console.print_exception()
        rows = [missing(title, f"{FAILED} {fault!r}")]
    print_table(console, f"{case.name}: {title}; load {load:.1f} → {os.getloadavg()[0]:.1f}", rows)
    return rows


def _bench(folder: Path, options: argparse.Namespace, console: Console) -> Bench:
    sizes = sorted(options.records)
    return Bench(
        folder,
        Peers(PEERS_FOLDER),
        small=sizes[0],
        usual=sizes[len(sizes) // 2],
        large=sizes[-1],
        rounds=options.rounds,
        steps=options.steps,
        is_long=options.long,
        say=lambda text: console.print(f"… {text}", style="dim"),
    )


def _options() -> argparse.Namespace:
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="CASE", help=", ".join(names))
    parser.add_argument("--records", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="small, usual, large")
    parser.add_argument("--rounds", type=int, default=5, help="how often each figure is taken")
    parser.add_argument("--steps", type=int, default=2_000, help="trivial steps in a round of the throughput")
    parser.add_argument("--long", action="store_true", help="100,000 runs, and slow peers at the usual size")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured into this file, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
