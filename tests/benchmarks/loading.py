"""The table of an experiment, beside mesofield 0.5.0b0: found, loaded, saved and loaded again, each in fresh processes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.bench import Bench
from tests.benchmarks.fresh import OURS, Took, fresh, times_of
from tests.benchmarks.measuring import (
    Measured,
    Target,
    Times,
    alternating_ms,
    median_of,
    missing,
    ratio_of,
    time_of,
    times_ratio,
)
from tests.benchmarks.rig import LONG_MESSAGES, SOURCES, make_rig

PEER = "mesofield"
ROWS = (300, 1_000, 3_000)
COMPARED, USUAL = ROWS[:2]
LONG_ROWS = 40
AT_ONCE = 2

BEFORE_OURS = (
    "from sinagotd.datakit import Dataset, load_dataset\nfrom sinagotd.datakit.saving.writing import save_frame"
)
BEFORE_THEIRS = "from mesofield.datakit import Dataset, load_dataset"
FIND = "dataset = Dataset.from_directory({root!r}, sources=" + repr(SOURCES) + ")"
LOAD = "frame = dataset.materialize()"

FOUND = Target(must=15, limit="least")
LINEAR = Target(must=1.3)
AS_A_WALK = Target(must=4, aim=2)
LOADED = Target(must=2.5, aim=5, limit="least")
TOGETHER = Target(must=1.6, aim=1.9, limit="least")
SAVED = Target(must=1, aim=0.5)
FLAT = Target(must=1.15)
LONG_MB = Target(must=400, aim=200)


class Side(NamedTuple):
    """Whose library it is: its Python, and how the table is written and read in its words."""

    python: str
    before: str
    write: str
    path: str


def loading(bench: Bench) -> Iterator[Measured]:
    """Trees of three sizes, and one of long logs."""
    bench.say(f"making {sum(ROWS):,} recordings of {len(SOURCES)} files")
    roots = {rows: make_rig(bench.fresh(f"rig-{rows}"), rows) for rows in ROWS}
    sides = {"ours": Side(OURS, BEFORE_OURS, "save_frame(frame, {path!r})", "table.parquet")}
    if why := bench.peers.why_not(PEER):
        yield missing(PEER, why)
    else:
        sides[PEER] = Side(bench.peers.program(PEER), BEFORE_THEIRS, "frame.to_pickle({path!r})", "table.pkl")
    yield from _finding(bench, roots, sides)
    yield from _saving(bench, roots[COMPARED], sides)
    yield from _together(bench, roots[USUAL])
    yield from _remembering(bench, roots)
    yield from _long(bench, sides)


def _finding(bench: Bench, roots: dict[int, Path], sides: dict[str, Side]) -> Iterator[Measured]:
    ours = {rows: _found(bench, root, sides["ours"]) for rows, root in roots.items()}
    for rows, times in ours.items():
        yield time_of(f"discovery, {rows:,} rows", times)
    if PEER in sides:
        bench.say(f"{PEER} discovers {USUAL:,} rows")
        theirs = _found(bench, roots[USUAL], sides[PEER])
        yield time_of(f"{PEER} discovery, {USUAL:,} rows", theirs)
        yield times_ratio("discovery is faster than theirs", theirs, ours[USUAL], FOUND)
    first, last = (ours[rows].scaled(1 / rows) for rows in (ROWS[0], ROWS[-1]))
    yield times_ratio(f"discovery, grown per row from {ROWS[0]:,} to {ROWS[-1]:,}", last, first, LINEAR)
    walk = alternating_ms({"walk": lambda: sum(len(files) for _, _, files in os.walk(roots[USUAL]))}, bench.rounds)[
        "walk"
    ]
    yield times_ratio("discovery against a plain walk", ours[USUAL], walk, AS_A_WALK)


def _found(bench: Bench, root: Path, side: Side) -> Times:
    return times_of(fresh(bench.folder, side.python, side.before, [_find(root)] * (bench.rounds + 1))[1:])


def _saving(bench: Bench, root: Path, sides: dict[str, Side]) -> Iterator[Measured]:
    """Their table as their `save` and `load_dataset` write and read it; ours holds the times, types and notes as well."""
    bench.say(f"loading {COMPARED:,} rows, {' and '.join(sides)}")
    loaded, sizes, stored = {}, {}, {}
    for name, side in sides.items():
        path = bench.folder / side.path
        rounds = [side.write.format(path=str(path)), f"again = load_dataset({str(path)!r})"] * bench.rounds
        _, load, *rest = fresh(bench.folder, side.python, side.before, [_find(root), LOAD, *rounds])
        loaded[name], sizes[name] = times_of([load]), path.stat().st_size / 1e6
        stored[name] = times_of(
            [Took(*map(sum, zip(*pair, strict=True))) for pair in zip(rest[::2], rest[1::2], strict=True)]
        )
    for name in sides:
        yield time_of(f"{name}: materialize, {COMPARED:,} rows", loaded[name], note="; once")
    if PEER in sides:
        yield ratio_of("materialize takes less CPU than theirs", loaded[PEER].cpu, loaded["ours"].cpu, LOADED)
    for name in sides:
        yield time_of(f"{name}: save + load, {COMPARED:,} rows", stored[name], note=f"; {sizes[name]:.1f} MB")
    if PEER in sides:
        yield ratio_of("CPU of save + load, against their pickle", stored["ours"].cpu, stored[PEER].cpu, SAVED)
        yield ratio_of("size of the file, against their pickle", [sizes["ours"]], [sizes[PEER]], SAVED)


def _together(bench: Bench, root: Path) -> Iterator[Measured]:
    several = f"frame = dataset.materialize(workers={AT_ONCE})"
    bench.say(f"loading {USUAL:,} rows, in one process and in {AT_ONCE}")
    alone, together = (
        times_of([took]) for took in fresh(bench.folder, OURS, BEFORE_OURS, [_find(root), LOAD, several])[1:]
    )
    yield time_of(f"materialize, {USUAL:,} rows", alone, note="; once")
    yield times_ratio(f"materialize, {AT_ONCE} processes against one", alone, together, TOGETHER)


def _remembering(bench: Bench, roots: dict[int, Path]) -> Iterator[Measured]:
    """Straight from discovery into a file."""
    peaks = {}
    for rows, root in roots.items():
        bench.say(f"saving {rows:,} rows")
        *_, saved = fresh(bench.folder, OURS, BEFORE_OURS, [_find(root), "dataset.save('whole.parquet')"])
        peaks[rows] = saved.peak_mb
        yield median_of(f"peak memory of save, {rows:,} rows", [saved.peak_mb], "MB")
    yield ratio_of(f"peak memory of save, from {USUAL:,} to {ROWS[-1]:,} rows", [peaks[ROWS[-1]]], [peaks[USUAL]], FLAT)


def _long(bench: Bench, sides: dict[str, Side]) -> Iterator[Measured]:
    """Their save only when it may take long."""
    bench.say(f"making {LONG_ROWS} logs of {LONG_MESSAGES:,} lines")
    root = make_rig(bench.fresh("rig-long"), LONG_ROWS, ("dataqueue",), LONG_MESSAGES)
    of = f"{LONG_ROWS} logs of {LONG_MESSAGES:,} lines"
    for name, side in sides.items():
        if name == PEER and not bench.is_long:
            continue
        path = str(bench.folder / f"long-{side.path}")
        for what, works in (("save", [_find(root), f"dataset.save({path!r})"]), ("load", [f"load_dataset({path!r})"])):
            took = fresh(bench.folder, side.python, side.before, works)[-1]
            note = f"CPU {took.cpu_s:.1f} s"
            yield median_of(
                f"{name}: peak to {what} {of}", [took.peak_mb], "MB", LONG_MB if name == "ours" else None, note
            )


def _find(root: Path) -> str:
    return FIND.format(root=str(root))
