"""How soon a file that arrives is claimed, when nothing else is going on."""

import random
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path

from sinagotd.core.states import State
from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import Measured, Target, median_of, percentile
from tests.benchmarks.tree import SETTLE_S, record_id
from tests.benchmarks.watching import Watched, watched

PER_ROUND = {"renamed in": 40, "written in place": 20}
LOOK_S = 0.01
PAUSE_S = (0.02, 0.12)
FIRST_NEWCOMER = 900_000

HALF = Target(must=50, aim=20)
NEARLY_ALL = Target(must=250, aim=100)

Drop = Callable[[Path, Path], None]


def arriving(bench: Bench) -> Iterator[Measured]:
    """Renamed in, then written in place; from the moment the file is whole to `claimed_at` in the manifest."""
    workspace = bench.finished(bench.usual)
    newcomers = map(record_id, count(FIRST_NEWCOMER))
    with watched(workspace) as seen:
        seen.wait_for_rest()
        for what, drop, settle_s in (("renamed in", _rename_in, 0.0), ("written in place", _write, SETTLE_S)):
            records = list(islice(newcomers, PER_ROUND[what] * bench.rounds))
            waited = [_arrival_s(seen, workspace, record, drop) for record in records]
            yield from _lines(what, [(one - settle_s) * 1000 for one in waited], settle_s)


def _lines(what: str, waited_ms: list[float], settle_s: float) -> Iterator[Measured]:
    beyond = f" + settle of {settle_s * 1000:.0f} ms" if settle_s else ""
    note = f"{len(waited_ms)} arrivals, one at a time"
    yield median_of(f"{what} → claimed{beyond}, p50", waited_ms, "ms", HALF, note)
    slow = percentile(waited_ms, 0.99)
    yield Measured(f"{what} → claimed{beyond}, p99", slow, min(waited_ms), max(waited_ms), "ms", NEARLY_ALL, note)


def _arrival_s(seen: Watched, workspace: Path, record: str, drop: Drop) -> float:
    """Drop one file, wait until all its steps are current again, and a while of no fixed length."""
    data = workspace / "dataset"
    aside = workspace.parent / f"{record}.txt"
    aside.write_text(f"words of {record}\n")
    began = time.time()
    drop(aside, data / "raw" / aside.name)
    with seen.daemon.reading() as read:

        def is_done() -> bool:
            states = [standing.state for standing in read.standings([record]).values()]
            return states == [State.CURRENT, State.CURRENT]

        seen.wait_until(is_done, f"{record} current", LOOK_S)
        claimed_at = min(run.claimed_at for run in read.runs(limit=10) if run.key.record == record)
    time.sleep(random.uniform(*PAUSE_S))
    return claimed_at - began


def _rename_in(aside: Path, place: Path) -> None:
    aside.rename(place)


def _write(aside: Path, place: Path) -> None:
    place.write_text(aside.read_text())
    aside.unlink()
