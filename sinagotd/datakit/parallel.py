"""Loads many rows, here or by workers: threads, processes or a Dask cluster; what comes out is in the rows' order."""

import os
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import Any, Protocol

import cloudpickle  # type: ignore[import-untyped]

from sinagotd.datakit.loading import LoadedRow, load_row
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.processes import Processes, WorkerDiedError
from sinagotd.errors import DatasetError

_ROWS_PER_TASK = 16


class Client(Protocol):
    """What is needed of a `distributed.Client`."""

    def get_executor(self, **kwargs: Any) -> Executor: ...


Workers = int | Executor | Client | None


def load_rows(plan: Plan, rows: Sequence[Row], workers: Workers = None) -> Iterator[LoadedRow]:
    """Load the rows one after another, or by `workers`: a number of processes, an executor, or a Dask client.

    At most a few rows per worker are in memory at a time. Raises DatasetError when a worker dies, TypeError for workers
    that are none.
    """
    if workers is None or (workers == 1 and not isinstance(workers, bool)):
        yield from (load_row(plan, row) for row in rows)
        return
    with _executor(workers) as executor:
        yield from _ordered(executor, plan, rows)


def _executor(workers: Workers) -> AbstractContextManager[Executor]:
    if isinstance(workers, Executor):
        return nullcontext(workers)
    if isinstance(workers, int) and not isinstance(workers, bool) and workers > 1:
        return Processes(workers)
    if workers is not None and not isinstance(workers, int) and hasattr(workers, "get_executor"):
        return nullcontext(workers.get_executor(pure=False))
    raise TypeError(f"workers= wants a number of processes from 1, an executor or a Dask client, not {workers!r}")


def _ordered(executor: Executor, plan: Plan, rows: Sequence[Row]) -> Iterator[LoadedRow]:
    work = partial(_load_here, plan)
    if isinstance(executor, Processes) or not isinstance(executor, ThreadPoolExecutor):
        work = partial(_load_there, cloudpickle.dumps(plan))
    count = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    size = max(1, min(_ROWS_PER_TASK, len(rows) // (4 * count)))
    waiting = deque(rows[at : at + size] for at in range(0, len(rows), size))
    flying: deque[tuple[Sequence[Row], Future[list[LoadedRow]]]] = deque()
    try:
        while waiting or flying:
            while waiting and len(flying) < 2 * count + 1:
                chunk = waiting.popleft()
                flying.append((chunk, executor.submit(work, chunk)))
            yield from _result(*flying.popleft())
    finally:
        for _, future in flying:
            future.cancel()


def _result(chunk: Sequence[Row], work: "Future[list[LoadedRow]]") -> list[LoadedRow]:
    try:
        return work.result()
    except (BrokenProcessPool, WorkerDiedError) as fault:
        first, last = chunk[0].key, chunk[-1].key
        raise DatasetError(
            f"a worker died while it loaded the rows {first} to {last}; load them alone to see which"
        ) from fault


def _load_here(plan: Plan, rows: Sequence[Row]) -> list[LoadedRow]:
    return [load_row(plan, row) for row in rows]


def _load_there(plan: bytes, rows: Sequence[Row]) -> list[LoadedRow]:
    return [_sendable(load_row(_plan(plan), row)) for row in rows]


@lru_cache(maxsize=1)
def _plan(sent: bytes) -> Plan:
    return pickle.loads(sent)  # type: ignore[no-any-return]  # noqa: S301  our own plan, from our own parent


def _sendable(row: LoadedRow) -> LoadedRow:
    """Exceptions stay behind: not all can be sent, and the record says it all."""
    return row._replace(causes=[])
