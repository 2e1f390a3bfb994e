"""The daemon as people run it: a process with its log in a file. It ends only what it started, and always does."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from sinagotd.core.states import State
from sinagotd.manifest.reader import Reader, open_reader
from sinagotd.manifest.rows import RunRow, Standing
from sinagotd.settings.workspace import load_workspace

ROOT = Path(__file__).parents[1]
LIMIT_S = 40.0
POLL_S = 0.03
TAIL_LINES = 40
EVERY_RUN = 100_000

MARK = "SINAGOTD_TEST_MARK"
"""An environment variable that everything a daemon starts inherits: so its offspring is found, whoever adopted it."""

DIE_WITH_US = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""A test that runs into its time limit ends without cleaning up; PR_SET_PDEATHSIG of prctl(2) does it then."""


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def sinagotd(*words: object) -> "subprocess.CompletedProcess[str]":
    """Call a command of the command line, in a process of its own."""
    command = [sys.executable, "-m", "sinagotd", *map(str, words)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False)


class Daemon:
    """`sinagotd run WORKSPACE …` from its start to its end; `log` gets its stdout and `errors` its stderr."""

    def __init__(self, workspace: Path, *words: object) -> None:
        self.state_path = load_workspace(workspace).state_path
        self._mark = uuid.uuid4().hex
        self.log = workspace.parent / f"daemon-{self._mark[:8]}.log"
        self.errors = self.log.with_suffix(".errors")
        command = [sys.executable, "-SIc", DIE_WITH_US, "-m", "sinagotd", "run", workspace, "--log", "json", *words]
        with self.log.open("wb") as log, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                env=environment(**{MARK: self._mark}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    # what it says

    def lines(self, event: str | None = None, record: str | None = None) -> list[dict[str, Any]]:
        """Its log so far; a line that is no JSON is a fault."""
        whole = self.log.read_bytes().rpartition(b"\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if event in (None, line["event"]) and record in (None, line.get("record"))]

    def tail(self) -> str:
        log, errors = (file.read_text(errors="replace").splitlines() for file in (self.log, self.errors))
        return "\n".join([*log[-TAIL_LINES:], "--- stderr", *errors[-TAIL_LINES:]])

    # what it remembers

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        with open_reader(self.state_path) as read:
            yield read

    def standings(self) -> dict[str, Standing]:
        with self.reading() as read:
            return {str(key): standing for key, standing in read.standings().items()}

    def state(self, key: str) -> State | None:
        standing = self.standings().get(key)
        return standing and standing.state

    def runs(self, key: str | None = None) -> list[RunRow]:
        """Every run, or those of one step, the oldest first."""
        with self.reading() as read:
            runs = read.runs(limit=EVERY_RUN)[::-1]
        return [run for run in runs if key in (None, str(run.key))]

    def is_all_current(self) -> bool:
        """Whether it knows some step, and every one is current."""
        return {standing.state for standing in self.standings().values()} == {State.CURRENT}

    # its life

    def wait_until(self, condition: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
        """Look again and again; fails if the daemon ends before, or it takes too long."""
        give_up_at = time.monotonic() + limit_s
        while not condition():
            assert self.process.poll() is None, f"the daemon ended before {what}"
            assert time.monotonic() < give_up_at, f"not within {limit_s:.0f} s: {what}"
            time.sleep(POLL_S)

    def wait_for_line(self, event: str, record: str | None = None) -> dict[str, Any]:
        self.wait_until(lambda: self.lines(event, record), f"a line {event!r} of {record or 'anything'}")
        return self.lines(event, record)[0]

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        """Ask it to stop as a service manager would; nothing of it may be left then, and no complaint."""
        self.send(signal.SIGTERM)
        self.wait_for_end()

    def wait_for_end(self, code: int = 0) -> None:
        """Wait until it and its offspring are gone; it must have ended with this code and without a traceback."""
        assert self.process.wait(LIMIT_S) == code
        self.wait_for_nobody()
        assert "Traceback" not in self.errors.read_text()

    def kill(self) -> None:
        """Kill the main process only, and wait until what it had started has noticed."""
        self.send(signal.SIGKILL)
        self.process.wait()
        self.wait_for_nobody()

    def family(self) -> list[psutil.Process]:
        """Every living process that this daemon or its offspring started, and itself."""
        return [process for process in psutil.process_iter() if _mark(process) == self._mark]

    def wait_for_nobody(self, limit_s: float = LIMIT_S) -> None:
        give_up_at = time.monotonic() + limit_s
        while left := self.family():
            assert time.monotonic() < give_up_at, f"it left processes behind: {left}"
            time.sleep(POLL_S)

    def close(self) -> None:
        """End whatever is still there, in good order if possible."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
        try:
            self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for process in self.family():
            process.kill()


def _mark(process: psutil.Process) -> str | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


@contextmanager
def daemon_on(workspace: Path, *words: object) -> Iterator[Daemon]:
    """The daemon on this workspace, ready; stopped in the end. Shows the end of its log when the test fails inside."""
    daemon = Daemon(workspace, *words)
    try:
        daemon.wait_for_line("ready")
        yield daemon
    except BaseException as fault:
        fault.add_note(daemon.tail())
        raise
    finally:
        daemon.close()
