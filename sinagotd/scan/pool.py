"""Hashes large inputs beside the loop, a few at a time, and reports each. It decides nothing about them."""

import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from sinagotd.core.facts import Digest, Stamp
from sinagotd.scan.digests import digest
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.stamps import stamp


class Moved(NamedTuple):
    """The input changed while it was read, so nothing is known of its content; `stamp` is how it looks now."""

    stamp: Stamp | None


Report = Callable[[str, Stamp | None, Digest | Unreadable | Moved], None]
"""Called on a thread of the pool with the path, the stamp before reading and what came of it; must not raise."""


class HashPool:
    """A few threads that hash; they die with the process, so that a huge file cannot hold up its end."""

    def __init__(self, root: str | Path, report: Report, *, sample_above: int | None = None, threads: int = 2) -> None:
        self._root = root
        self._report = report
        self._sample_above = sample_above
        self._orders: SimpleQueue[str | None] = SimpleQueue()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"hash-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, path: str) -> None:
        """Ask for one input; it is reported once per call, unless the pool is closed before."""
        self._orders.put(path)

    def close(self, *, wait_s: float = 1.0) -> None:
        """Start nothing more; wait a little for what is being read, then leave it to its end unreported."""
        self._closing.set()
        for _ in self._threads:
            self._orders.put(None)
        for thread in self._threads:
            thread.join(wait_s)

    def _work(self) -> None:
        while (path := self._orders.get()) is not None and not self._closing.is_set():
            before, result = self._hash(path)
            if not self._closing.is_set():
                self._report(path, before, result)

    def _hash(self, path: str) -> tuple[Stamp | None, Digest | Unreadable | Moved]:
        before = None
        try:
            before = stamp(self._root, path)
            found = digest(self._root, path, sample_above=self._sample_above)
            after = stamp(self._root, path)
        except Unreadable as fault:
            return before, fault
        return before, found if after == before else Moved(after)
