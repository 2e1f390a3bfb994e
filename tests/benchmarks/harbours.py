"""A cold run of the two steps of a harbour, in two processes, against a plain loop over the very same functions."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from sinagotd import Workspace
from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import Measured, Target, Work, alternating_ms, time_of, times_ratio
from tests.benchmarks.tree import record_id

WORKERS = 2
BOATS = 15_000
FEW_BOATS = 5
STEPS = ("count", "mean")
TOML = f"""\
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["count", "mean"]
[dask.cluster]
n_workers = {WORKERS}
"""
FUNCTIONS = """\
import csv
from collections import Counter, defaultdict


def boats(source):
    with source.open(newline="") as file:
        yield from csv.DictReader(file)


def write(target, header, rows):
    with target.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def count(source, target):
    counted = Counter(boat["country"] for boat in boats(source))
    write(target, ["country", "boat_name"], sorted(counted.items()))


def mean(source, target):
    sizes = defaultdict(list)
    for boat in boats(source):
        sizes[boat["country"]].append(float(boat["size"]))
    write(target, ["country", "size"], sorted((country, sum(all_) / len(all_)) for country, all_ in sizes.items()))
"""
SCRIPT = """\
from harbour import {step}
from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    PATH_IN = ("raw", "{{id}}-raw.csv")
    PATH_OUT = ("computed", "{{id}}-{step}.csv")

    def run(self):
        {step}(self.path.input, self.path.output)
"""
FASTER = Target(must=1.6, limit="least")


def harbours(bench: Bench) -> Iterator[Measured]:
    """Cold: no outputs, no manifest, no worker that is up. With files of a few lines, what is around a step is the most of it."""
    rounds = bench.rounds if bench.is_long else 1
    yield from _compared(bench, bench.small, BOATS, rounds, FASTER)
    yield from _compared(bench, max(1, bench.small // 5), FEW_BOATS, bench.rounds, None)


def _compared(bench: Bench, records: int, boats: int, rounds: int, target: Target | None) -> Iterator[Measured]:
    bench.say(f"making {records:,} harbours of {boats:,} boats")
    folder = _workspace(bench.fresh(f"harbour-{boats}"), records, boats)
    what = f"{records:,} records x 2 steps, {boats:,} boats"
    loop, run = f"a plain loop, {what}", f"a cold run in {WORKERS} processes, {what}"
    works: dict[str, Work] = {loop: _loop(folder, records), run: lambda: _run(folder, records)}
    times = alternating_ms(works, rounds, warming=0)
    for name, values in times.items():
        yield time_of(name, values)
    yield times_ratio(f"the run is faster than the loop, {what}", times[loop], times[run], target)


def _loop(folder: Path, records: int) -> Work:
    functions = _module(folder / "scripts" / "harbour.py")
    calls: list[Callable[[Path, Path], None]] = [getattr(functions, step) for step in STEPS]

    def loop() -> None:
        made = folder / "by-hand"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        for number in range(records):
            record = record_id(number)
            for step, function in zip(STEPS, calls, strict=True):
                function(folder / "dataset" / "raw" / f"{record}-raw.csv", made / f"{record}-{step}.csv")

    return loop


def _run(folder: Path, records: int) -> None:
    for made in ("computed", "LOG", ".sinagotd"):
        shutil.rmtree(folder / "dataset" / made, ignore_errors=True)
    with Path(os.devnull).open("w") as nothing, contextlib.redirect_stdout(nothing):
        result = Workspace(folder).steps.run(scheduler="processes")
    assert result.counts == {"succeeded": 2 * records}, result
    last = f"{record_id(records - 1)}-mean.csv"
    assert (folder / "dataset" / "computed" / last).read_bytes() == (folder / "by-hand" / last).read_bytes()


def _workspace(folder: Path, records: int, boats: int) -> Path:
    for place in ("dataset/raw", "scripts"):
        (folder / place).mkdir(parents=True)
    (folder / "workspace.toml").write_text(TOML)
    (folder / "scripts" / "harbour.py").write_text(FUNCTIONS)
    for step in STEPS:
        (folder / "scripts" / f"{step}.py").write_text(SCRIPT.format(step=step))
    text = "boat_name,country,size\n" + "".join(
        f"boat {n},{'FR' if n % 3 else 'UK'},{8 + n % 4}\n" for n in range(boats)
    )
    for number in range(records):
        (folder / "dataset" / "raw" / f"{record_id(number)}-raw.csv").write_text(text)
    return folder


def _module(file: Path) -> ModuleType:
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
