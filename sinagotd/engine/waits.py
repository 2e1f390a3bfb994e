"""What an engine waits for without being told: retries that fall due, files that settle, digests made elsewhere."""

import heapq
from dataclasses import dataclass, field

from sinagotd.core.facts import Stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.reasons import Reason
from sinagotd.engine.looking import Planned


@dataclass(slots=True)
class Waits:
    """Remembers the steps whose input is arriving, the paths being hashed, and when failed steps are due again."""

    arriving: set[StepKey] = field(default_factory=set)
    hashing: dict[str, Stamp] = field(default_factory=dict)
    _retries: list[tuple[float, StepKey]] = field(default_factory=list)
    _next_retry: dict[StepKey, float] = field(default_factory=dict)

    def remember(self, planned: Planned) -> None:
        for key, decision in planned.decisions.items():
            if decision.reason is Reason.INPUT_ARRIVING:
                self.arriving.add(key)
            else:
                self.arriving.discard(key)
            if decision.until is not None:
                self._retry(key, decision.until)

    def _retry(self, key: StepKey, at: float) -> None:
        """Remember once, however often the step is planned meanwhile."""
        if self._next_retry.get(key) != at:
            self._next_retry[key] = at
            heapq.heappush(self._retries, (at, key))

    def forget(self, records: set[str]) -> None:
        self.arriving = {key for key in self.arriving if key.record not in records}
        self._next_retry = {key: at for key, at in self._next_retry.items() if key.record not in records}

    def due(self, now: float) -> list[str]:
        """The records of which a step is to be retried by `now`, epoch seconds."""
        records = []
        while self._retries and self._retries[0][0] <= now:
            at, key = heapq.heappop(self._retries)
            if self._next_retry.get(key) == at:
                del self._next_retry[key]
                records.append(key.record)
        return records

    @property
    def next_retry(self) -> float | None:
        """Epoch seconds."""
        return self._retries[0][0] if self._retries else None
