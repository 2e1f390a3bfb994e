"""Runs scripts in this very process: for tests, `--inline` and the debugger."""

import os
import time
from pathlib import Path

from sinagotd.scripts.declared import Declaration
from sinagotd.scripts.execute import OnFault, declared_by, execute
from sinagotd.scripts.hosts import DECLARE_TIMEOUT_S, HostReply
from sinagotd.scripts.loading import Loader
from sinagotd.scripts.logs import OnLine
from sinagotd.scripts.orders import RunOrder
from sinagotd.scripts.processes import memory
from sinagotd.scripts.sinagot_names import SinagotNames


class InlineHost:
    """A `Host` without limits: it keeps no timeout and no memory limit, and catches nothing that is printed.

    A script that ends its process ends this one. Ctrl-C is raised, not reported.
    """

    def __init__(self, on_fault: OnFault | None = None) -> None:
        """`on_fault` is given every exception that a script raises, before it is put into words."""
        self._on_fault = on_fault
        self._loader = Loader()
        self._names = SinagotNames()

    def ready(self, memory_bytes: int | None = None) -> int:  # noqa: ARG002 - it limits nothing
        return os.getpid()

    def call(self, order: RunOrder, *, on_line: OnLine) -> HostReply:
        cpu_before = time.process_time()
        with self._names.installed():
            error = execute(order, self._loader, on_line=on_line, on_fault=self._on_fault)
        return HostReply(
            error=error, pid=os.getpid(), cpu_s=time.process_time() - cpu_before, peak_memory_bytes=memory().peak
        )

    def declare(self, script: str, scripts_path: Path, *, timeout_s: float = DECLARE_TIMEOUT_S) -> Declaration:
        del timeout_s
        with self._names.installed():
            return declared_by(script, scripts_path, self._loader)

    def close(self) -> None:
        """Nothing runs between calls."""
