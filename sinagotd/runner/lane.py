"""The step host of one worker thread, which another thread may end at any moment."""

import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sinagotd.errors import ScriptError
from sinagotd.scripts.declared import Declaration
from sinagotd.scripts.faults import machine_fault
from sinagotd.scripts.hosts import DECLARE_TIMEOUT_S, Host, HostReply
from sinagotd.scripts.logs import OnLine
from sinagotd.scripts.orders import RunOrder
from sinagotd.scripts.step_host import StepHost

CLOSING = ScriptError("the worker was closed while it ran")


class Lane:
    """A `Host` that is used by one thread and stopped by another. A run that `stop` cuts off is nobody's fault."""

    def __init__(self, host: Host | None = None, *, environ: Mapping[str, str] | None = None) -> None:
        self._host = host or StepHost(environ=environ, is_wanted=lambda: not self._stopping)
        self._busy = threading.Lock()
        self._pid = 0
        self._stopping = False

    def ready(self, memory_bytes: int | None = None) -> int:
        with self._busy:
            self._pid = self._host.ready(memory_bytes)
            return self._pid

    def call(self, order: RunOrder, *, on_line: OnLine) -> HostReply:
        with self._busy:
            if self._stopping:
                return HostReply(error=machine_fault(CLOSING))
            reply = self._host.call(order, on_line=on_line)
        return replace(reply, error=machine_fault(CLOSING)) if self._stopping and reply.error else reply

    def declare(self, script: str, scripts_path: Path, *, timeout_s: float = DECLARE_TIMEOUT_S) -> Declaration:
        with self._busy:
            return self._host.declare(script, scripts_path, timeout_s=timeout_s)

    def close(self) -> None:
        """End the host; a run is cut off by killing the process it runs in, as a host serves one thread only."""
        self._stopping = True
        if self._busy.acquire(blocking=False):
            self._host.close()
            self._busy.release()
        elif self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
