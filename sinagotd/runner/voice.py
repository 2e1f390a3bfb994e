"""Tells the daemon, on a topic of Dask's events, what becomes of runs. What it tells may be lost; a task's result is not."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sinagotd.scripts.orders import LogLine, Receipt

LINES_PER_S = 50
LONGEST_TOLD = 16 * 1024  # the scheduler keeps the last events of every topic
HOLD_S = 0.25

News = dict[str, Any]
Tell = Callable[[dict[str, list[News]]], None]


class Voice:
    """Speaks for the runs of one batch; may be used from any thread.

    Of a batch of several, news are held for a moment so that they travel together; what a run said is dropped when its
    receipt, which has all of it, comes before it was told. Lines are told at most `LINES_PER_S`: they are for display.
    """

    def __init__(self, tell: Tell, *, hold_s: float = HOLD_S) -> None:
        self._say = tell
        self._hold_s = hold_s
        self._lock = threading.Lock()
        self._held: list[News] = []
        self._said_at = time.monotonic()
        self._second = 0
        self._lines = 0

    def started(self, run_id: str, pid: int, at: float) -> None:
        self._tell({"run_id": run_id, "host": socket.gethostname(), "pid": pid, "at": at})

    def line(self, run_id: str, line: LogLine) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines <= LINES_PER_S:
            self._tell({"run_id": run_id, "line": asdict(line)})

    def ended(self, receipt: Receipt) -> str:
        """Tell this receipt, unless it is too long; returns it as JSON."""
        text = receipt.to_json()
        if len(text) <= LONGEST_TOLD:
            with self._lock:
                self._held = [news for news in self._held if news["run_id"] != receipt.run_id]
            self._tell({"run_id": receipt.run_id, "receipt": text})
        return text

    def given_back(self, run_id: str) -> None:
        """The daemon may hand this order to somebody else."""
        self._tell({"run_id": run_id, "given_back": True})

    def hurry(self) -> None:
        """Tell all that is held, and hold nothing from now on."""
        with self._lock:
            self._hold_s = 0.0
            self._let_go()

    def _tell(self, news: News) -> None:
        with self._lock:
            if sum(len(held.get("receipt", "")) for held in self._held) + len(news.get("receipt", "")) > LONGEST_TOLD:
                self._let_go()
            self._held.append(news)
            if time.monotonic() - self._said_at >= self._hold_s:
                self._let_go()

    def _let_go(self) -> None:
        if self._held:
            self._say({"news": self._held})
        self._held, self._said_at = [], time.monotonic()
