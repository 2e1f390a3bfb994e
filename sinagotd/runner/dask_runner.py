"""Hands orders to a Dask cluster, its own or somebody else's. It decides nothing, and waits for nothing but `start` and `close`."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from sinagotd.errors import RunnerError
from sinagotd.runner.access import Cluster, Tls, check_access, check_dashboard
from sinagotd.runner.entry import Entry
from sinagotd.runner.keeper import Keeper
from sinagotd.runner.ledger import Ledger
from sinagotd.runner.protocol import Post
from sinagotd.runner.quiet import quiet_logs
from sinagotd.scripts.orders import RunOrder

WINDOW_PER_THREAD = 16
SMALLEST_WINDOW = 64
CLOSE_LIMIT_S = 30.0


class DaskRunner:
    """Runs orders on `workers` processes of its own (0: one per core), or on the scheduler at `address`.

    Everything about Dask happens on the loop of one thread, which starts with the first order or with `start`.
    While a scheduler cannot be reached, orders wait and `trouble` says why; what was handed over before is lost.
    """

    def __init__(
        self, post: Post, *, workers: int = 0, address: str | None = None, window: int = 0,
        dashboard: str = "", tls: Tls | None = None,
    ) -> None:  # fmt: skip
        """Raises RunnerError for an address that is not safe to use or to open."""
        if address is not None:
            check_access(address, tls)
        if dashboard:
            check_dashboard(dashboard)
        self._window = window
        self._ledger = Ledger(post)
        self._keeper = Keeper(Cluster(workers, address, dashboard, tls), self._ledger)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def window(self) -> int:
        """Enough to travel together: Dask does 115 empty orders a second of 4 in flight, 190 of 20, 215 of 200.

        Not more, since an order that waits here was fingerprinted when it was claimed, and may be stale when it runs.
        """
        return self._window or max(SMALLEST_WINDOW, WINDOW_PER_THREAD * self._keeper.threads)

    @property
    def trouble(self) -> str:
        """Why no order can run at the moment, in a sentence; empty if all is well."""
        return self._keeper.trouble

    def wake(self) -> None:
        with self._lock:
            self._awake()

    def start(self) -> None:
        self.wake()
        self._keeper.outcome.result()

    def submit(self, order: RunOrder, *, priority: int = 0) -> None:
        """Raises RunnerError when this run was submitted before, or the runner is closed."""
        entry = Entry.of(order, priority)
        with self._lock:
            loop = self._awake()
            self._ledger.add(order.run_id)
            loop.call_soon_threadsafe(self._keeper.take, entry)

    def cancel(self, run_id: str) -> None:
        if self._ledger.withdraw(run_id) and self._loop is not None:
            self._loop.call_soon_threadsafe(self._keeper.forget, run_id)

    def ping(self, answer: Callable[[], None]) -> None:
        """Answered at once where there is no thread yet."""
        if self._loop is None:
            answer()
            return
        with suppress(RuntimeError):  # its loop is closed: there is nobody left to answer
            self._loop.call_soon_threadsafe(answer)

    def close(self) -> None:
        """Stop the workers that this runner started; on somebody else's cluster a step that has begun goes on."""
        with self._lock:
            closed, self._closed = self._closed, True
        if self._loop and self._thread and not closed:
            self._loop.call_soon_threadsafe(self._keeper.closing.set)
            self._thread.join(CLOSE_LIMIT_S)
        self._ledger.lose_all("the runner was closed")

    def _awake(self) -> asyncio.AbstractEventLoop:
        if self._closed:
            raise RunnerError("this runner is closed: make another one")
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._live, args=(self._loop,), name="sinagotd-dask", daemon=True)
            self._thread.start()
        return self._loop

    def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        with quiet_logs(), asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._keeper.live())
