"""What it costs to look at everything and find nothing to do, against `find` on the same tree, and as the tree grows."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.finding import compare
from sinagotd.engine.survey import surveying
from sinagotd.scan.listing import Listing
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.walk import walk
from sinagotd.settings.daemon import load_daemon
from sinagotd.settings.workspace import load_workspace
from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import Measured, Target, Work, alternating_ms, time_of, times_ratio
from tests.benchmarks.processes import call

FIND, PASS = "find -printf", "full pass: walk and compare"
LOOK, PLAN = "full pass and plan, in process", "sinagotd plan, whole process"
PLAN_IN_FULL = "sinagotd plan, whole process, one more file is there"

OF_FIND = Target(must=5, aim=2)
WHOLE_PLAN = Target(must=1_500, aim=600)
GROWTH = Target(must=1.3, aim=1.0)


def passing(bench: Bench) -> Iterator[Measured]:
    """At the usual size."""
    with _works(bench.finished(bench.usual)) as works:
        times = alternating_ms(works, bench.rounds)
    for name, values in times.items():
        yield time_of(name, values, target=WHOLE_PLAN if name in (PLAN, PLAN_IN_FULL) else None)
    yield times_ratio(f"{PASS}, against {FIND}", times[PASS], times[FIND], OF_FIND)
    yield times_ratio(f"{LOOK}, against {FIND}", times[LOOK], times[FIND])


def growing(bench: Bench) -> Iterator[Measured]:
    """Both sizes in every round; what grows less than the records do is below 1."""
    names, sizes = (FIND, PASS, PLAN), (bench.small, bench.large)
    with ExitStack() as stack:
        works = {size: stack.enter_context(_works(bench.finished(size))) for size in sizes}
        times = alternating_ms({(name, size): works[size][name] for name in names for size in sizes}, bench.rounds)
    for name in names:
        small, large = (times[name, size].scaled(1000 / size) for size in sizes)
        yield time_of(f"{name}, {bench.small:,} records", small, "µs/record")
        yield time_of(f"{name}, {bench.large:,} records", large, "µs/record")
        yield times_ratio(f"{name}, grown per record", large, small, None if name == FIND else GROWTH)


def _finding(workspace: Path) -> Work:
    words = ["find", str(workspace / "dataset"), "-printf", "%p %s %T@ %i %C@\\n"]
    return lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def planning(workspace: Path) -> Work:
    words = [sys.executable, "-m", "sinagotd", "plan", str(workspace)]

    def plan() -> None:
        said = call(words)
        assert ": 0 steps would run" in said, said

    return plan


def _planning_in_full(workspace: Path) -> Work:
    """A file that nobody reads is enough for the note that nothing moved to say nothing."""
    stray, plan = workspace / "dataset" / "raw" / "notes", planning(workspace)

    def plan_in_full() -> None:
        stray.touch()
        plan()
        stray.unlink()

    return plan_in_full


@contextmanager
def _works(workspace: Path) -> Iterator[dict[str, Work]]:
    """`find`, what a daemon does in its full pass, what `plan` does once it is up (both in this process), and `plan`."""
    settings = load_workspace(workspace)
    state_path = load_daemon(None).state_path_for(settings)
    with step_host_asked(settings.scripts_path) as ask, surveying(settings, state_path, ask=ask) as surveyor:

        def full_pass() -> None:
            ignored = IgnoredNames(settings.watch.ignore)
            seen = walk(settings.data_path, surveyor.pipeline.reach(), ignored=ignored, listing=Listing())
            found = compare(seen, surveyor.read.stamps(), surveyor.pipeline)
            assert found.records
            assert not found.changed, found.changed[:5]

        yield {
            FIND: _finding(workspace),
            PASS: full_pass,
            LOOK: surveyor.look_at_all,
            PLAN: planning(workspace),
            PLAN_IN_FULL: _planning_in_full(workspace),
        }
