import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
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


@contextmanager
def at_work(state: Path, *words: object) -> Iterator[None]:
    """A daemon with its control socket in this state folder, which ends well."""
    command = [sys.executable, "-m", "sinagotd", "run", "--inline", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as daemon:
        until(lambda: any(state.glob("**/control.sock")) and daemon.poll() is None)
        yield
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=PATIENCE_S)
    assert (daemon.returncode, said) == (0, b"")


@pytest.fixture
def served(worked: Any) -> Iterator[Any]:
    """A workspace with a daemon at work on it."""
    with at_work(worked.state, worked.path):
        yield worked


def state_of(bench: Any, json_of: Json, record: str) -> str:
    rows = json_of(bench("status", "--json", "--record", record))
    return str(next(row["state"] for row in rows if row["step"] == "count"))


def test_commands_ask_the_daemon_that_runs(served: Any, json_of: Json) -> None:
    assert "running: process " in served("status").stdout.splitlines()[0]

    assert json_of(served.on("hold", "REC-1/count", "--json"))[0]["steps"] == ["REC-1/count"]
    until(lambda: state_of(served, json_of, "REC-1") == "held")

    served.write("dataset/raw/REC-3.txt", "good now")
    until(lambda: state_of(served, json_of, "REC-3") == "current")

    refused = served.on("hold", "REC-33")
    assert refused.exit_code == 1
    assert "there is no record 'REC-33': did you mean REC-3?" in refused.stderr

    assert served.on("retry", "--force", "REC-2/count").exit_code == 0
    until(lambda: len(json_of(served.on("explain", "REC-2/count", "--json"))[0]["runs"]) == 2)


def test_a_workspace_whose_manifest_is_elsewhere_has_one_daemon_and_commands_say_where_it_is(
    bench: Any, sinagotd_call: Callable[..., Any], tmp_path: Path
) -> None:
    bench.drop(r1="one")
    config = tmp_path / "sinagotd.toml"
    config.write_text('[state]\nfolder = "states"\n')
    with at_work(tmp_path / "states", "--config", config, bench.path):
        for words in (("status",), ("hold", "REC-1", "-w")):
            lost = sinagotd_call(*words, str(bench.path))
            assert (lost.exit_code, lost.stderr.endswith(f"say --config {config}\n")) == (1, True)
        second = sinagotd_call("run", "--once", "--inline", str(bench.path))
        assert second.exit_code == 1
        assert "is in use by process" in second.stderr
        assert sinagotd_call("status", "--config", str(config), str(bench.path)).exit_code == 0
