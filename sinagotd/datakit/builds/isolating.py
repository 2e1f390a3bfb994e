"""Loads rows in processes of their own, so that a source that ends its process costs its own cell and nothing else."""

import multiprocessing
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from sinagotd.datakit.builds.packing import PackedRow, load_packed, packed
from sinagotd.datakit.parallel import each_row
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.records import ERROR, Record
from sinagotd.errors import DatasetError

_SUSPECTS = 64


def load_isolated(plan: Plan, rows: Sequence[Row], *, workers: int = 2) -> Iterator[PackedRow]:
    """The rows one after another, in their order. A cell whose process dies is failed; nothing is raised for it.

    The processes are forks of this one: what is imported here need not be imported there.
    """
    done = 0
    while done < len(rows):
        try:
            for loaded in _load(plan, rows[done:], workers):
                done += 1
                yield loaded
        except DatasetError:
            suspects = rows[done : done + _SUSPECTS]
            for row in suspects:
                done += 1
                yield _alone(plan, row)


def _load(plan: Plan, rows: Sequence[Row], workers: int) -> Iterator[PackedRow]:
    with ProcessPoolExecutor(min(workers, len(rows)), mp_context=multiprocessing.get_context("fork")) as executor:
        _fork(executor)
        yield from each_row(load_packed, plan, rows, executor)


def _fork(executor: ProcessPoolExecutor) -> None:
    """Start all processes now, before the executor has threads of its own.

    Python warns of forks where there are threads. Ours are pyarrow's, which makes new ones in the child; processes that
    share nothing would import pandas first, which takes longer than a few changed files do.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        executor.submit(int).result()


def _alone(plan: Plan, row: Row) -> PackedRow:
    """A row by itself; if its process dies, its cells one by one."""
    try:
        return next(_load(plan, [row], 1))
    except DatasetError:
        tags = [tag for tag in plan.order if tag in row.own and tag in plan.shown]
        return [cell for tag in tags for cell in _cell_alone(plan, row._replace(own={tag: row.own[tag]}), tag)]


def _cell_alone(plan: Plan, row: Row, tag: str) -> PackedRow:
    try:
        return next(_load(plan, [row], 1))
    except DatasetError:
        path = row.own[tag]
        message = f"its process died while {path} was loaded"
        return [packed(Record(row.key, tag, ERROR, path, "ProcessDied", message), {})]
