"""Runs scripts in a warm process of their own, so that a hang, a leak or a crash ends one run and nothing else."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from sinagotd.errors import ScriptError
from sinagotd.scripts.declared import Declaration
from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.host_process import Ending, HostProcess, OnMessage
from sinagotd.scripts.hosts import DECLARE_TIMEOUT_S, HostReply
from sinagotd.scripts.logs import OnLine
from sinagotd.scripts.orders import LogLine, RunError, RunOrder
from sinagotd.scripts.parts import LabelledParts
from sinagotd.scripts.wire import Message


class StepHost:
    """A `Host` with limits of time and memory. One call at a time; the process starts with the first call.

    The process is replaced after `recycle_after` calls, when it died, and when a script left it other than it was:
    with threads or processes, much memory, or in another `Condition`. `environ` is its environment, by default a copy of ours.
    """

    def __init__(
        self,
        *,
        recycle_after: int = 1000,
        environ: Mapping[str, str] | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """`is_wanted` is asked before a process that died while it was idle is replaced: somebody may have ended it."""
        self._is_wanted = is_wanted
        self._recycle_after = recycle_after
        self._environ = environ
        self._process: HostProcess | None = None
        self._calls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ready(self, memory_bytes: int | None = None) -> int:
        return self._running(memory_bytes).pid

    def call(self, order: RunOrder, *, on_line: OnLine) -> HostReply:
        def say(message: Message) -> None:
            on_line(LogLine(*message["line"]))

        try:
            process, ending = self._ask({"order": order.as_dict()}, say, order.timeout_s, order.memory_bytes)
        except (ScriptError, OSError) as fault:
            return HostReply(error=RunError(ErrorKind.HOST_FAILED, str(fault)))
        return HostReply(
            error=_error(ending),
            pid=process.pid,
            cpu_s=ending.cpu_s,
            peak_memory_bytes=ending.peak_memory_bytes,
            stdout=process.stdout.text(),
            stderr=process.stderr.text(),
        )

    def declare(self, script: str, scripts_path: Path, *, timeout_s: float = DECLARE_TIMEOUT_S) -> Declaration:
        question = {"declare": {"scripts_path": str(scripts_path), "script": script}}
        _, ending = self._ask(question, _ignore, timeout_s, None)
        if ending.answer is None:
            raise ScriptError(f"{script}: cannot be imported: {ending.error}")
        if "fault" in ending.answer:
            raise ScriptError(ending.answer["fault"])
        return Declaration(*(_labelled(role) for role in ending.answer["declaration"]))

    def close(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _ask(
        self, question: Message, on_message: OnMessage, timeout_s: float | None, memory: int | None
    ) -> tuple[HostProcess, Ending]:
        """Ask; a host that died while it was idle is replaced once."""
        process, ending = self._ask_once(question, on_message, timeout_s, memory)
        if ending.begun or not self._is_wanted():
            return process, ending
        return self._ask_once(question, on_message, timeout_s, memory)

    def _ask_once(
        self, question: Message, on_message: OnMessage, timeout_s: float | None, memory: int | None
    ) -> tuple[HostProcess, Ending]:
        process = self._running(memory)
        self._calls += 1
        try:
            ending = process.ask(question, on_message=on_message, timeout_s=timeout_s, memory=memory)
        except BaseException:
            self.close()
            raise
        if self._calls >= self._recycle_after:
            self.close()
        return process, ending

    def _running(self, memory: int | None) -> HostProcess:
        if self._process is not None and not self._process.suits(memory):
            self.close()
        if self._process is None:
            self._process, self._calls = HostProcess(self._environ), 0
        return self._process


def _error(ending: Ending) -> RunError | None:
    if ending.answer is None:
        return ending.error
    packed = ending.answer["error"]
    return RunError(*packed) if packed else None


def _labelled(role: list[tuple[str, list[str]]]) -> LabelledParts:
    return tuple((label, tuple(parts)) for label, parts in role)


def _ignore(message: Message) -> None:
    """Scripts may log while they are imported; nobody asked."""
    del message
