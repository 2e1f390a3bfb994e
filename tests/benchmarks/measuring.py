"""Times a case several times in one go and keeps the median; also what a child process takes. Prints nothing."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """One line of the table. `per` is what the median is divided by to give a cost per record, 0 if that says nothing."""

    what: str
    value: float
    unit: str
    lowest: float
    highest: float
    per: int = 0


def timed(what: str, work: Callable[[], object], *, rounds: int, per: int = 0) -> Measured:
    """Wall time in ms; one round before the first counted one warms the caches."""
    work()
    return summed_up(what, [_took(work) for _ in range(rounds)], "ms", per=per)


def summed_up(what: str, values: Sequence[float], unit: str, *, per: int = 0) -> Measured:
    return Measured(what, statistics.median(values), unit, min(values), max(values), per)


def peak_memory_mb(words: Sequence[str]) -> float:
    """The peak resident memory, in MB, of a child process alone: its own children do not count."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(words)} ended with exit code {child.returncode}")
    return usage.ru_maxrss * 1024 / 1e6


def python(*words: str) -> Callable[[], object]:
    """Something to time: a whole process of this interpreter."""
    return lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True)


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
