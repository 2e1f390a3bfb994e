"""What the whole daemon, in a process of its own, tells systemd; the test is systemd's end of the socket."""

import os
import signal
import socket
import subprocess
import sys

import pytest

WORKSPACE = """
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["copy"]
[watch]
settle = "100ms"
"""
SCRIPT = """
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = ("raw", "{id}.txt")
    PATH_OUT = ("done", "{id}.txt")

    def run(self):
        self.path.output.write_text(self.path.input.read_text())
"""


class Listener:
    """Keeps the messages in order; `until` waits for the next one that begins so."""

    def __init__(self, address: str) -> None:
        self.messages: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(20)

    def until(self, *beginnings: str) -> None:
        for beginning in beginnings:
            while not self._next().startswith(beginning):
                pass

    def _next(self) -> str:
        self.messages.append(self._socket.recv(4096).decode("ascii"))
        return self.messages[-1]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener(tmp_path):
    listener = Listener(str(tmp_path / "notify"))
    yield listener
    listener.close()


@pytest.fixture
def daemon(tmp_path, listener):
    for folder in ("scripts", "dataset/raw"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "workspace.toml").write_text(WORKSPACE)
    (tmp_path / "scripts/copy.py").write_text(SCRIPT)
    (tmp_path / "dataset/raw/REC-1.txt").write_text("one")
    environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
    environment.pop("WATCHDOG_PID", None)
    command = [sys.executable, "-m", "sinagotd", "run", str(tmp_path), "--inline", "--log", "json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def test_readiness_status_life_reload_and_stop_are_told_in_that_order(daemon, listener, tmp_path):
    listener.until("READY=1", "STATUS=1 records in 1 workspace", "WATCHDOG=1", "WATCHDOG=1")
    assert [word.partition("=")[0] for word in listener.messages[:3]] == ["STATUS", "EXTEND_TIMEOUT_USEC", "READY"]
    (tmp_path / "workspace.toml").write_text("[records]\nid_pattern = 3\n")
    daemon.send_signal(signal.SIGHUP)
    listener.until("RELOADING=1", "READY=1", "WATCHDOG=1")
    daemon.send_signal(signal.SIGTERM)
    listener.until("STOPPING=1")
    assert daemon.wait(timeout=40) == 0
    told = [message.partition("=")[0] for message in listener.messages]
    assert [word for word in told if word not in ("STATUS", "WATCHDOG")] == [
        "EXTEND_TIMEOUT_USEC", "READY", "RELOADING", "READY", "STOPPING",
    ]  # fmt: skip
