"""How much of a core the daemon takes while nothing happens."""

import time
from collections.abc import Iterator, Sequence

from sinagotd.settings.daemon import load_daemon
from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import Measured, Target
from tests.benchmarks.watching import Watched, watched

WHOLE_S = 75.0
"""Long enough that the check of the watch, once a minute, is in it."""

IDLE = Target(must=1, aim=0.2)


def idling(bench: Bench) -> Iterator[Measured]:
    """The value is that of the whole time, the lowest and the highest are those of its rounds."""
    with watched(bench.finished(bench.usual)) as seen:
        seen.wait_for_rest()
        spent = [_percent(seen, WHOLE_S / bench.rounds) for _ in range(bench.rounds)]
        walk_s = seen.daemon.lines("walked")[-1]["s"]
    daemon, others = zip(*spent, strict=True)
    yield _whole("the daemon, Dask's scheduler included", daemon, IDLE)
    yield _whole("its workers and step hosts", others)
    every_s = load_daemon(None).intervals.scan
    share = 100 * walk_s / every_s
    yield Measured(
        "a walk, spread over its interval", share, share, share, "%", note=f"{walk_s} s every {every_s:.0f} s"
    )


def _whole(what: str, rounds: Sequence[float], target: Target | None = None) -> Measured:
    whole = sum(rounds) / len(rounds)
    return Measured(what, whole, min(rounds), max(rounds), "%", target, f"of one core, mean of {WHOLE_S:.0f} s")


def _percent(seen: Watched, for_s: float) -> tuple[float, float]:
    before, began = seen.cpu_s(), time.monotonic()
    time.sleep(for_s)
    took = time.monotonic() - began
    daemon, others = (100 * (now - then) / took for now, then in zip(seen.cpu_s(), before, strict=True))
    return daemon, others
