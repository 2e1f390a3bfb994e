"""One connection to a scheduler: hands orders over, follows each to its end. It does not mend itself; a broken link is replaced."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from distributed import CancelledError, Client, Future, KilledWorker, Security

from sinagotd.errors import RunnerError
from sinagotd.runner.batches import Paces, batches
from sinagotd.runner.entry import Entry, forget_keys
from sinagotd.runner.ledger import Ledger
from sinagotd.runner.protocol import RunEnded, RunLost, RunSaid, RunStarted
from sinagotd.runner.worker import launch
from sinagotd.scripts.orders import LogLine, Receipt

CONNECT_LIMIT_S = 10.0

Check = Callable[[Client], Awaitable[None]]


@asynccontextmanager
async def opened_link(
    address: str, security: Security, ledger: Ledger, *, check: Check | None = None
) -> AsyncIterator["Link"]:
    """Connect to a scheduler. Leaving loses what is not answered yet; raises RunnerError if nobody can be reached.

    `check` is asked about the cluster at once, and again when workers join; it raises RunnerError if they do not fit.
    """
    client = await _connected(address, security)
    link = Link(client, ledger, check)
    try:
        yield link
    finally:
        link.abandon(f"the connection to the Dask scheduler at {address} is closed")
        with suppress(OSError, TimeoutError):
            await client.close()


async def _connected(address: str, security: Security) -> Client:
    client = Client(address, security=security, asynchronous=True, set_as_default=False, timeout=CONNECT_LIMIT_S)
    try:
        await client
    except BaseException as fault:
        await client.close()
        if not isinstance(fault, OSError | ImportError | ValueError):
            raise
        raise RunnerError(
            f"cannot connect to the Dask scheduler at {address} within {CONNECT_LIMIT_S:.0f} s: {fault}. "
            "Check that it runs there, and that the certificates are its own"
        ) from fault
    return client


class Link:
    """Used on the loop that its client lives on, and nowhere else."""

    def __init__(self, client: Client, ledger: Ledger, check: Check | None) -> None:
        self.client = client
        self._check = check
        self._checked: set[str] | None = None
        self._ledger = ledger
        self._topic = f"sinagotd-{uuid.uuid4().hex}"
        self._trips: dict[str, Trip] = {}
        self._paces = Paces()
        self._threads = 0
        self._chores: set[asyncio.Task[None]] = set()
        self._broken = False
        self._scheduler = self._scheduler_now()
        client.subscribe_topic(self._topic, self._hear)

    @property
    def alive(self) -> bool:
        """Whether the scheduler that we connected to still knows us. Dask connects anew by itself, but forgets every run."""
        return not self._broken and self.client.status == "running" and self._scheduler == self._scheduler_now()

    def _scheduler_now(self) -> str:
        return str(self.client.scheduler_info().get("id"))

    async def threads(self) -> int:
        """Ask the scheduler how many runs it can run at once. Raises RunnerError when a new worker does not fit."""
        forget_keys()
        workers = await self.client.nthreads()
        if self._check is not None and (self._checked is None or not workers.keys() <= self._checked):
            await self._check(self.client)
            self._checked = set(workers)
        self._threads = sum(workers.values())
        return self._threads

    def dispatch(self, entries: list[Entry]) -> None:
        """Hand orders over, those that are wanted soonest first."""
        wanted = sorted((entry for entry in entries if entry.run_id in self._ledger), key=_soonest)
        try:
            for batch in batches(wanted, self._paces, self._threads):
                self._send(batch)
        except Exception as fault:  # noqa: BLE001 - a closed client raises this and that, and no order may go unanswered
            self._broken = True
            for entry in wanted:
                self._ledger.answer(RunLost(entry.run_id, f"it could not be handed over: {fault}"))

    def _send(self, batch: list[Entry]) -> None:
        first = batch[0]
        future = self.client.submit(
            launch, [entry.text for entry in batch], topic=self._topic, key=first.key,
            priority=first.priority, pure=False, retries=0,
        )  # fmt: skip
        trip = Trip(future, {entry.run_id: entry for entry in batch})
        self._trips |= dict.fromkeys(trip.entries, trip)
        self._begin(self._follow(trip))

    def _begin(self, chore: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _follow(self, trip: "Trip") -> None:
        """Wait for the end; receipts are fetched only if one was not heard, because fetching costs two more messages."""
        try:
            await trip.future.exception()
            if self._unanswered(trip):
                for text in await trip.future:
                    self._ended(Receipt.from_json(text))
            self._send_again(self._unanswered(trip))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is Dask's or a worker's and the runs are unknown
            self._lost(trip, fault)
        finally:
            self._trips = {run_id: other for run_id, other in self._trips.items() if other is not trip}
            trip.future.release()

    def _unanswered(self, trip: "Trip") -> list[Entry]:
        """Those of its orders that are still waited for; what was given back is on another trip by now."""
        return [
            entry
            for run_id, entry in trip.entries.items()
            if run_id in self._ledger and self._trips.get(run_id) is trip
        ]

    def _send_again(self, entries: list[Entry]) -> None:
        """Each alone: what they waited for was not as quick as was thought."""
        for entry in entries:
            self._send([entry])

    def _lost(self, trip: "Trip", fault: Exception) -> None:
        """Nobody can tell which of them did it: the next time each travels alone, so that none is blamed for another."""
        lost = self._unanswered(trip)
        self._broken = self._broken or (isinstance(fault, CancelledError) and bool(lost))
        for entry in lost:
            self._paces.doubt(entry)
            self._ledger.answer(RunLost(entry.run_id, _why(fault)))

    def _ended(self, receipt: Receipt) -> None:
        trip = self._trips.get(receipt.run_id)
        if trip is not None and receipt.started_at:
            self._paces.learn(trip.entries[receipt.run_id], receipt.ended_at - receipt.started_at)
        self._ledger.answer(RunEnded(receipt.run_id, receipt))

    def forget(self, run_id: str) -> None:
        """Take an order back if no worker has begun it; one that has begun goes on and nobody listens.

        So does one that travels with others.
        """
        trip = self._trips.pop(run_id, None)
        if trip is not None and not self._unanswered(trip):
            self._begin(self.client.cancel([trip.future]))

    def abandon(self, why: str) -> None:
        """Stop following; every run that was handed over and not answered is lost."""
        for run_id in list(self._trips):
            self._ledger.answer(RunLost(run_id, why))
        for task in self._chores:
            task.cancel()

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        for news in event[1].get("news", ()):
            self._take(news)

    def _take(self, news: dict[str, Any]) -> None:
        match news:
            case {"run_id": run_id, "line": line}:
                self._ledger.tell(RunSaid(run_id, LogLine(**line)))
            case {"receipt": text}:
                self._ended(Receipt.from_json(text))
            case {"run_id": run_id, "given_back": True} if run_id in self._ledger:
                self._send_again([self._trips[run_id].entries[run_id]])
            case {"run_id": run_id, "host": host, "pid": pid, "at": at}:
                self._ledger.tell(RunStarted(run_id, host, pid, at))


class Trip(NamedTuple):
    """One task of Dask, with the orders that travel in it."""

    future: Future[list[str]]
    entries: dict[str, Entry]


def _soonest(entry: Entry) -> int:
    return -entry.priority


def _why(fault: Exception) -> str:
    if isinstance(fault, KilledWorker):
        return f"the worker {fault.last_worker.address} died"
    if isinstance(fault, CancelledError):
        return "the Dask scheduler forgot the run: it was restarted or the connection to it was lost"
    return f"the worker could not run it: {type(fault).__name__}: {fault}"
