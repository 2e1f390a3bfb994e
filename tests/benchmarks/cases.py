"""What is measured, case by case, on a workspace where nothing is left to do."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from sinagotd.core.pipeline import Pipeline
from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.finding import compare
from sinagotd.engine.survey import surveying
from sinagotd.manifest.reader import open_reader
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.walk import walk
from sinagotd.scripts.code import read_code
from sinagotd.scripts.orders import RunOrder
from sinagotd.scripts.step_host import StepHost
from sinagotd.settings.daemon import load_daemon
from sinagotd.settings.workspace import load_workspace
from tests.benchmarks.measuring import Measured, peak_memory_mb, python, summed_up, timed

FIND = "find -printf"
CALLS_PER_ROUND = 50


def on_records(folder: Path, *, records: int, rounds: int) -> Iterator[Measured]:
    """The cases that depend on how many records there are."""
    where = str(folder)
    find = ["find", f"{where}/dataset", "-printf", "%p %s %T@ %i %C@\\n"]
    yield timed(FIND, lambda: subprocess.run(find, check=True, stdout=subprocess.DEVNULL), rounds=rounds, per=records)
    yield from _in_process(folder, records=records, rounds=rounds)
    yield timed("sinagotd plan, whole process", python("-m", "sinagotd", "plan", where), rounds=rounds, per=records)
    start_to_rest = python("-m", "sinagotd", "run", "--once", where)
    yield timed("start to rest, nothing to do", start_to_rest, rounds=rounds, per=records)
    words = [sys.executable, "-m", "sinagotd", "run", "--once", where]
    yield summed_up("peak memory of the daemon", [peak_memory_mb(words) for _ in range(rounds)], "MB")


def _in_process(folder: Path, *, records: int, rounds: int) -> Iterator[Measured]:
    settings = load_workspace(folder)
    state_path = load_daemon(None).state_path_for(settings)
    with (
        step_host_asked(settings.scripts_path) as ask,
        surveying(settings, state_path, ask=ask) as surveyor,
        open_reader(state_path) as reader,
    ):

        def full_pass(pipeline: Pipeline = surveyor.pipeline) -> None:
            seen = walk(settings.data_path, pipeline.reach(), ignored=IgnoredNames(settings.watch.ignore))
            found = compare(seen, reader.all_digests(), pipeline)
            assert len(found.records) == records
            assert not found.changed

        yield timed("full pass: walk and compare", full_pass, rounds=rounds, per=records)
        yield timed("full pass and plan, in process", surveyor.look_at_all, rounds=rounds, per=records)


def apart_from_records(folder: Path, *, rounds: int) -> Iterator[Measured]:
    """Imports, and the step host."""
    yield timed("python -c pass", python("-c", "pass"), rounds=rounds)
    yield timed("import sinagotd, with the interpreter", python("-c", "import sinagotd"), rounds=rounds)
    yield timed("sinagotd --version", python("-m", "sinagotd", "--version"), rounds=rounds)
    with StepHost() as host:
        orders = _orders(folder)

        def calls() -> None:
            for _ in range(CALLS_PER_ROUND):
                order = next(orders)
                reply = host.call(order, on_line=lambda _: None)
                assert reply.error is None, reply.error
                shutil.rmtree(order.staging)

        whole = timed("one warm call of a step host", calls, rounds=rounds)
    per_call = [value / CALLS_PER_ROUND for value in (whole.value, whole.lowest, whole.highest)]
    yield Measured(whole.what, per_call[0], "ms", per_call[1], per_call[2])


def _orders(folder: Path) -> Iterator[RunOrder]:
    scripts, data = folder / "scripts", folder / "dataset"
    code = read_code(scripts, "count.py").digest.hex()
    for number in count():
        yield RunOrder(
            run_id=f"bench-{number}",
            record="REC-000000",
            step="count",
            label="count",
            task=None,
            modality=None,
            script=str(scripts / "count.py"),
            scripts_path=str(scripts),
            code=code,
            data_path=str(data),
            staging=str(data / ".sinagotd" / "staging" / f"bench-{number}"),
            inputs={"": "raw/REC-000000.txt"},
            outputs={"": "computed/REC-000000-count.txt"},
        )
