"""Runs orders on this machine without a cluster: a few threads, each with a warm step host. It decides nothing."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from itertools import count
from queue import PriorityQueue, SimpleQueue

from sinagotd.errors import RunnerError
from sinagotd.runner.batch import CLERKS
from sinagotd.runner.lane import Lane
from sinagotd.runner.ledger import Ledger
from sinagotd.runner.protocol import Post, RunEnded, RunLost, RunSaid, RunStarted
from sinagotd.scripts.attempt import carry_out
from sinagotd.scripts.orders import LogLine, Receipt, RunOrder

WINDOW_PER_HOST = 32
CLOSE_LIMIT_S = 30.0
LAST = 1

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Unless somebody wants otherwise, every host keeps to one core: there are as many hosts as cores."""

Waiting = tuple[int, int, RunOrder | None]
"""What waits for a host, by how soon it is wanted and when it came; None tells a thread to end."""

Ended = tuple[str, Callable[[], Receipt]] | None
"""A run that waits for the disk, and what is to be done for it; None as above."""


class PoolRunner:
    """A runner of `workers` step hosts (0: one per core), which start with their first order.

    While a host is at the next script, outputs and receipt of the one before are made durable.
    """

    trouble = ""

    def __init__(self, post: Post, *, workers: int = 0) -> None:
        self._ledger = Ledger(post)
        self._lanes = [Lane(environ={**ONE_THREAD, **os.environ}) for _ in range(workers or os.cpu_count() or 1)]
        self._waiting: PriorityQueue[Waiting] = PriorityQueue()
        self._numbers = count()
        self._ended: SimpleQueue[Ended] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._clerks: list[threading.Thread] = []
        self._closed = threading.Event()

    @property
    def window(self) -> int:
        """Enough that no host waits while the next orders are claimed together."""
        return WINDOW_PER_HOST * len(self._lanes)

    def wake(self) -> None:
        self.start()

    def start(self) -> None:
        if self._threads or self._closed.is_set():
            return
        self._threads = [_started(self._work, lane) for lane in self._lanes]
        self._clerks = [_started(self._secure) for _ in range(CLERKS)]

    def submit(self, order: RunOrder, *, priority: int = 0) -> None:
        """Raises RunnerError when this run was submitted before, or the runner is closed."""
        if self._closed.is_set():
            raise RunnerError("this runner is closed: make another one")
        self.start()
        self._ledger.add(order.run_id)
        self._waiting.put((-priority, next(self._numbers), order))

    def cancel(self, run_id: str) -> None:
        self._ledger.withdraw(run_id)

    def ping(self, answer: Callable[[], None]) -> None:
        answer()

    def close(self) -> None:
        """Cut off what runs, end the hosts, and bring to the disk what has ended. A disk that hangs is not waited for."""
        self._closed.set()
        for lane in self._lanes:
            lane.close()
        give_up_at = time.monotonic() + CLOSE_LIMIT_S
        for _ in self._threads:
            self._waiting.put((LAST, next(self._numbers), None))
        _join(self._threads, give_up_at)
        for _ in self._clerks:
            self._ended.put(None)
        _join(self._clerks, give_up_at)
        self._ledger.lose_all("the runner was closed")

    def _work(self, lane: Lane) -> None:
        while (order := self._waiting.get()[2]) is not None:
            if order.run_id in self._ledger and not self._closed.is_set():
                self._run(order, lane)
        lane.close()

    def _run(self, order: RunOrder, lane: Lane) -> None:
        run_id, host = order.run_id, socket.gethostname()

        def started(pid: int, at: float) -> None:
            self._ledger.tell(RunStarted(run_id, host, pid, at))

        def said(line: LogLine) -> None:
            self._ledger.tell(RunSaid(run_id, line))

        try:
            secure = carry_out(order, lane, on_started=started, on_line=said)
            self._ended.put((run_id, secure))
        except Exception as fault:  # noqa: BLE001 - whatever it is, an order must not go unanswered
            self._lose(run_id, fault)

    def _secure(self) -> None:
        while (ended := self._ended.get()) is not None:
            run_id, secure = ended
            try:
                self._ledger.answer(RunEnded(run_id, secure()))
            except Exception as fault:  # noqa: BLE001 - as above
                self._lose(run_id, fault)

    def _lose(self, run_id: str, fault: Exception) -> None:
        self._ledger.answer(RunLost(run_id, f"it could not be run: {fault!r}"))


def _started(work: Callable[..., None], *args: Lane) -> threading.Thread:
    thread = threading.Thread(target=work, args=args, name="sinagotd-pool", daemon=True)
    thread.start()
    return thread


def _join(threads: Iterable[threading.Thread], give_up_at: float) -> None:
    for thread in threads:
        thread.join(max(0.0, give_up_at - time.monotonic()))
