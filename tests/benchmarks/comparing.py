"""`sinagotd plan` against what other tools take to find nothing to do: the same files, the same dependencies."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.benchmarks import rivals
from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import Measured, Target, Times, Work, alternating_ms, missing, time_of, times_ratio
from tests.benchmarks.passing import PLAN, planning
from tests.benchmarks.peers import PINS

THAN_SNAKEMAKE = Target(must=50, limit="least")


class Rival(NamedTuple):
    """Another tool, and how it is asked what is to be done. A slow one is asked at the usual size once, or only with --long."""

    peer: str
    what: str
    make: rivals.Maker
    at_usual_size: int | None = None
    target: Target | None = None


RIVALS = (
    Rival("ninja", "ninja -n", rivals.ninja),
    Rival("snakemake", "snakemake --dry-run", rivals.snakemake, 1, THAN_SNAKEMAKE),
    Rival("sinagot", "sinagot steps.run()", rivals.sinagot_run, 0),
    Rival("sinagot", "sinagot steps.status()", rivals.sinagot_status, 0),
)


def comparing(bench: Bench) -> Iterator[Measured]:
    """At the small size every round of each; at the usual size fewer of the slow ones, unless it may take long."""
    yield from _at_small_size(bench)
    if bench.usual > bench.small:
        yield from _at_usual_size(bench)


def _at_small_size(bench: Bench) -> Iterator[Measured]:
    works: dict[str, Work] = {PLAN: planning(bench.finished(bench.small))}
    bench.say("installing other tools, unless they are there")
    works |= {rival.what: work for rival in RIVALS if (work := _tried(bench, rival))}
    times = alternating_ms(works, bench.rounds)
    yield time_of(_at(PLAN, bench.small), times[PLAN])
    for rival in RIVALS:
        if rival.what in times:
            yield from _lines(rival, bench.small, times[rival.what], times[PLAN])
        else:
            yield missing(rival.what, bench.peers.why_not(rival.peer))


def _at_usual_size(bench: Bench) -> Iterator[Measured]:
    plan = alternating_ms({PLAN: planning(bench.finished(bench.usual))}, bench.rounds)[PLAN]
    yield time_of(_at(PLAN, bench.usual), plan)
    for rival in RIVALS:
        rounds = bench.rounds if bench.is_long or rival.at_usual_size is None else rival.at_usual_size
        if rounds and not bench.peers.why_not(rival.peer):
            work = _work(bench, rival, bench.usual)
            times = alternating_ms({rival.what: work}, rounds, warming=min(1, rounds - 1))[rival.what]
            yield from _lines(rival, bench.usual, times, plan.steady(rounds), rival.target)


def _tried(bench: Bench, rival: Rival) -> Work | None:
    """What to time; nothing if the peer is not there or does not work, of which nobody but its own line should suffer."""
    if bench.peers.why_not(rival.peer):
        return None
    work = _work(bench, rival, bench.small)
    try:
        work()
    except (OSError, RuntimeError, AssertionError) as fault:
        bench.peers.give_up(rival.peer, fault)
        return None
    return work


def _work(bench: Bench, rival: Rival, records: int) -> Work:
    mark = "".join(letter for letter in rival.what if letter.isalpha())
    return rival.make(bench.fresh(f"{mark}-{records}"), records, bench.peers)


def _lines(rival: Rival, records: int, times: Times, plan: Times, target: Target | None = None) -> Iterator[Measured]:
    once = "; once only, --long for all rounds" if len(times.wall) == 1 else ""
    yield time_of(_at(rival.what, records), times, note=f"; {PINS[rival.peer].name}{once}")
    yield times_ratio(f"plan is faster than {_at(rival.what, records)}", times, plan, target)


def _at(what: str, records: int) -> str:
    return f"{what}, {records:,} records"
