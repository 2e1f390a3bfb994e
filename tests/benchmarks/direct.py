"""The work of trivial steps given to Dask without a daemon: the plain function, or our launcher with orders."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from distributed import Client

from sinagotd.runner.cluster import OwnCluster, own_cluster
from sinagotd.runner.quiet import quiet_logs
from sinagotd.runner.worker import launch
from tests.benchmarks.ordering import orders


@asynccontextmanager
async def connected(workers: int) -> AsyncIterator[Client]:
    """A client of a cluster such as the daemon starts for itself."""
    with quiet_logs():
        async with own_cluster(workers=workers) as cluster, _client(cluster) as client:
            yield client


def _client(cluster: OwnCluster) -> Client:
    return Client(cluster.scheduler_address, security=cluster.security, asynchronous=True, set_as_default=False)


class Direct:
    """Raw files, a folder for what the function makes, and orders whose results stay in staging."""

    def __init__(self, client: Client, workspace: Path) -> None:
        self._client = client
        self._data = workspace / "dataset"
        self._orders = orders(workspace)

    def prepare(self, records: list[str]) -> None:
        for record in records:
            (self._data / "raw" / f"{record}.txt").write_text(f"words of {record}\n")

    async def plain_s(self, records: list[str]) -> float:
        """Seconds until all are done and their results are here."""
        sources = [f"{self._data}/raw/{record}.txt" for record in records]
        targets = [f"{self._data}/computed/{record}-count.txt" for record in records]
        began = time.perf_counter()
        await self._client.gather(self._client.map(copy, sources, targets, pure=False))
        return time.perf_counter() - began

    async def launcher_s(self, records: list[str]) -> float:
        """The same through the launcher: a step host copies, and a receipt is secured on the disk."""
        texts = [[self._orders(record).to_json()] for record in records]
        began = time.perf_counter()
        receipts = await self._client.gather(self._client.map(launch, texts, topic="nobody", pure=False))
        took = time.perf_counter() - began
        errors = [error for [receipt] in receipts if (error := json.loads(receipt)["error"])]
        assert not errors, errors[0]
        return took


def copy(source: str, target: str) -> None:
    """What the scripts of `tree` do."""
    Path(target).write_text(Path(source).read_text())
