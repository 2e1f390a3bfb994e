"""Does the job of a dataset in this process: builds it, or checks a sample of it. Imported where pandas is welcome."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sinagotd.daemon.datasets.jobs import BUSY, FAILED, WRONG, Errand, Job, Report
from sinagotd.datakit.builds.building import build
from sinagotd.datakit.builds.built import CellProblem
from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.home import BusyError
from sinagotd.datakit.builds.isolating import load_isolated
from sinagotd.datakit.builds.packing import PackedRow
from sinagotd.datakit.builds.verifying import Mismatch, verify
from sinagotd.datakit.dataset import Dataset
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.records import ERROR
from sinagotd.errors import SinagotError
from sinagotd.workspace.tables import Asked, dataset_of

NAMED_PROBLEMS = 5
NAMED_MISMATCHES = 20
SAMPLE = 0.02
"""The share of rows that a check on schedule looks at."""

TOLD_EVERY_S = 1.0

_PATHS = ("roots", "source_files")
_TUPLES = ("roots", "source_files", "sources", "partition_by")

Say = Callable[[str], None]


def do(job: Job, *, say: Say = lambda _: None, share: float = SAMPLE) -> Report:
    """What came of it, for the log and for people; a fault that a person can mend is a report too, never raised."""
    try:
        return _check(job, share) if job["errand"] == Errand.CHECK else _build(job, say)
    except BusyError as fault:
        return {"status": BUSY, "why": str(fault)}
    except (SinagotError, OSError) as fault:
        return {"status": FAILED, "why": str(fault)}


def declared(job: Job) -> Declaration:
    """The declaration of a job, not checked yet."""
    given: dict[str, Any] = dict(job["declaration"])
    for name in _PATHS:
        given[name] = [Path(path) for path in given[name]]
    given |= {name: tuple(given[name]) for name in _TUPLES}
    given |= {name: {level: tuple(wanted) for level, wanted in given[name].items()} for name in ("include", "exclude")}
    rows = None if job["workspace"] is None else _rows_of(job)
    return Declaration(**given | {"output": Path(given["output"]), "rows": rows})


def _rows_of(job: Job) -> Callable[[], Dataset]:
    given = job["declaration"]
    return partial(
        dataset_of,
        Asked(
            Path(job["workspace"]),
            Path(job["service"]) if job["service"] else None,
            tuple(given["sources"]),
            tuple(map(Path, given["source_files"])),
            given["declared"],
        ),
    )


def _build(job: Job, say: Say) -> Report:
    built = build(declared(job), cache=_cache(job), load=partial(_told, say, job["workers"]))
    failed = [problem for problem in built.problems if problem.status == ERROR]
    return {
        "status": built.status.value,
        "why": built.why,
        "version": built.version,
        "rows": built.rows,
        "cells_loaded": built.cells_loaded,
        "cells_reused": built.cells_reused,
        "failed": len(failed),
        "missing": len(built.problems) - len(failed),
        "named": [_named(problem) for problem in failed[:NAMED_PROBLEMS]],
        "took_s": round(built.took_s, 3),
        "output": job["declaration"]["output"],
    }


def _check(job: Job, share: float) -> Report:
    """Every time other rows, so that all get their turn."""
    load = partial(load_isolated, workers=job["workers"])
    verified = verify(declared(job), share, seed=secrets.randbits(32), load=load)
    differing = len(verified.mismatches)
    seen = f"{verified.cells:,} cells of {verified.rows:,} rows"
    same = f"{seen} are as a build from scratch makes them"
    return {
        "status": WRONG if differing else "checked",
        "why": f"{differing:,} differences in {seen} from a build from scratch" if differing else same,
        "version": verified.version,
        "rows": verified.rows,
        "outdated": verified.outdated,
        "cells": [_differing(mismatch) for mismatch in verified.mismatches[:NAMED_MISMATCHES]],
        "took_s": round(verified.took_s, 3),
    }


def _differing(mismatch: Mismatch) -> str:
    where = " ".join(mismatch.row) or "every row"
    feature = f".{mismatch.feature}" if mismatch.feature else ""
    return f"{mismatch.source}{feature} of {where}: {mismatch.what}"


def _named(problem: CellProblem) -> str:
    return f"{problem.source} of {' '.join(problem.row)}: {problem.message}"


def _cache(job: Job) -> Cache:
    return Cache(Path(job["cells"]), most_bytes=job["cells_bytes"])


def _told(say: Say, workers: int, plan: Plan, rows: Sequence[Row]) -> Iterator[PackedRow]:
    """Load rows, and say how far it is."""
    told_at = time.monotonic()
    for count, loaded in enumerate(load_isolated(plan, rows, workers=workers), start=1):
        yield loaded
        if time.monotonic() - told_at >= TOLD_EVERY_S:
            told_at = time.monotonic()
            say(f"{count} of {len(rows)} rows are loaded")
