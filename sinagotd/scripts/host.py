"""The step host: a warm process that runs one order after the other. Limits are kept by `step_host`, from outside.

Started by `host_process` with two descriptors of pipes, REQUESTS and REPLIES, as arguments. What scripts print goes to the
ordinary stdout and stderr, which are pipes as well; stdin is empty.
"""

import ctypes
import faulthandler
import os
import resource
import sys
import threading
from pathlib import Path

from sinagotd.errors import ScriptError
from sinagotd.scripts.condition import Condition
from sinagotd.scripts.execute import declared_by, execute
from sinagotd.scripts.faults import describe
from sinagotd.scripts.guard import guarded
from sinagotd.scripts.loading import Loader
from sinagotd.scripts.orders import LogLine, RunError, RunOrder
from sinagotd.scripts.processes import end_children, memory, reset_peak_memory
from sinagotd.scripts.sinagot_names import SinagotNames
from sinagotd.scripts.wire import Message, receive, send


class Server:
    """Answers requests until their pipe is closed."""

    def __init__(self, requests: int, replies: int) -> None:
        self._requests = requests
        self._replies = replies
        self._lock = threading.Lock()
        self._loader = Loader()
        self._libc = ctypes.CDLL(None)
        self._condition: Condition | None = None

    def serve(self) -> None:
        self._pid = os.getpid()
        SinagotNames().install()
        faulthandler.enable()
        self._reply({"ready": self._pid, "cpu_s": cpu_seconds()})
        while (request := receive(self._requests)) is not None:
            self._reply({"begun": True})
            self._reply(self._answer(request))

    def _answer(self, request: Message) -> Message:
        before, cpu_before = self._condition or Condition.taken(), cpu_seconds()
        reset_peak_memory()
        answer = self._declare(**request["declare"]) if "declare" in request else self._run(request["order"])
        if os.getpid() != self._pid:
            os._exit(0)  # a process that the script forked, and that came back out of run()
        left_over = end_children() or threading.active_count() > 1
        flushed, self._condition = self._flush(), Condition.taken()
        spent = not flushed or left_over or before.is_spoilt(self._condition)
        kept, peak = memory()
        used = {"cpu_s": cpu_seconds() - cpu_before, "peak_memory_bytes": peak, "kept_memory_bytes": kept}
        return {**answer, **used, "spent": spent}

    def _run(self, raw: Message) -> Message:
        order = RunOrder(**raw)
        try:
            error = execute(order, self._loader, on_line=self._say)
        except KeyboardInterrupt as fault:
            error = describe(fault, str(Path(order.scripts_path, order.script)))
        return {"error": _packed(error)}

    def _declare(self, scripts_path: str, script: str) -> Message:
        try:
            return {"declaration": declared_by(script, Path(scripts_path), self._loader)}
        except (ScriptError, KeyboardInterrupt) as fault:
            return {"fault": str(fault) or f"{script}: was interrupted"}

    def _say(self, line: LogLine) -> None:
        self._reply({"line": [line.seq, line.time, line.level, line.message]})

    def _flush(self) -> bool:
        """Push out what Python and C hold back; False when the script closed a stream."""
        self._libc.fflush(None)
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (ValueError, OSError):
            return False
        return True

    def _reply(self, message: Message) -> None:
        with self._lock:
            send(self._replies, message)


def cpu_seconds() -> float:
    """What this process and its ended children have used so far."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _packed(error: RunError | None) -> list[str] | None:
    return None if error is None else [error.type, error.message, error.traceback]


def main() -> None:
    requests, replies = (int(word) for word in sys.argv[1:])
    del sys.argv[1:]  # scripts may look at it
    for descriptor in (requests, replies):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the signature of the standard library
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr] # pipes are text
    guarded(Server(requests, replies).serve, requests=requests, replies=replies)
