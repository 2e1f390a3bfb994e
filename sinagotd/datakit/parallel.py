"""Loads many rows, here or by workers: threads, processes or a Dask cluster; what comes out is in the rows' order."""

import os
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import Any, Protocol, TypeVar

import cloudpickle  # type: ignore[import-untyped]

from sinagotd.collecting import no_collecting
from sinagotd.datakit.loading import LoadedRow, load_row
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.processes import Processes, WorkerDiedError
from sinagotd.errors import DatasetError

_ROWS_PER_TASK = 16


class Client(Protocol):
    """What is needed of a `distributed.Client`."""

    def get_executor(self, **kwargs: Any) -> Executor: ...


Workers = int | Executor | Client | None
Loaded = TypeVar("Loaded")
Work = Callable[[Plan, Row], Loaded]
"""What is done with each row. Its result can be sent from another process."""


def load_rows(plan: Plan, rows: Sequence[Row], workers: Workers = None) -> Iterator[LoadedRow]:
    """Load the rows one after another, or by `workers`: a number of processes, an executor, or a Dask client.

    At most a few rows per worker are in memory at a time. Raises DatasetError when a worker dies, TypeError for workers
    that are none.
    """
    return each_row(load_row, plan, rows, workers)


def each_row(work: Work[Loaded], plan: Plan, rows: Sequence[Row], workers: Workers = None) -> Iterator[Loaded]:
    """As `load_rows`, with what `work` makes of each row."""
    if workers is None or (workers == 1 and not isinstance(workers, bool)):
        yield from (work(plan, row) for row in rows)
        return
    with _executor(workers) as executor:
        yield from _ordered(executor, work, plan, rows)


def _executor(workers: Workers) -> AbstractContextManager[Executor]:
    if isinstance(workers, Executor):
        return nullcontext(workers)
    if isinstance(workers, int) and not isinstance(workers, bool) and workers > 1:
        return Processes(workers)
    if workers is not None and not isinstance(workers, int) and hasattr(workers, "get_executor"):
        return nullcontext(workers.get_executor(pure=False))
    raise TypeError(f"workers= wants a number of processes from 1, an executor or a Dask client, not {workers!r}")


def _ordered(executor: Executor, work: Work[Loaded], plan: Plan, rows: Sequence[Row]) -> Iterator[Loaded]:
    do: Callable[[Sequence[Row]], Any] = partial(_do_here, work, plan)
    if isinstance(executor, Processes) or not isinstance(executor, ThreadPoolExecutor):
        do = partial(_do_there, work, cloudpickle.dumps(plan))
    count = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    size = max(1, min(_ROWS_PER_TASK, len(rows) // (4 * count)))
    waiting = deque(rows[at : at + size] for at in range(0, len(rows), size))
    flying: deque[tuple[Sequence[Row], Future[Any]]] = deque()
    try:
        while waiting or flying:
            while waiting and len(flying) < 2 * count + 1:
                chunk = waiting.popleft()
                flying.append((chunk, executor.submit(do, chunk)))
            yield from _result(*flying.popleft())
    finally:
        for _, future in flying:
            future.cancel()


def _result(chunk: Sequence[Row], done: "Future[Any]") -> list[Any]:
    try:
        result = done.result()
    except (BrokenProcessPool, WorkerDiedError) as fault:
        first, last = chunk[0].key, chunk[-1].key
        raise DatasetError(
            f"a worker died while it loaded the rows {first} to {last}; load them alone to see which"
        ) from fault
    return _unpacked(result) if isinstance(result, bytes) else result


def _do_here(work: Work[Loaded], plan: Plan, rows: Sequence[Row]) -> list[Loaded]:
    return [work(plan, row) for row in rows]


def _do_there(work: Work[Any], plan: bytes, rows: Sequence[Row]) -> bytes:
    """The results, pickled here so that one which cannot be is known by its row."""
    done = _do_here(work, _plan(plan), rows)
    try:
        return pickle.dumps(done, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001  whatever a source gave
        return pickle.dumps([each.sendable() if isinstance(each, LoadedRow) else each for each in done])


@no_collecting()
def _unpacked(sent: bytes) -> list[Any]:
    return pickle.loads(sent)  # type: ignore[no-any-return]  # noqa: S301  our own workers' rows


@lru_cache(maxsize=1)
def _plan(sent: bytes) -> Plan:
    return pickle.loads(sent)  # type: ignore[no-any-return]  # noqa: S301  our own plan, from our own parent
