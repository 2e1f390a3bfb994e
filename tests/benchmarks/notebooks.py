"""What a scientist asks in a notebook, in this process, beside sinagot 0.2.5 in a process of its own."""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sinagotd import Workspace
from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import (
    Measured,
    Target,
    Times,
    Work,
    alternating_ms,
    median_of,
    missing,
    ratio_of,
    time_of,
    times_ratio,
)  # fmt: skip
from tests.benchmarks.processes import call
from tests.benchmarks.tree import CHAIN, fill, make_workspace, record_id

ID_RECORDS = 16_000
LOGGED_RECORDS, LINES_EACH = 1_000, 100
CALLS = 1_000
PEER = "sinagot"
PROGRAM = """\
import sys, time
from sinagot import Workspace
workspace = Workspace(sys.argv[1])
began = time.perf_counter()
{ask}
print("took", time.perf_counter() - began)
"""


class Question(NamedTuple):
    """What is asked, in our words and in theirs, where they are the same; `times` it is asked in a row."""

    what: str
    ask: str
    target: Target
    times: int = 1


IDS = Question("ids()", "workspace.records.ids()", Target(must=300))
ONE = (
    Question("has()", f"workspace.records.has({record_id(7)!r})", Target(must=1), CALLS),
    Question("get()", f"workspace.records.get({record_id(7)!r})", Target(must=1), CALLS),
)
ALL = (
    Question("steps.status()", "workspace.steps.status()", Target(must=150)),
    Question("steps.run(), nothing to do", "workspace.steps.run()", Target(must=300)),
)
LOGS = Question("records.logs()", "workspace.records.logs()", Target(must=2_000))
GROWTH = Target(must=1.3)


def notebooks(bench: Bench) -> Iterator[Measured]:
    """Each figure is of a workspace that is open; theirs is taken once."""
    yield from _finding(bench)
    yield from _looking(bench)
    logged = _logged(bench.fresh("logged"))
    yield from _asked(bench, logged, LOGGED_RECORDS * LINES_EACH, (LOGS,))


def _finding(bench: Bench) -> Iterator[Measured]:
    sizes = (ID_RECORDS, max(bench.large, ID_RECORDS))
    folders = {size: _raw(bench, size) for size in dict.fromkeys(sizes)}
    works = {size: _work(folder, IDS) for size, folder in folders.items()}
    times = alternating_ms(works, bench.rounds)
    for size, values in times.items():
        yield time_of(f"{IDS.what} of {size:,}", values, target=IDS.target if size == ID_RECORDS else None)
    yield from _theirs(bench, folders[ID_RECORDS], ID_RECORDS, IDS, times[ID_RECORDS])
    first, last = (times[size].scaled(1 / size) for size in (sizes[0], sizes[-1]))
    yield times_ratio(f"{IDS.what}, grown per record from {sizes[0]:,} to {sizes[-1]:,}", last, first, GROWTH)
    yield from _asked(bench, folders[sizes[-1]], sizes[-1], ONE, beside=(folders[ID_RECORDS], ID_RECORDS))


def _looking(bench: Bench) -> Iterator[Measured]:
    folder = make_workspace(bench.fresh("looked-at"), CHAIN)
    fill(folder / "dataset", bench.small)
    _work(folder, ALL[-1])()
    theirs = make_workspace(bench.fresh("looked-at-by-them"), CHAIN)
    fill(theirs / "dataset", bench.small)
    yield from _asked(bench, folder, bench.small, ALL, beside=(theirs, bench.small))


def _asked(
    bench: Bench, folder: Path, count: int, questions: Sequence[Question], beside: tuple[Path, int] | None = None
) -> Iterator[Measured]:
    """Ours, and theirs in a folder that is like it, or smaller."""
    times = alternating_ms({question: _work(folder, question) for question in questions}, bench.rounds)
    for question, values in times.items():
        each = values.scaled(1 / question.times)
        yield time_of(f"{question.what} of {count:,}", each, target=question.target)
        if beside is not None:
            yield from _theirs(bench, *beside, question, each)


def _work(folder: Path, question: Question) -> Work:
    workspace = Workspace(folder)
    code = compile(question.ask, "<question>", "eval")

    def work() -> None:
        with Path(os.devnull).open("w") as nothing, contextlib.redirect_stdout(nothing):
            for _ in range(question.times):
                eval(code, {"workspace": workspace})

    return work


def _theirs(bench: Bench, folder: Path, count: int, question: Question, ours: Times) -> Iterator[Measured]:
    name = f"sinagot {question.what} of {count:,}"
    if why := bench.peers.why_not(PEER):
        yield missing(name, why)
        return
    bench.say(f"asking {name}")
    for script in (folder / "scripts").glob("*.py"):
        script.write_text(script.read_text().replace("from sinagotd import", "from sinagot import"))
    said = call([bench.peers.program(PEER), "-c", PROGRAM.format(ask=question.ask), str(folder)], folder)
    took_ms = float(said.rpartition("took")[2]) * 1000
    yield median_of(name, [took_ms], "ms", note="once")
    yield ratio_of(f"{question.what} is faster than theirs", [took_ms] * len(ours.wall), ours.wall)


def _raw(bench: Bench, records: int) -> Path:
    """Raw files only."""
    bench.say(f"making {records:,} raw files")
    folder = make_workspace(bench.fresh(f"raw-{records}"), CHAIN)
    for number in range(records):
        with open(f"{folder}/dataset/raw/{record_id(number)}.txt", "w") as file:  # noqa: PTH123 - as in `tree.fill`
            file.write("words\n")
    return folder


def _logged(folder: Path) -> Path:
    make_workspace(folder, CHAIN)
    (folder / "dataset" / "LOG").mkdir()
    keys = {"log_from": "script", "record_id": "", "scope": "record", "task": None, "modality": None}
    for number in range(LOGGED_RECORDS):
        record = record_id(number)
        (folder / "dataset" / "raw" / f"{record}.txt").write_text("words\n")
        said = {"step_label": "count", "step_status": 20, "message": "words", "time": "2026-01-01T00:00:00.000000"}
        line = json.dumps({**keys, "record_id": record, **said}) + "\n"
        (folder / "dataset" / "LOG" / f"{record}.log").write_text(line * LINES_EACH)
    return folder
