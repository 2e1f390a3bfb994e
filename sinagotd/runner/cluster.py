"""A Dask cluster of our own on this machine, reachable over loopback with certificates that live as long as it does."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple, TypeVar

import dask
from distributed import Nanny, Scheduler, Security

from sinagotd.errors import RunnerError
from sinagotd.runner.pool import ONE_THREAD
from sinagotd.runner.worker import CalmWorker, StepHosts

AGAIN_S = (0.5, 1.0, 5.0, 30.0)
"""The pauses before a worker is started anew: the first when one was up before, the others while none comes up."""

NO_PORT = "127.0.0.1:0"

LOG_LENGTH = 100
"""How many messages, events and samples each part of Dask keeps for its developers; its own choice holds megabytes."""

# Dask opens an HTTP port on every node, dashboard or not; without routes it answers 404 to everything. The rest is
# work that serves other uses of Dask: profiles of the launcher's threads, data moved between workers, 50 ticks and 2
# looks at the machine a second, of which every node keeps the last hour.
CONFIG: dict[str, Any] = {
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.diagnostics.computations.nframes": 0,
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.admin.tick.interval": "1m",
    "distributed.admin.tick.cycle": "1m",
    "distributed.admin.low-level-log-length": LOG_LENGTH,
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.system-monitor.log-length": LOG_LENGTH,
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.gil.enabled": False,
}

IDLE_LOOKS = ("idle-timeout", "no-workers-timeout")
"""What a scheduler looks after four times a second each although neither time limit is set."""

Node = TypeVar("Node", Scheduler, Nanny)


class OwnCluster(NamedTuple):
    """Where its scheduler listens, and what proves to it who we are."""

    scheduler_address: str
    security: Security


@asynccontextmanager
async def own_cluster(*, workers: int = 0, dashboard: str = "") -> AsyncIterator[OwnCluster]:
    """Start a scheduler and `workers` processes of one thread each (0: one per core), and end them with all they run.

    Raises RunnerError when the workers do not come up. Later on, one that died is replaced for as long as it takes.
    """
    security = Security.temporary()
    node = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
    with tempfile.TemporaryDirectory(prefix="sinagotd-", ignore_cleanup_errors=True) as folder:
        config = _config(dashboard, folder)
        async with _up(_made(Scheduler, config, node | _scheduler_options(dashboard))) as scheduler:
            options = node | _worker_options() | {"scheduler_ip": scheduler.address, "config": config}
            worker = partial(_made, Nanny, config, options)
            async with _kept([partial(worker, name=number) for number in range(workers or os.cpu_count() or 1)]):
                yield OwnCluster(scheduler.address, security)


def _made(kind: type[Node], config: dict[str, Any], options: dict[str, Any], **more: Any) -> Node:
    """A node reads its settings when it is made; those of other uses of Dask in this process are left as they are."""
    with dask.config.set(config):
        node = kind(**options, **more)
        if isinstance(node, Nanny):
            node.config = deepcopy(node.config)  # it shares parts with Dask's own, which are put back in a moment
    for name in IDLE_LOOKS:
        node.periodic_callbacks.pop(name, None)
    return node


@asynccontextmanager
async def _up(node: Node) -> AsyncIterator[Node]:
    """Start a node, close it in the end. A start that is cut off would leave processes behind, so it ends before that."""
    starting = asyncio.ensure_future(node.start())
    try:
        await asyncio.shield(starting)
        yield node
    finally:
        await asyncio.wait([starting])
        with suppress(OSError):  # a process that cannot be killed, since it waits for a dead disk
            await node.close()


@asynccontextmanager
async def _kept(workers: Sequence[Callable[[], Nanny]]) -> AsyncIterator[None]:
    """Keep these workers up, from when all have been for the first time. Raises RunnerError if one is not."""
    first_times = [asyncio.get_running_loop().create_future() for _ in workers]
    keepers = [asyncio.create_task(_keep(*slot)) for slot in zip(workers, first_times, strict=True)]
    try:
        await _all_up(first_times)
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.wait(keepers)


async def _all_up(first_times: Sequence[asyncio.Future[None]]) -> None:
    try:
        await asyncio.gather(*first_times)
    except Exception as fault:
        raise RunnerError(
            f"the Dask workers did not start: {str(fault).rstrip('.')}. In a script of your own, start them below "
            '`if __name__ == "__main__":`, because every worker imports that script'
        ) from fault


async def _keep(worker: Callable[[], Nanny], first_time: asyncio.Future[None]) -> None:
    """Keep one worker up: its nanny starts it anew whenever it died; when that fails, the nanny gives up, not we."""
    failures = 0
    while True:
        try:
            async with _up(worker()) as nanny:
                failures = 0
                if not first_time.done():
                    first_time.set_result(None)
                await nanny.finished()
        except Exception as fault:  # noqa: BLE001 - whatever it is, there must be a worker again
            logging.getLogger(__name__).warning("worker_not_started: %s", fault)
            failures += 1
            if not first_time.done():
                first_time.set_exception(fault)
        await asyncio.sleep(AGAIN_S[min(failures, len(AGAIN_S) - 1)])


def _config(dashboard: str, folder: str) -> dict[str, Any]:
    config = {**CONFIG, "temporary-directory": folder}
    if dashboard:
        del config["distributed.scheduler.http.routes"]
    return config


def _scheduler_options(dashboard: str) -> dict[str, Any]:
    """A run whose worker died is not run again by Dask: its first execution might still be writing."""
    return {
        "port": 0,
        "allowed_failures": 0,
        "dashboard": bool(dashboard),
        "dashboard_address": dashboard or NO_PORT,
    }


def _worker_options() -> dict[str, Any]:
    """Memory is limited per run by the step host; the worker itself holds no data."""
    return {
        "worker_class": CalmWorker,
        "nthreads": 1,
        "memory_limit": None,
        "dashboard": False,
        "dashboard_address": NO_PORT,
        "silence_logs": logging.CRITICAL,
        "env": ONE_THREAD,
        "plugins": (StepHosts(ours=True),),
    }
