"""`[cluster] address`: the steps run on a Dask cluster that somebody else has started."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from daemon_process import environment
from lab_world import Lab

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]


@contextmanager
def dask(lab: Lab, *words: str) -> Iterator[psutil.Process]:
    """Run `dask scheduler` or `dask worker` as an operator would, until this is left."""
    command = [sys.executable, "-P", "-m", "dask", *words]
    with (lab.elsewhere / f"{words[0]}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment(), cwd=lab.elsewhere, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def cluster(lab: Lab) -> Iterator[tuple[str, psutil.Process]]:
    """An address, and the worker process there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = ("--dashboard-address", "127.0.0.1:0")
    alone = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", os.fspath(lab.elsewhere))
    with (
        dask(lab, "scheduler", "--host", "127.0.0.1", "--port", str(port), *quiet),
        dask(lab, "worker", address, *alone) as worker,
    ):
        yield address, worker


def test_steps_run_on_a_cluster_that_somebody_else_has_started(lab: Lab) -> None:
    with cluster(lab) as (address, worker):
        config = lab.elsewhere / "sinagotd.toml"
        config.write_text(f'[cluster]\naddress = "{address}"\n')
        lab.start("--config", config)
        record = lab.new_record("one two three")
        lab.wait_current(record)
        assert lab.results(record) == ("3", "mean of 3")
        host = psutil.Process(lab.daemon.runs()[0].pid)
        assert worker in host.parents()
        lab.daemon.stop()
        assert worker.is_running()
