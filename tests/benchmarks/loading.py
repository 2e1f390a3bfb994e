"""The table of an experiment, beside mesofield 0.5.0b0: found, loaded, saved and loaded again, each in fresh processes."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.fresh import Took, fresh, times_of
from tests.benchmarks.measuring import (
    Measured,
    Target,
    Times,
    alternating_ms,
    missing,
    ratio_of,
    time_of,
    times_ratio,
)
from tests.benchmarks.peaks import peaks
from tests.benchmarks.rig import SOURCES, make_rig
from tests.benchmarks.sides import LOAD, OWN, PEER, Side, find, sides_of

ROWS = (300, 1_000, 3_000)
COMPARED, USUAL = ROWS[:2]
AT_ONCE = 2

FOUND = Target(must=15, limit="least")
LINEAR = Target(must=1.3)
LOADED = Target(must=2.5, aim=5, limit="least")
TOGETHER = Target(must=1.6, aim=1.9, limit="least")
SAVED = Target(must=1, aim=0.5)


def loading(bench: Bench) -> Iterator[Measured]:
    """Trees of three sizes, and one of long logs."""
    bench.say(f"making {sum(ROWS):,} recordings of {len(SOURCES)} files")
    roots = {rows: make_rig(bench.fresh(f"rig-{rows}"), rows) for rows in ROWS}
    sides = sides_of(bench)
    if PEER not in sides:
        yield missing(PEER, bench.peers.why_not(PEER))
    yield from _finding(bench, roots, sides)
    yield from _saving(bench, roots[COMPARED], sides)
    yield from _together(bench, roots[USUAL], sides[OWN])
    yield from peaks(bench, roots, sides)


def _finding(bench: Bench, roots: dict[int, Path], sides: dict[str, Side]) -> Iterator[Measured]:
    ours = {rows: _found(bench, root, sides[OWN]) for rows, root in roots.items()}
    for rows, times in ours.items():
        yield time_of(f"discovery, {rows:,} rows", times)
    if PEER in sides:
        bench.say(f"{PEER} discovers {USUAL:,} rows")
        theirs = _found(bench, roots[USUAL], sides[PEER])
        yield time_of(f"{PEER} discovery, {USUAL:,} rows", theirs)
        yield ratio_of("discovery takes less CPU than theirs", theirs.cpu, ours[USUAL].cpu, FOUND)
    first, last = (ours[rows].scaled(1 / rows) for rows in (ROWS[0], ROWS[-1]))
    yield times_ratio(f"discovery, grown per row from {ROWS[0]:,} to {ROWS[-1]:,}", last, first, LINEAR)
    walked = {"walk": lambda: sum(len(files) for _, _, files in os.walk(roots[USUAL]))}
    walk = alternating_ms(walked, bench.rounds)["walk"]
    yield ratio_of("CPU of discovery, against a plain walk", ours[USUAL].cpu, walk.cpu, note="the aim is 2 x")


def _found(bench: Bench, root: Path, side: Side) -> Times:
    return times_of(fresh(bench.folder, side.python, side.before, [find(root)] * (bench.rounds + 1))[1:])


def _saving(bench: Bench, root: Path, sides: dict[str, Side]) -> Iterator[Measured]:
    """Their table as their `save` and `load_dataset` write and read it; ours holds the times, types and notes as well."""
    bench.say(f"loading {COMPARED:,} rows, {' and '.join(sides)}")
    loaded, sizes, stored = dict[str, Times](), dict[str, float](), dict[str, Times]()
    for name, side in sides.items():
        path = bench.folder / side.path
        rounds = [side.write.format(path=str(path)), f"again = load_dataset({str(path)!r})"] * bench.rounds
        _, load, *rest = fresh(bench.folder, side.python, side.before, [find(root), LOAD, *rounds])
        loaded[name], sizes[name] = times_of([load]), path.stat().st_size / 1e6
        pairs = zip(rest[::2], rest[1::2], strict=True)
        stored[name] = times_of([Took(*map(sum, zip(*pair, strict=True))) for pair in pairs])
    for name in sides:
        yield time_of(f"{name}: materialize, {COMPARED:,} rows", loaded[name], note="; once")
    if PEER in sides:
        yield ratio_of("materialize takes less CPU than theirs", loaded[PEER].cpu, loaded[OWN].cpu, LOADED)
    for name in sides:
        yield time_of(f"{name}: save + load, {COMPARED:,} rows", stored[name], note=f"; {sizes[name]:.1f} MB")
    if PEER in sides:
        yield ratio_of("CPU of save + load, against their pickle", stored[OWN].cpu, stored[PEER].cpu, SAVED)
        yield ratio_of("size of the file, against their pickle", [sizes[OWN]], [sizes[PEER]], SAVED)


def _together(bench: Bench, root: Path, own: Side) -> Iterator[Measured]:
    """On a machine that is busy or has one core, several are no faster by the clock; what each has to do is told by CPU."""
    bench.say(f"loading {USUAL:,} rows, in one process and in {AT_ONCE}")
    several = f"frame = dataset.materialize(workers={AT_ONCE})"
    _, alone, together = fresh(bench.folder, own.python, own.before, [find(root), LOAD, several])
    yield time_of(f"materialize, {USUAL:,} rows", times_of([alone]), note="; once")
    what = f"materialize, {AT_ONCE} processes against one"
    yield ratio_of(f"{what}, by the clock", [alone.wall_s], [together.wall_s])
    each_s = together.own_cpu_s + (together.cpu_s - together.own_cpu_s) / AT_ONCE
    note = f"{together.own_cpu_s:.1f} s of it in the process that asks"
    yield ratio_of(f"{what}, by CPU of each", [alone.cpu_s], [each_s], TOGETHER, note)
