"""The steps that are to be run and not claimed yet: newest arrivals first, backfill behind."""

import heapq
from dataclasses import dataclass, field

from sinagotd.core.keys import StepKey


@dataclass(slots=True)
class Pending:
    """A priority queue without doubles; `arrival` is the mtime_ns of a step's newest input, `place` that in the pipeline."""

    _arrivals: dict[StepKey, int] = field(default_factory=dict)
    _heap: list[tuple[int, str, int, StepKey]] = field(default_factory=list)

    def add(self, key: StepKey, arrival: int, *, place: int = 0) -> None:
        if self._arrivals.get(key) != arrival:
            self._arrivals[key] = arrival
            heapq.heappush(self._heap, (-arrival, key.record, place, key))

    def discard(self, key: StepKey) -> None:
        self._arrivals.pop(key, None)

    def take(self, count: int) -> dict[StepKey, int]:
        """Take out up to `count` steps, newest arrivals first, with their arrivals."""
        taken: dict[StepKey, int] = {}
        while self._heap and len(taken) < count:
            arrival, *_, key = heapq.heappop(self._heap)
            if self._arrivals.get(key) == -arrival:
                taken[key] = self._arrivals.pop(key)
        return taken

    def __len__(self) -> int:
        return len(self._arrivals)
