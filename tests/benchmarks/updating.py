"""A published dataset: built whole, beside mesofield 0.5.0b0, built again after one change and after none, and kept by the daemon."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.benchmarks.bench import Bench
from tests.benchmarks.fresh import OURS, fresh, times_of
from tests.benchmarks.measuring import Measured, Target, Times, median_of, missing, time_of, times_ratio
from tests.benchmarks.processes import peak_mb, resident_mb
from tests.benchmarks.rig import make_rig, notes_of
from tests.benchmarks.tree import CHAIN, make_workspace
from tests.daemon_process import Daemon, daemon_on

PEER = "mesofield"
ROWS, THEIR_ROWS = 3_000, 100
SOURCES = ("dataqueue", "meso_mean", "notes", "session_config", "timestamps", "wheel")
WORKERS = 2
NOTES = "2025-01-01 10:00:00: animal calm\\n2025-01-01 10:00:30: changed in round {}\\n"
BEFORE_OURS = """\
from pathlib import Path
from sinagotd.datakit.builds.building import build
from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.declaration import Declaration
home = Path.cwd()
declaration = Declaration("rig", home / "tables/rig.parquet", roots=(home / "rig",), sources={sources!r})
cache = Cache(home / "cells")
"""
BUILD = "build(declaration, cache=cache)"
BEFORE_THEIRS = "from mesofield.datakit import Dataset"
THEIR_BUILD = "Dataset.from_directory({root!r}, sources={sources!r}).save('whole.pkl')"
SERVICE = """\
[datasets.rig]
roots = ["rig"]
sources = {sources}
output = "tables/{{name}}.parquet"
quiet = "{quiet:.0f}s"
at_most_every = "1s"
"""
QUIET_S = 1.0
CHANGED_AT_ONCE = 300
LIMIT_S = 300.0
REST_S = 3.0
ENDS = ("dataset_built", "dataset_unchanged")

NOTHING = Target(must=300, aim=200)
HUNDREDFOLD = Target(must=100, aim=500, limit="least")
TWICE = Target(must=2, limit="least")
SOON = Target(must=2_000)
LITTLE_MORE = Target(must=50)


def updating(bench: Bench) -> Iterator[Measured]:
    """The builds of the library in a process that is there; those of the daemon as people meet them."""
    home = bench.fresh("datasets").parent
    bench.say(f"making {ROWS:,} recordings of {len(SOURCES)} files")
    make_rig(home / "rig", ROWS, SOURCES)
    bench.say(f"building {ROWS:,} rows x {len(SOURCES)} sources")
    (home / "tables").mkdir()
    whole, nothing, one = _builds(bench, home)
    yield time_of(f"full build, {ROWS:,} rows x {len(SOURCES)} sources, {WORKERS} workers", whole, note="; once")
    yield time_of("nothing changed", nothing, target=NOTHING)
    yield time_of("one file changed", one)
    if why := bench.peers.why_not(PEER):
        yield missing(PEER, why)
    else:
        yield from _beside(bench, home, whole, one)
    yield from _kept(bench, home)


def _builds(bench: Bench, home: Path) -> tuple[Times, Times, Times]:
    note = str(notes_of(home / "rig", ROWS)[0])
    changes = [f"Path({note!r}).write_text({NOTES.format(at)!r})\n{BUILD}" for at in range(bench.rounds)]
    works = [BUILD, *[BUILD] * bench.rounds, *changes]
    took = fresh(home, OURS, BEFORE_OURS.format(sources=SOURCES), works)
    return times_of(took[:1]), times_of(took[1 : bench.rounds + 1]), times_of(took[bench.rounds + 1 :])


def _beside(bench: Bench, home: Path, whole: Times, one: Times) -> Iterator[Measured]:
    """All rows only when it may take long: they are read one after the other, each as long as the others."""
    rows = ROWS if bench.is_long else THEIR_ROWS
    root = home / "rig" if bench.is_long else make_rig(home / "theirs", rows, SOURCES)
    bench.say(f"{PEER} builds {rows:,} rows")
    build = THEIR_BUILD.format(root=str(root), sources=SOURCES)
    theirs = times_of(fresh(home, bench.peers.program(PEER), BEFORE_THEIRS, [build]))
    scaled = theirs.scaled(ROWS / rows)
    note = "; once" if bench.is_long else f"; {rows:,} rows once, times {ROWS // rows}; --long for all rows"
    yield time_of(f"{PEER} full build, {ROWS:,} rows", scaled, note=note)
    yield times_ratio("full build is faster than theirs", scaled, whole, TWICE)
    yield times_ratio("after one change faster than theirs", scaled.steady(len(one.wall)), one, HUNDREDFOLD)


def _kept(bench: Bench, home: Path) -> Iterator[Measured]:
    """The daemon finds the dataset as it is; then one file changes in each round, and in the end many at once."""
    config = home / "sinagotd.toml"
    config.write_text(SERVICE.format(sources=json.dumps(SOURCES), quiet=QUIET_S))
    workspace = make_workspace(home / "workspace", CHAIN)
    notes = notes_of(home / "rig", ROWS)
    bench.say("the daemon keeps it")
    with daemon_on(workspace, "--config", config, "--workers", WORKERS) as daemon:
        _wait_for_build(daemon, 1)
        time.sleep(REST_S)
        itself = psutil.Process(daemon.pid)
        idle = resident_mb(itself)
        Path(f"/proc/{daemon.pid}/clear_refs").write_text("5")  # VmHWM begins anew: proc_pid_clear_refs(5)
        latencies = [
            _after_change(daemon, notes[:1], NOTES.format(f"{at} of the daemon")) for at in range(bench.rounds)
        ]
        _after_change(daemon, notes[:CHANGED_AT_ONCE], NOTES.format("the last"))
        more = peak_mb(itself) - idle
    what = "a file changes → published, without `quiet`"
    yield median_of(what, [1000 * (latency - QUIET_S) for latency in latencies], "ms", SOON)
    note = f"{idle:.0f} MB idle; {bench.rounds} builds of one file, one of {CHANGED_AT_ONCE}"
    yield Measured("the daemon's own memory, more at its peak", more, more, more, "MB", LITTLE_MORE, note)


def _after_change(daemon: Daemon, files: list[Path], content: str) -> float:
    """Seconds from the change to the line in the log, which is written when readers see it."""
    before = _count(daemon)
    began = time.monotonic()
    for file in files:
        file.write_text(content)
    _wait_for_build(daemon, before + 1)
    return time.monotonic() - began


def _wait_for_build(daemon: Daemon, count: int) -> None:
    daemon.wait_until(lambda: _count(daemon) >= count, "a build", LIMIT_S)


def _count(daemon: Daemon) -> int:
    return sum(line["event"] in ENDS for line in daemon.lines())
