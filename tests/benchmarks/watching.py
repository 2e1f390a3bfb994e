"""A daemon at work with its embedded cluster, seen from outside: whether it is done, what it takes. It ends what it started."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from sinagotd.core.states import State
from tests.benchmarks.processes import cpu_s, own_cpu_s, resident_mb
from tests.benchmarks.tree import record_id
from tests.daemon_process import Daemon

WORKERS = psutil.cpu_count() or 1
LIMIT_S = 900.0
LOOK_S = 0.5
CALM_LOOK_S = 1.0
CALM_SHARE = 0.05


class Watched:
    """A daemon on its workspace; `itself` is its own process, in which Dask's scheduler runs too."""

    def __init__(self, daemon: Daemon, workspace: Path) -> None:
        self.daemon = daemon
        self._workspace = workspace
        self.itself = psutil.Process(daemon.pid)

    @property
    def others(self) -> list[psutil.Process]:
        """Nannies, workers and step hosts."""
        return [process for process in self.daemon.family() if process.pid != self.daemon.pid]

    def wait_for_rest(self) -> None:
        """Until its workers have run something, and it has done next to nothing for two looks in a row."""
        self._run_something()
        give_up_at = time.monotonic() + LIMIT_S
        calm = 0
        while calm < 2:
            before = own_cpu_s(self.itself)
            time.sleep(CALM_LOOK_S)
            calm = calm + 1 if own_cpu_s(self.itself) - before < CALM_SHARE * CALM_LOOK_S else 0
            assert time.monotonic() < give_up_at, "it never came to rest"

    def _run_something(self) -> None:
        """Drop some newcomers; an embedded cluster may come up after the daemon has said that it is ready."""
        first, began = time.time_ns() // 1_000_000, time.time()
        records = [record_id(first + number) for number in range(2 * WORKERS)]
        for record in records:
            (self._workspace / "dataset" / "raw" / f"{record}.txt").write_text(f"words of {record}\n")
        self.wait_for_made(records, after=began)

    def cpu_s(self) -> tuple[float, float]:
        """Processor seconds so far: of itself, and of the others that live."""
        return own_cpu_s(self.itself), cpu_s(self.others)

    def memory_mb(self) -> tuple[float, float]:
        """Resident memory: of itself, and of the others, where what they share counts once for each."""
        return resident_mb(self.itself), sum(resident_mb(process) for process in self.others)

    def wait_for_made(self, records: Collection[str], *, after: float) -> float:
        """Until every step of these became current after this time; the epoch seconds at which the last one did."""
        last = after
        with self.daemon.reading() as read:

            def is_made() -> bool:
                nonlocal last
                if read.counts().keys() != {State.CURRENT}:
                    return False
                since = [standing.since for standing in read.standings(records).values()]
                last = max(since, default=after)
                return len(since) >= len(records) and min(since) > after

            self.wait_until(is_made, f"{len(records):,} records made")
        return last

    def wait_until(self, condition: Callable[[], bool], what: str, look_s: float = LOOK_S) -> None:
        give_up_at = time.monotonic() + LIMIT_S
        while not condition():
            assert self.daemon.process.poll() is None, f"the daemon ended before {what}"
            assert time.monotonic() < give_up_at, f"not within {LIMIT_S:.0f} s: {what}"
            time.sleep(look_s)


@contextmanager
def watched(workspace: Path) -> Iterator[Watched]:
    """The daemon on this workspace, ready; ended when the block is left."""
    daemon = Daemon(workspace, "--workers", WORKERS)
    try:
        seen = Watched(daemon, workspace)
        seen.wait_until(lambda: bool(daemon.lines("ready")), "ready")
        yield seen
    except BaseException as fault:
        fault.add_note(daemon.tail())
        raise
    finally:
        daemon.close()
