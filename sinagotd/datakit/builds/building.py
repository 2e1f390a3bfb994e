"""Brings a dataset up to date: what changed is loaded, the rest is copied, and readers get the new version in one step or none."""

import time
from datetime import UTC, datetime

from sinagotd.datakit.builds.built import Built, CellProblem, Status
from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.diffing import changes, in_words
from sinagotd.datakit.builds.gathering import Gathered, Gatherer
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.builds.isolating import load_isolated
from sinagotd.datakit.builds.last import Last, cells_of, look_back
from sinagotd.datakit.builds.looking import Look
from sinagotd.datakit.builds.packing import Load
from sinagotd.datakit.builds.problems import problems_of, write_problems
from sinagotd.datakit.builds.publishing import Job, publish, show_again
from sinagotd.datakit.builds.versions import write_listing
from sinagotd.datakit.records import ERROR

_TOLD = 3
Means = tuple[Cache, Load, datetime]


def build(declaration: Declaration, *, cache: Cache, load: Load = load_isolated, now: datetime | None = None) -> Built:
    """Bring the output up to date.

    Raises DatasetError (DeclarationError for a bad declaration) when it cannot be done at all; readers then keep what they
    had. Cells that cannot be loaded are problems of the result or, if the declaration is strict, the reason to keep the last
    version.
    """
    declaration.check()
    started = time.monotonic()
    home = Home(declaration.output)
    with home.locked():
        last = look_back(home)
        look = Look(declaration, home)
        built = _untouched(look, last) or _built(declaration, home, look, last, (cache, load, now or datetime.now(UTC)))
        if built.status is not Status.PUBLISHED:  # what stopped the last build may have done so before it was listed
            write_listing(home, last.versions, built.version)
    return built._replace(took_s=time.monotonic() - started)


def _untouched(look: Look, last: Last) -> Built | None:
    """What there is to say where nothing changed, told from stamps alone."""
    result = look.untouched() if last.newest is not None and last.newest == last.shown else None
    if result is None or last.newest is None or result["version"] != last.newest.number:
        return None
    problems = tuple(CellProblem(tuple(row), *rest) for row, *rest in result["problems"])
    return Built(
        Status.UNCHANGED, last.newest.number, last.newest.rows, 0, result["cells"], problems, 0, "nothing changed"
    )


def _built(declaration: Declaration, home: Home, look: Look, last: Last, means: Means) -> Built:
    cache, load, now = means
    found = look.find()
    before = cells_of(home, last.newest)
    gatherer = Gatherer(found.plan, look.stamps, cache, load)
    is_of_newest = last.newest is not None and look.version == last.newest.number
    base, same = last.newest.base if last.newest else "", look.same if is_of_newest else frozenset()
    gathered = gatherer.gather(found.rows, before, base, same)
    job = Job(declaration, home, found, gathered, gatherer, before, now)
    status, version, why = _settle(job, last)
    problems = problems_of(gathered.cells)
    if status is not Status.KEPT:
        write_problems(home.problems, gathered.cells, found.problems)
    is_settled = status is not Status.KEPT and all(cell.made.key for cell in gathered.cells if cell.made.path)
    reused, loaded = gathered.reused, gathered.loaded
    look.remember({"version": version, "cells": reused + loaded, "problems": problems} if is_settled else {})
    cache.forget_held()
    if loaded:
        cache.shrink()
    return Built(status, version, len(found.rows), loaded, reused, problems, 0, why)


def _settle(job: Job, last: Last) -> tuple[Status, int, str]:
    """What becomes of the gathered cells: the status, the version that readers see, and why."""
    faults = _faults(job.gathered) if job.declaration.strict else ""
    if faults:
        return Status.KEPT, last.shown_number, faults
    if last.newest is None or not job.is_as(last.newest):
        why = in_words(changes(job.before, job.gathered.cells)) if last.newest else "the first version"
        return _published(job, last, why)
    if last.shown == last.newest:
        return Status.UNCHANGED, last.newest.number, "nothing changed"
    if last.is_chosen:
        return Status.UNCHANGED, last.shown_number, f"nothing changed since version {last.shown_number} was chosen"
    why = f"what was published was {last.harm} by someone"
    if last.newest.is_whole(job.home):
        show_again(job, last.newest)
        return Status.PUBLISHED, last.newest.number, f"{why}; version {last.newest.number} is shown again"
    return _published(job, last, why)


def _published(job: Job, last: Last, why: str) -> tuple[Status, int, str]:
    version = publish(job, last, why)
    return Status.PUBLISHED, version.number, version.why


def _faults(gathered: Gathered) -> str:
    failed = [cell for cell in gathered.cells if cell.status == ERROR]
    if not failed:
        return ""
    told = "; ".join(f"{cell.source} of {' '.join(cell.row)}: {cell.message}" for cell in failed[:_TOLD])
    return f"strict, and {len(failed)} cells could not be loaded, the last version stays: {told}"
