"""Takes a figure several times and keeps the median with the lowest and the highest; holds it against what is asked for."""

import math
import resource
import statistics
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

Work = Callable[[], object]
Name = TypeVar("Name", bound=Hashable)

SMALLEST = 1e-3


class Target(NamedTuple):
    """What is asked for: `must`, and `aim` where one is named; the most that is allowed, or the least."""

    must: float
    aim: float | None = None
    limit: Literal["most", "least"] = "most"

    def is_met(self, value: float) -> bool:
        return self._holds(value, self.must)

    def is_aimed(self, value: float) -> bool:
        return self.aim is not None and self._holds(value, self.aim)

    def _holds(self, value: float, border: float) -> bool:
        return value <= border if self.limit == "most" else value >= border


class Measured(NamedTuple):
    """One line of a table; `value` is a median unless `what` says otherwise, NaN when `note` says why there is none."""

    what: str
    value: float
    lowest: float
    highest: float
    unit: str
    target: Target | None = None
    note: str = ""


def median_of(what: str, values: Sequence[float], unit: str, target: Target | None = None, note: str = "") -> Measured:
    return Measured(what, statistics.median(values), min(values), max(values), unit, target, note)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed: one of them, nothing in between."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def ratio_of(
    what: str, over: Sequence[float], under: Sequence[float], target: Target | None = None, note: str = ""
) -> Measured:
    """The ratio of the medians; lowest and highest are those of single rounds, which were measured one after the other."""
    rounds = [one / other for one, other in zip(over, under, strict=True)]
    value = statistics.median(over) / statistics.median(under)
    return Measured(what, value, min(rounds), max(rounds), "x", target, note)


def missing(what: str, why: str) -> Measured:
    """A line for what could not be measured."""
    return Measured(what, math.nan, math.nan, math.nan, "", note=why)


class Times(NamedTuple):
    """How long something took, round by round: on the clock, and of processor time, its child processes included."""

    wall: list[float]
    cpu: list[float]

    def scaled(self, factor: float) -> "Times":
        return Times([value * factor for value in self.wall], [value * factor for value in self.cpu])

    def steady(self, rounds: int) -> "Times":
        """As if every one of so many rounds had taken the median."""
        return Times([statistics.median(self.wall)] * rounds, [statistics.median(self.cpu)] * rounds)


def of_ended_children() -> float:
    """Processor seconds of this process, and of its children that have ended."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def alternating_ms(
    works: Mapping[Name, Work], rounds: int, *, warming: int = 1, cpu_s: Callable[[], float] = of_ended_children
) -> dict[Name, Times]:
    """Time each in ms, one after the other in every round; rounds that are not counted warm the caches."""
    times = {name: Times([], []) for name in works}
    for counted in [False] * warming + [True] * rounds:
        for name, work in works.items():
            cpu_before, began = cpu_s(), time.perf_counter()
            work()
            took, spent = time.perf_counter() - began, cpu_s() - cpu_before
            if counted:
                times[name].wall.append(took * 1000)
                times[name].cpu.append(spent * 1000)
    return times


def time_of(what: str, times: Times, unit: str = "ms", target: Target | None = None, note: str = "") -> Measured:
    """The median on the clock; processor time, which a busy machine changes less, stands in the note."""
    return median_of(what, times.wall, unit, target, f"CPU {figure(statistics.median(times.cpu))} {unit}{note}")


def times_ratio(what: str, over: Times, under: Times, target: Target | None = None) -> Measured:
    cpu = statistics.median(over.cpu) / max(statistics.median(under.cpu), SMALLEST)
    return ratio_of(what, over.wall, under.wall, target, f"CPU {figure(cpu)} x")


def figure(value: float) -> str:
    """Three digits that count, more only before the point."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"
