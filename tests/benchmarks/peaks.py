"""How much memory a table takes on its way into a file and back: straight from discovery, and of long logs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.fresh import fresh
from tests.benchmarks.measuring import Measured, Target, median_of, ratio_of
from tests.benchmarks.rig import LONG_MESSAGES, make_rig
from tests.benchmarks.sides import OWN, PEER, Side, find

LONG_ROWS = 40
FLAT = Target(must=1.3, aim=1.1)
LONG_MB = Target(must=400, aim=200)


def peaks(bench: Bench, roots: Mapping[int, Path], sides: Mapping[str, Side]) -> Iterator[Measured]:
    """The most that a fresh process held, the imports of the library included."""
    yield from _saving(bench, roots, sides[OWN])
    yield from _long(bench, sides)


def _saving(bench: Bench, roots: Mapping[int, Path], own: Side) -> Iterator[Measured]:
    """Straight from discovery into a file."""
    found = {}
    for rows, root in roots.items():
        bench.say(f"saving {rows:,} rows")
        *_, saved = fresh(bench.folder, own.python, own.before, [find(root), "dataset.save('whole.parquet')"])
        found[rows] = saved.peak_mb
        yield median_of(f"peak memory of save, {rows:,} rows", [saved.peak_mb], "MB")
    *_, fewer, more = found
    yield ratio_of(f"peak memory of save, from {fewer:,} to {more:,} rows", [found[more]], [found[fewer]], FLAT)


def _long(bench: Bench, sides: Mapping[str, Side]) -> Iterator[Measured]:
    """Their save only when it may take long."""
    bench.say(f"making {LONG_ROWS} logs of {LONG_MESSAGES:,} lines")
    root = make_rig(bench.fresh("rig-long"), LONG_ROWS, ("dataqueue",), LONG_MESSAGES)
    of = f"{LONG_ROWS} logs of {LONG_MESSAGES:,} lines"
    for name, side in sides.items():
        if name == PEER and not bench.is_long:
            continue
        path = str(bench.folder / f"long-{side.path}")
        for what, works in (("save", [find(root), f"dataset.save({path!r})"]), ("load", [f"load_dataset({path!r})"])):
            took = fresh(bench.folder, side.python, side.before, works)[-1]
            target, note = LONG_MB if name == OWN else None, f"CPU {took.cpu_s:.1f} s"
            yield median_of(f"{name}: peak to {what} {of}", [took.peak_mb], "MB", target, note)
