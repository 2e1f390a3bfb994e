"""The workers of our own cluster, killed at a bad moment."""

import asyncio
from collections.abc import Callable
from typing import Any

import dask
import pytest
from distributed import Nanny, Status
from runner_world import LIMIT_S

from sinagotd.runner.cluster import own_cluster

pytestmark = pytest.mark.cluster


def test_a_worker_that_dies_while_it_is_started_anew_is_started_once_more() -> None:
    asyncio.run(lose_a_worker_twice())


async def lose_a_worker_twice() -> None:
    others = set(Nanny._instances)

    def nannies(status: Status) -> list[Nanny]:
        return [nanny for nanny in set(Nanny._instances) - others if nanny.status is status and nanny.pid]

    async with own_cluster(workers=1):
        [nanny] = nannies(Status.running)
        await nanny.close()  # this is how Dask gives up a worker
        [starting] = await seen(lambda: nannies(Status.init))
        await starting.process.process.kill()
        [again] = await seen(lambda: nannies(Status.running))
        assert again not in (nanny, starting)
        assert again.config["temporary-directory"] == nanny.config["temporary-directory"]
        assert dask.config.get("distributed.admin.tick.interval", config=again.config) == "1m"
    assert nannies(Status.running) == []


async def seen(look: Callable[[], list[Any]]) -> list[Any]:
    async with asyncio.timeout(LIMIT_S):
        while True:
            if found := look():
                return found
            await asyncio.sleep(0.01)
