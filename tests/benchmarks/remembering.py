"""How much memory the daemon needs: with many records, and after many runs."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import Measured, Target, median_of, ratio_of
from tests.benchmarks.processes import peak_mb, share_mb
from tests.benchmarks.tree import SINGLE, make_workspace, record_id
from tests.benchmarks.watching import WORKERS, Watched, watched

MANY_RECORDS = Target(must=350, aim=200)
AFTER_RUNS = Target(must=1.1, aim=1.0)
WAVE = 1_000


def with_many_records(bench: Bench) -> Iterator[Measured]:
    """Started anew in each round, on a workspace where nothing is left to do, and come to rest."""
    found = [_at_rest(bench.finished(bench.large)) for _ in range(bench.rounds)]
    resident, own_share, peak, others = zip(*found, strict=True)
    note = f"the daemon's own process, Dask's scheduler included; {WORKERS} workers"
    yield median_of("at rest, resident", resident, "MB", MANY_RECORDS, note)
    yield median_of("at rest, PSS", own_share, "MB")
    yield median_of("peak", peak, "MB")
    yield median_of("workers and step hosts, resident", others, "MB")


def _at_rest(workspace: Path) -> tuple[float, float, float, float]:
    with watched(workspace) as seen:
        seen.wait_for_rest()
        resident, others = seen.memory_mb()
        return resident, share_mb(seen.itself), peak_mb(seen.itself), others


def after_many_runs(bench: Bench) -> Iterator[Measured]:
    """The same records again and again, with another content each time; compared with after the first time."""
    waves = 100 if bench.is_long else 10
    workspace = make_workspace(bench.fresh("repeated"), SINGLE)
    with watched(workspace) as seen:
        memory = [_after_wave(seen, workspace, number) for number in range(waves)]
    daemon, others = zip(*memory, strict=True)
    both = [sum(one) for one in memory]
    runs = f"{WAVE * waves:,} runs against {WAVE:,}"
    note = "" if bench.is_long else "; --long: 100,000 runs"
    for what, values in (("the daemon", daemon), ("its workers and step hosts", others), ("both", both)):
        from_to = f"{values[0]:.0f} → {values[-1]:.0f} MB{note}"
        yield ratio_of(f"{what}, {runs}", values[-1:], values[:1], AFTER_RUNS, from_to)


def _after_wave(seen: Watched, workspace: Path, number: int) -> tuple[float, float]:
    """Replace every raw file, and read the memory when all has been run and it is calm."""
    raw, aside = workspace / "dataset" / "raw", workspace.parent / "aside.txt"
    records = [record_id(at) for at in range(WAVE)]
    began = time.time()
    for record in records:
        aside.write_text(f"wave {number} of {record}\n")
        aside.rename(raw / f"{record}.txt")
    seen.wait_for_made(records, after=began)
    seen.wait_for_rest()
    return seen.memory_mb()
