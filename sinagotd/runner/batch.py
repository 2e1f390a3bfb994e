"""Runs the orders of a batch in a worker, one after the other, while what those before have made is brought to the disk."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from sinagotd.runner.voice import Voice
from sinagotd.scripts.attempt import carry_out
from sinagotd.scripts.hosts import Host
from sinagotd.scripts.orders import Receipt, RunOrder

CLERKS = 4
"""How many runs may wait for the disk at once: a file system makes several durable in the time that it takes for one."""

PATIENCE_S = 1.0
"""Orders that were thought to be quick do not wait longer than this for one that is not."""


class Batch:
    """One or several orders of which `voice` tells."""

    def __init__(self, orders: Iterable[RunOrder], voice: Voice) -> None:
        self._waiting = deque(orders)
        self._voice = voice

    def run(self, host: Host) -> list[str]:
        """Run them, and return the receipts, as JSON, of all that were not given back meanwhile."""
        if len(self._waiting) == 1:
            return [self._end(self._carry_out(self._waiting.pop(), host))]
        with ThreadPoolExecutor(CLERKS) as clerks, self._patience():
            endings = [clerks.submit(self._end, self._carry_out(order, host)) for order in self._orders()]
            return [ending.result() for ending in endings]

    def _carry_out(self, order: RunOrder, host: Host) -> Callable[[], Receipt]:
        started, said = partial(self._voice.started, order.run_id), partial(self._voice.line, order.run_id)
        return carry_out(order, host, on_started=started, on_line=said)

    def _end(self, secure: Callable[[], Receipt]) -> str:
        return self._voice.ended(secure())

    def _orders(self) -> Iterator[RunOrder]:
        """Give what is left, from either of two threads."""
        while self._waiting:
            try:
                yield self._waiting.popleft()
            except IndexError:
                return

    @contextmanager
    def _patience(self) -> Iterator[None]:
        watch = threading.Timer(PATIENCE_S, self._disband)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _disband(self) -> None:
        for order in self._orders():
            self._voice.given_back(order.run_id)
        self._voice.hurry()
