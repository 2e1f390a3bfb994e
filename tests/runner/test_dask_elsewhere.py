"""A scheduler that somebody else runs: reached, refused, lost and found again."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from runner_world import LIMIT_S, Posts, World, wait_until

from sinagotd.core.states import Outcome
from sinagotd.errors import RunnerError
from sinagotd.runner import link
from sinagotd.runner.access import Tls
from sinagotd.runner.dask_runner import DaskRunner
from sinagotd.runner.protocol import RunLost, RunStarted

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]


@contextmanager
def dask_command(*words: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `dask scheduler` or `dask worker` as an operator would."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "dask", *words]
    log = (folder / f"{words[0]}.log").open("ab")
    with log, subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """One certificate for all, signed by itself."""
    from distributed import Security

    folder, security = tmp_path_factory.mktemp("tls"), Security.temporary()
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_text(security.tls_client_cert)
    key.write_text(security.tls_client_key)
    return Tls(ca=str(cert), cert=str(cert), key=str(key))


def tls_words(tls: Tls) -> tuple[str, ...]:
    return ("--protocol", "tls", "--tls-ca-file", tls.ca, "--tls-cert", tls.cert, "--tls-key", tls.key)


@contextmanager
def scheduler(port: int, tls: Tls, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = ("--host", "127.0.0.1", "--port", str(port), "--dashboard-address", "127.0.0.1:0")
    with dask_command("scheduler", *words, *tls_words(tls), folder=folder) as process:
        yield process


@contextmanager
def worker(port: int, tls: Tls, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
    address = f"tls://127.0.0.1:{port}"
    with dask_command("worker", address, *words, *tls_words(tls), folder=folder) as process:
        yield process


def test_a_scheduler_that_is_lost_costs_the_runs_in_flight_and_is_found_again(
    port: int, tls: Tls, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "CONNECT_LIMIT_S", LIMIT_S)  # on a busy machine a scheduler is not up in ten seconds
    posts = Posts()
    runner = DaskRunner(posts, address=f"tls://127.0.0.1:{port}", tls=tls)
    with scheduler(port, tls, tmp_path) as process, worker(port, tls, tmp_path):
        runner.start()
        wait_until(lambda: runner.trouble == "")
        first, hanging, waiting = world.order("copy"), world.order("hangs", "REC-2"), world.order("copy", "REC-3")
        runner.submit(first)
        assert posts.receipt(first).outcome is Outcome.SUCCEEDED
        runner.submit(hanging)
        posts.wait_for(hanging, RunStarted)
        runner.submit(waiting)
        process.kill()
        for order in (hanging, waiting):
            assert "lost" in posts.wait_for(order, RunLost).why
    again = world.order("copy", "REC-4")
    runner.submit(again)
    with scheduler(port, tls, tmp_path), worker(port, tls, tmp_path):
        assert posts.receipt(again).outcome is Outcome.SUCCEEDED
        wait_until(lambda: runner.trouble == "")
        runner.close()
    assert [len(posts.answers(order)) for order in (first, hanging, waiting, again)] == [1, 1, 1, 1]


def test_a_scheduler_that_is_not_there_is_said_in_a_sentence_and_orders_wait_for_it(
    port: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "CONNECT_LIMIT_S", 0.5)
    posts, order = Posts(), world.order()
    runner = DaskRunner(posts, address=f"tcp://127.0.0.1:{port}")
    runner.submit(order)
    with pytest.raises(RunnerError, match=f"cannot connect to the Dask scheduler at tcp://127.0.0.1:{port} within"):
        runner.start()
    assert "Check that it runs" in runner.trouble
    assert posts.events == []
    runner.close()
    assert posts.events == [RunLost(order.run_id, "the runner was closed")]
