"""Runs the daemon of the demo as a process of its own, and sees to it that it is gone in the end, whatever happens."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from sinagotd.errors import SinagotError

LOG_NAME = "daemon.log"
MOST_WORKERS = 4
START_LIMIT_S, STOP_LIMIT_S, LOOK_S = 60.0, 15.0, 0.1
TAIL_LINES = 8
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoError(SinagotError):
    """Something did not go as it should; `sentences` are for the person who looks on."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Daemon:
    """`sinagotd run` on one workspace and its dataset, from `start` until `stop` or the end of the `with`, whichever comes first."""

    def __init__(self, folder: Path) -> None:
        self.log_path = folder / LOG_NAME
        self.workers = min(MOST_WORKERS, os.cpu_count() or 1)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it: politely, and if that takes too long at once, with its whole process group."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it says that it is ready. Raises DemoError with the end of its log if it does not."""
        words = [sys.executable, "-m", "sinagotd", "run", "--config", str(self._folder), "--log", "json"]
        words += ["--workers", str(self.workers)]
        with self.log_path.open("wb") as log, signals_put_off():
            self._process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        give_up_at = time.monotonic() + START_LIMIT_S
        while not any(entry.get("event") == "ready" for entry in self._entries()):
            self.check_alive()
            if time.monotonic() > give_up_at:
                raise self.trouble(f"the daemon is not ready after {START_LIMIT_S:.0f} s")
            time.sleep(LOOK_S)

    def check_alive(self) -> None:
        """Raise DemoError with the end of its log if it ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise self.trouble(f"the daemon ended with {self._process.returncode}, though nobody asked it to")

    def stop(self) -> float:
        """Ask it to end, as systemd would, and give the seconds that it took. Raises DemoError if it did not end well."""
        assert self._process is not None
        self.check_alive()
        began = time.monotonic()
        self._process.terminate()
        try:
            code = self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired as fault:
            raise self.trouble(f"the daemon did not end within {STOP_LIMIT_S:.0f} s of a SIGTERM") from fault
        if code != 0:
            raise self.trouble(f"the daemon ended with {code}, not 0, after a SIGTERM")
        return time.monotonic() - began

    def trouble(self, *sentences: str) -> DemoError:
        """These sentences, and what the daemon said last."""
        last = self.log_path.read_text(errors="backslashreplace").splitlines()[-TAIL_LINES:]
        return DemoError(*sentences, f"the end of {self.log_path}:", *(f"  {line}" for line in last))

    def _entries(self) -> Iterator[dict[str, Any]]:
        for line in self.log_path.read_text(errors="backslashreplace").splitlines():
            with suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry


@contextmanager
def signals_put_off() -> Iterator[None]:
    """A signal that comes meanwhile counts at the end: nothing may come between starting a process and knowing it."""
    came: list[int] = []
    with _handled(lambda number, _: came.append(number)):
        yield
    if came:
        signal.raise_signal(came[0])


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """While this lasts, being told to end or losing the terminal is as good as Ctrl-C. Only the first signal counts."""

    def interrupt(_: int, __: FrameType | None) -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    with _handled(interrupt):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in STOPPING}
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)
