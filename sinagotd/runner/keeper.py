"""Keeps one link to a cluster open, feeds it with orders, and opens another when it breaks. All of it on one loop."""

import asyncio
import logging
from concurrent.futures import Future
from importlib import import_module
from typing import TYPE_CHECKING

from sinagotd.errors import RunnerError
from sinagotd.runner.access import Cluster
from sinagotd.runner.entry import Entry
from sinagotd.runner.ledger import Ledger

if TYPE_CHECKING:
    from sinagotd.runner.link import Link

LOOK_S = 5.0
WAIT_S = 1.0
LINGER_S = 0.1
BUSY_PER_THREAD = 8
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Keeper:
    """Lives on the loop of the runner's thread; `threads`, `trouble` and `outcome` may be read from any other."""

    def __init__(self, cluster: Cluster, ledger: Ledger) -> None:
        self.threads = 0
        self.trouble = ""
        self.outcome: Future[None] = Future()
        self.closing = asyncio.Event()
        self._cluster = cluster
        self._ledger = ledger
        self._inbox: asyncio.Queue[Entry] = asyncio.Queue()
        self._link: Link | None = None
        self._failures = 0

    def take(self, entry: Entry) -> None:
        self._inbox.put_nowait(entry)

    def forget(self, run_id: str) -> None:
        if self._link is not None:
            self._link.forget(run_id)

    async def live(self) -> None:
        """Run until `closing` is set, and leave nothing behind."""
        keeping = asyncio.create_task(self._keep())
        await self.closing.wait()
        keeping.cancel()
        await asyncio.wait([keeping])
        if not self.outcome.done():
            self.outcome.set_exception(RunnerError("the runner was closed before it had started"))

    async def _keep(self) -> None:
        while not self.closing.is_set():
            try:
                await self._once()
            except Exception as fault:  # noqa: BLE001 - whatever breaks, orders must not wait for ever in a dead thread
                self._failed(fault)
            await asyncio.sleep(BACKOFF_S[min(self._failures, len(BACKOFF_S)) - 1])

    async def _once(self) -> None:
        """Open a link, and serve it until it breaks. Raises RunnerError that says how it broke."""
        await asyncio.to_thread(
            import_module, "sinagotd.runner.opening"
        )  # takes seconds; this loop is asked if it lives
        from sinagotd.runner.opening import opened  # noqa: PLC0415 - Dask is imported by those who use it

        if self.outcome.done():
            self.outcome = Future()
        async with opened(self._cluster, self._ledger) as link:
            self._link = link
            try:
                await self._serve(link)
            finally:
                self._link = None

    async def _serve(self, link: "Link") -> None:
        look_at = 0.0
        while link.alive:
            if (now := asyncio.get_running_loop().time()) >= look_at:
                await self._look(link)
                look_at = now + LOOK_S
            entries = await self._next_entries()
            if not link.alive:
                self._put_back(entries)
                break
            link.dispatch(entries)
            if len(self._ledger) > BUSY_PER_THREAD * self.threads:
                await asyncio.sleep(LINGER_S)  # nobody is idle: let orders gather, so that they travel together
        raise RunnerError("the connection to the Dask scheduler was lost")

    async def _next_entries(self) -> list[Entry]:
        """Wait for an order, and take along whatever waits behind it; nothing after `WAIT_S`."""
        try:
            entries = [await asyncio.wait_for(self._inbox.get(), WAIT_S)]
        except TimeoutError:
            return []
        while not self._inbox.empty():
            entries.append(self._inbox.get_nowait())
        return entries

    def _put_back(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._inbox.put_nowait(entry)

    async def _look(self, link: "Link") -> None:
        self.threads = await link.threads()
        self._failures = 0
        self.trouble = "" if self.threads else "the Dask scheduler has no workers: start some"
        if not self.outcome.done():
            self.outcome.set_result(None)

    def _failed(self, fault: Exception) -> None:
        why = str(fault) or type(fault).__name__
        if why != self.trouble:
            logging.getLogger(__name__).warning("cluster_unusable: %s", why)
        self.trouble = why
        self._failures += 1
        if not self.outcome.done():
            self.outcome.set_exception(RunnerError(why))
