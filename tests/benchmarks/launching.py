"""Trivial steps through the daemon, against the same function given to Dask directly, on a cluster of the same kind."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.bench import Bench
from tests.benchmarks.direct import Direct, connected
from tests.benchmarks.measuring import Measured, Target, figure, median_of, ratio_of
from tests.benchmarks.processes import cpu_s, family
from tests.benchmarks.tree import SINGLE, make_workspace, record_id
from tests.benchmarks.watching import WORKERS, Watched, watched

WARMING = 50
OF_PLAIN_DASK = Target(must=0.4, aim=0.8, limit="least")


class Speed(NamedTuple):
    """Steps in a second, and processor time of a step in ms: of the process that hands out, and of its workers."""

    steps_per_s: float
    own_ms: float
    workers_ms: float


class Round(NamedTuple):
    daemon: Speed
    plain: Speed
    launcher: Speed


def launching(bench: Bench) -> Iterator[Measured]:
    """All three in each round; each of their two clusters is idle while the other works."""
    daemon, plain, launcher = zip(*asyncio.run(_rounds(bench)), strict=True)
    steps = f"{bench.steps:,} steps that copy a line, {WORKERS} workers of one thread"
    yield _speed("renamed in → current, through the daemon", daemon, steps)
    yield _speed("the function through client.map", plain, "the peer")
    yield _speed("our launcher through client.map", launcher, "step host and receipt, no daemon")
    yield _ratio("the daemon, against the function through client.map", daemon, plain, OF_PLAIN_DASK)
    yield _ratio("the daemon, against our launcher through client.map", daemon, launcher)


def _speed(what: str, speeds: Sequence[Speed], note: str) -> Measured:
    own_ms = statistics.median(speed.own_ms for speed in speeds)
    workers_ms = statistics.median(speed.workers_ms for speed in speeds)
    note = f"CPU of a step: {figure(own_ms)} ms + workers {figure(workers_ms)} ms; {note}"
    return median_of(what, [speed.steps_per_s for speed in speeds], "steps/s", note=note)


def _ratio(what: str, over: Sequence[Speed], under: Sequence[Speed], target: Target | None = None) -> Measured:
    one, other = ([speed.steps_per_s for speed in speeds] for speeds in (over, under))
    return ratio_of(what, one, other, target)


async def _rounds(bench: Bench) -> list[Round]:
    workspace = make_workspace(bench.fresh("launched"), SINGLE)
    with watched(workspace) as seen:
        async with connected(WORKERS) as client:
            direct = Direct(client, make_workspace(bench.fresh("launched-directly"), SINGLE))
            race = Race(seen, workspace, direct)
            await race.round(0, WARMING)
            firsts = range(WARMING, WARMING + bench.rounds * bench.steps, bench.steps)
            return [await race.round(first, bench.steps) for first in firsts]


class Race(NamedTuple):
    """The daemon on its workspace, and Dask on one like it."""

    seen: Watched
    workspace: Path
    direct: Direct

    async def round(self, first: int, steps: int) -> Round:
        records = [record_id(number) for number in range(first, first + steps)]
        self.direct.prepare(records)
        before = self._cpu_s()
        plain_s = await self.direct.plain_s(records)
        between = self._cpu_s()
        launcher_s = await self.direct.launcher_s(records)
        after = self._cpu_s()
        daemon = await asyncio.to_thread(self._daemon, records)
        return Round(daemon, _speed_of(steps, plain_s, before, between), _speed_of(steps, launcher_s, between, after))

    def _daemon(self, records: list[str]) -> Speed:
        """From the first rename to the moment at which the last step became current."""
        raw, aside = self.workspace / "dataset" / "raw", self.workspace.parent / "aside"
        aside.mkdir(exist_ok=True)
        for record in records:
            (aside / f"{record}.txt").write_text(f"words of {record}\n")
        before, began = self.seen.cpu_s(), time.time()
        for record in records:
            (aside / f"{record}.txt").rename(raw / f"{record}.txt")
        took_s = self.seen.wait_for_made(records, after=began) - began
        return _speed_of(len(records), took_s, before, self.seen.cpu_s())

    def _cpu_s(self) -> tuple[float, float]:
        """Of this process, in which Dask's scheduler runs, and of the workers it started."""
        itself, *workers = family(but=self.seen.daemon.pid)
        return cpu_s([itself]), cpu_s(workers)


def _speed_of(steps: int, took_s: float, before: tuple[float, float], after: tuple[float, float]) -> Speed:
    own_ms, workers_ms = ((now - then) * 1000 / steps for now, then in zip(after, before, strict=True))
    return Speed(steps / took_s, own_ms, workers_ms)
