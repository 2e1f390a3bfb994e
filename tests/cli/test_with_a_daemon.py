import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Json = Callable[..., Any]

PATIENCE_S = 30.0


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that will come true."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


@pytest.fixture
def served(worked: Any, json_of: Json) -> Iterator[Any]:
    """A workspace with a daemon at work on it."""
    command = [sys.executable, "-m", "sinagotd", "run", "--inline", str(worked.path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as daemon:
        until(lambda: (worked.state / "control.sock").exists() and daemon.poll() is None)
        yield worked
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=PATIENCE_S)
    assert (daemon.returncode, said) == (0, b"")


def state_of(bench: Any, json_of: Json, record: str) -> str:
    rows = json_of(bench("status", "--json", "--record", record))
    return str(next(row["state"] for row in rows if row["step"] == "count"))


def test_commands_ask_the_daemon_that_runs(served: Any, json_of: Json) -> None:
    assert "running: process " in served("status").stdout.splitlines()[0]

    assert json_of(served.on("hold", "REC-1/count", "--json"))[0]["steps"] == ["REC-1/count"]
    until(lambda: state_of(served, json_of, "REC-1") == "held")

    served.write("dataset/raw/REC-3.txt", "good now")
    until(lambda: state_of(served, json_of, "REC-3") == "current")

    refused = served.on("hold", "REC-77")
    assert refused.exit_code == 1
    assert "there is no record 'REC-77'" in refused.stderr

    assert served.on("retry", "--force", "REC-2/count").exit_code == 0
    until(lambda: len(json_of(served.on("explain", "REC-2/count", "--json"))[0]["runs"]) == 2)
