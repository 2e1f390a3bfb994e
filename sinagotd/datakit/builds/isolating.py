"""Loads rows in processes of their own, so that a source that ends its process costs its own cell and nothing else."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from sinagotd.datakit.loading import LoadedRow
from sinagotd.datakit.parallel import load_rows
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.records import ERROR, Record
from sinagotd.errors import DatasetError

Load = Callable[[Plan, Sequence[Row]], Iterator[LoadedRow]]
_SUSPECTS = 64


def load_isolated(plan: Plan, rows: Sequence[Row], *, workers: int = 2) -> Iterator[LoadedRow]:
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


def _load(plan: Plan, rows: Sequence[Row], workers: int) -> Iterator[LoadedRow]:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(min(workers, len(rows)), mp_context=context) as executor:
        yield from load_rows(plan, rows, executor)


def _alone(plan: Plan, row: Row) -> LoadedRow:
    """A row by itself; if its process dies, its cells one by one."""
    try:
        return next(_load(plan, [row], 1))
    except DatasetError:
        together = LoadedRow(row.key, {}, [], [])
        for tag in plan.shown:
            cell = _cell_alone(plan, row._replace(own={tag: row.own[tag]} if tag in row.own else {}), tag)
            together.cells.update(cell.cells)
            together.records.extend(record for record in cell.records if record.source == tag)
        return together


def _cell_alone(plan: Plan, row: Row, tag: str) -> LoadedRow:
    try:
        return next(_load(plan, [row], 1))
    except DatasetError:
        path = row.own.get(tag)
        message = f"its process died while {path} was loaded"
        return LoadedRow(row.key, {}, [Record(row.key, tag, ERROR, path, "ProcessDied", message)], [])
