"""What Dask keeps of the runs that are over: little, however many there were."""

import asyncio
from typing import Any

import pytest
from dask.utils import key_split
from distributed import Client

from sinagotd.runner.cluster import LOG_LENGTH, own_cluster
from sinagotd.runner.entry import forget_keys


@pytest.mark.cluster
def test_a_worker_keeps_little_and_serves_nothing_whatever_the_defaults_of_dask() -> None:
    assert asyncio.run(ask_a_worker()) == [(LOG_LENGTH, LOG_LENGTH, False, [])]


async def ask_a_worker() -> list[Any]:
    def kept(dask_worker: Any) -> tuple[Any, ...]:  # a function of this module would be looked for in the worker
        import dask

        worker = dask.config.get("distributed.worker")
        logs = (dask_worker.state.log.maxlen, dask_worker.monitor.maxlen)
        return (*logs, worker["profile"]["enabled"], worker["http"]["routes"])

    async with own_cluster(workers=1) as cluster:
        ours = {"security": cluster.security, "asynchronous": True, "set_as_default": False}
        async with Client(cluster.scheduler_address, **ours) as client:
            return list((await client.run(kept)).values())


def test_keys_of_runs_are_forgotten() -> None:
    key_split(("sinagotd", "REC-1", "count", "run-1"))
    forget_keys()
    assert key_split.cache_info().currsize == 0
