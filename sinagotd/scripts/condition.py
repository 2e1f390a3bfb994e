"""What a script may do to its process that cannot be put back: noticed afterwards, and mended by a new process."""

import builtins
import os
import resource
import signal
import sys
from dataclasses import dataclass
from operator import is_
from typing import Any, Self

STREAMS = (0, 1, 2)
TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
DESCRIPTORS_LEFT_OPEN = 50


@dataclass(frozen=True, slots=True)
class Condition:
    """The state of this process at one moment. What scripts change of libraries that they share is not seen."""

    streams: tuple[object, ...]
    limits: tuple[object, ...]
    descriptors: int
    modules: dict[str, Any]
    names: dict[str, Any]
    finders: tuple[object, ...]

    @classmethod
    def taken(cls) -> Self:
        return cls(_streams(), _limits(), _descriptors(), dict(sys.modules), dict(vars(builtins)), tuple(sys.meta_path))

    def is_spoilt(self, now: "Condition") -> bool:
        """Whether the next script would find something else than this one found; what was imported since is no harm."""
        return (
            now.streams != self.streams
            or now.limits != self.limits
            or now.descriptors > self.descriptors + DESCRIPTORS_LEFT_OPEN
            or _differ(self.modules, now.modules)
            or _differ(self.names, now.names)
            or not set(map(id, self.finders)) <= set(map(id, now.finders))
        )


def _streams() -> tuple[object, ...]:
    """Which pipes the standard streams are; the next file that is opened would take the place of one that was closed."""
    return tuple(_identity(descriptor) for descriptor in STREAMS)


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _limits() -> tuple[object, ...]:
    return (
        *(resource.getrlimit(limit) for limit in LIMITS),
        *(signal.getitimer(timer)[0] > 0 for timer in TIMERS),
        signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        os.getpriority(os.PRIO_PROCESS, 0),
        os.sched_getaffinity(0),
    )


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - Path.iterdir makes an object of each


def _differ(before: dict[str, Any], now: dict[str, Any]) -> bool:
    return not all(map(is_, map(now.get, before), before.values()))
