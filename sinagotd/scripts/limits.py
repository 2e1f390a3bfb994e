"""Watches one run's time and memory, and says which limit it broke. It ends nothing."""

import time

from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.orders import RunError
from sinagotd.scripts.processes import tree_memory

LIMITED_SAMPLE_S = 0.2
UNLIMITED_SAMPLE_S = 1.0
_MIB = 1 << 20


class Limits:
    """One run of the process `pid`; `timeout_s` and `memory_bytes` (of the whole tree) may be None."""

    def __init__(self, pid: int, timeout_s: float | None, memory_bytes: int | None) -> None:
        self.peak_memory = 0
        self._pid = pid
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._every_s = UNLIMITED_SAMPLE_S if memory_bytes is None else LIMITED_SAMPLE_S
        self._began = time.monotonic()
        self._next_sample = self._began + LIMITED_SAMPLE_S

    def pause_s(self) -> float:
        """How long nobody needs to look."""
        moments = [self._next_sample]
        if self._timeout_s is not None:
            moments.append(self._began + self._timeout_s)
        return max(0.0, min(moments) - time.monotonic())

    def broken(self) -> RunError | None:
        """The limit that is broken now."""
        now = time.monotonic()
        if self._timeout_s is not None and now - self._began >= self._timeout_s:
            return RunError(ErrorKind.TIMED_OUT, f"it ran longer than {self._timeout_s:g}s")
        if now < self._next_sample:
            return None
        self._next_sample = now + self._every_s
        used = tree_memory(self._pid, limit=self._memory_bytes)
        self.peak_memory = max(self.peak_memory, used)
        if self._memory_bytes is None or used <= self._memory_bytes:
            return None
        return RunError(
            ErrorKind.MEMORY_LIMIT, f"it used {used / _MIB:,.0f} MiB, its limit is {self._memory_bytes / _MIB:,.0f} MiB"
        )
