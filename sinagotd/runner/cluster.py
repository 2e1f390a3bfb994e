"""A Dask cluster of our own on this machine, reachable over loopback with certificates that live as long as it does."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dask
from distributed import Nanny, Scheduler, Security, SpecCluster

from sinagotd.errors import RunnerError
from sinagotd.runner.worker import StepHosts

MEND_S = 10.0
NO_PORT = "127.0.0.1:0"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

# Dask opens an HTTP port on every node, dashboard or not; without routes it answers 404 to everything. The rest is
# work that serves other uses of Dask: profiles of the launcher's threads, data moved between workers, 50 ticks a second.
CONFIG: dict[str, Any] = {
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.diagnostics.computations.nframes": 0,
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.low-level-log-length": 100,
}


@asynccontextmanager
async def own_cluster(*, workers: int = 0, dashboard: str = "") -> AsyncIterator[SpecCluster]:
    """Start a scheduler and `workers` processes of one thread each (0: one per core), and end them with all they run.

    Raises RunnerError when the workers do not come up.
    """
    count = workers or os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="sinagotd-", ignore_cleanup_errors=True) as folder:
        with dask.config.set(_config(dashboard, folder)):
            cluster = _cluster(count, dashboard)
            await _started(cluster)
        mending = asyncio.create_task(_mend(cluster, count))
        try:
            yield cluster
        finally:
            mending.cancel()
            await _closed(cluster)


def _cluster(workers: int, dashboard: str) -> SpecCluster:
    security = Security.temporary()
    node = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
    scheduler = {"cls": Scheduler, "options": {**node, **_scheduler_options(dashboard)}}
    worker = {"cls": Nanny, "options": {**node, **_worker_options()}}
    return SpecCluster(
        scheduler=scheduler, worker=worker, workers=dict.fromkeys(range(workers), worker),
        security=security, asynchronous=True, silence_logs=logging.WARNING,
    )  # fmt: skip


async def _started(cluster: SpecCluster) -> None:
    """Wait for the workers. A start that is cut off would leave them behind, so it ends before it is given up."""
    starting = asyncio.ensure_future(cluster)
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        await _closed(cluster)
        raise
    except Exception as fault:
        await _closed(cluster)
        raise RunnerError(
            f"the Dask workers did not start: {fault}. In a script of your own, start them below "
            '`if __name__ == "__main__":`, because every worker imports that script'
        ) from fault


async def _closed(cluster: SpecCluster) -> None:
    closing = cluster.close()
    if closing is not None:
        await closing


async def _mend(cluster: SpecCluster, workers: int) -> None:
    """Dask gives up a worker that was away for 15 s, as after a suspended night; asking for all of them brings it back."""
    while True:
        await asyncio.sleep(MEND_S)
        cluster.scale(workers)


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
        "nthreads": 1,
        "memory_limit": None,
        "dashboard": False,
        "dashboard_address": NO_PORT,
        "silence_logs": logging.CRITICAL,
        "env": ONE_THREAD,
        "plugins": (StepHosts(ours=True),),
    }
