"""Runs pieces of Python one after another in a process of its own, ours or a peer's, and says what each of them took."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.measuring import Times
from tests.benchmarks.processes import MB, call

OURS = sys.executable
_PROGRAM = """\
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")

def spent(*whose):
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))

def peak_bytes():  # ru_maxrss would count what the parent had before it became this program
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024

before, *works = json.load(open(sys.argv[1]))
names = {"__name__": "fresh"}
exec(before, names)
took = []
for work in works:
    own, others, began = spent(resource.RUSAGE_SELF), spent(resource.RUSAGE_CHILDREN), time.perf_counter()
    exec(work, names)
    wall, own = time.perf_counter() - began, spent(resource.RUSAGE_SELF) - own
    took.append((wall, own + spent(resource.RUSAGE_CHILDREN) - others, own, peak_bytes()))
print("took", json.dumps(took))
"""


class Took(NamedTuple):
    """Seconds on the clock, processor seconds with and without those of ended children, and the most memory so far."""

    wall_s: float
    cpu_s: float
    own_cpu_s: float
    peak_bytes: float

    @property
    def peak_mb(self) -> float:
        return self.peak_bytes / MB


def fresh(folder: Path, python: str, before: str, works: Sequence[str]) -> list[Took]:
    """What each work took; `before` is done first, and its names are known to all. The folder is its current one."""
    program = folder / "works.json"
    program.write_text(json.dumps([before, *works]))
    said = call([python, "-c", _PROGRAM, str(program)], folder)
    return [Took(*each) for each in json.loads(said.rpartition("took")[2])]


def times_of(some: Sequence[Took]) -> Times:
    """In ms."""
    return Times([took.wall_s * 1000 for took in some], [took.cpu_s * 1000 for took in some])
