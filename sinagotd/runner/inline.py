"""Runs each order at once, in the caller's thread, one after the other. The code of a script still runs where its host says."""

import socket
from collections.abc import Callable

from sinagotd.runner.protocol import Post, RunEnded, RunSaid, RunStarted
from sinagotd.scripts.attempt import attempt
from sinagotd.scripts.hosts import Host
from sinagotd.scripts.inline_host import InlineHost
from sinagotd.scripts.orders import LogLine, RunOrder


class InlineRunner:
    """A runner without a cluster; `submit` returns when the run has ended."""

    window = 1
    trouble = ""

    def __init__(self, post: Post, *, host: Host | None = None) -> None:
        self._post = post
        self._host = host or InlineHost()

    def wake(self) -> None:
        """There is nothing to wake."""

    def start(self) -> None:
        """There is nothing to start."""

    def submit(self, order: RunOrder, *, priority: int = 0) -> None:  # noqa: ARG002 - one order waits for nobody
        run_id = order.run_id

        def started(pid: int, at: float) -> None:
            self._post(RunStarted(run_id, socket.gethostname(), pid, at))

        def said(line: LogLine) -> None:
            self._post(RunSaid(run_id, line))

        self._post(RunEnded(run_id, attempt(order, self._host, on_started=started, on_line=said)))

    def cancel(self, run_id: str) -> None:
        """Too late: whatever was submitted has ended."""

    def ping(self, answer: Callable[[], None]) -> None:
        answer()

    def close(self) -> None:
        self._host.close()
