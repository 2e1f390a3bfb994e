"""The two clocks the engine reads: wall time for what is remembered, monotonic time for what is waited for."""

import time
from typing import Protocol


class Clock(Protocol):
    """Both in seconds; `now` since the epoch."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
