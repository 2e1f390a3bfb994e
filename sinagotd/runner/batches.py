"""Which orders travel together: those of steps that were quick so far. It hands nothing over.

Dask takes five milliseconds of a core for each task, whatever is in it: as long as it takes to run a trivial step.
"""

from collections.abc import Collection, Iterator
from math import ceil, inf

from sinagotd.runner.entry import Entry

MOST_TOGETHER = 16
TOGETHER_S = 0.25
"""How long the orders of a batch may take in all, as far as one can tell."""


class Paces:
    """How long the runs of each kind take, in seconds. It is slow to believe that they got quicker."""

    def __init__(self) -> None:
        self._took: dict[tuple[str, str], float] = {}
        self._doubted: set[tuple[str, ...]] = set()

    def learn(self, entry: Entry, took_s: float) -> None:
        before = self._took.get(entry.kind, took_s)
        self._took[entry.kind] = max(took_s, (before + took_s) / 2)
        self._doubted.discard(entry.key[:-1])

    def doubt(self, entry: Entry) -> None:
        """Its worker was lost, with all that it held: until a run of this step of this record ends, it travels alone."""
        self._doubted.add(entry.key[:-1])

    def expected_s(self, entry: Entry) -> float:
        return inf if entry.key[:-1] in self._doubted else self._took.get(entry.kind, inf)


def batches(entries: Collection[Entry], paces: Paces, threads: int) -> Iterator[list[Entry]]:
    """Part the orders, in their order, into those that one thread gets; one that may take long travels alone."""
    most = min(MOST_TOGETHER, ceil(len(entries) / max(threads, 1)))
    batch: list[Entry] = []
    left_s = TOGETHER_S
    for entry in entries:
        expected_s = paces.expected_s(entry)
        if batch and (len(batch) == most or expected_s > left_s):
            yield batch
            batch, left_s = [], TOGETHER_S
        batch.append(entry)
        left_s -= expected_s
    if batch:
        yield batch
