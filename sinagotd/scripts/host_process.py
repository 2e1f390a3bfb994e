"""The parent's end of one step host: starts the process, asks it, ends it. It does not know what a run is."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sinagotd.errors import ScriptError
from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.limits import Limits
from sinagotd.scripts.orders import RunError
from sinagotd.scripts.processes import KILL_LIMIT_S, MARK, end_marked
from sinagotd.scripts.spawn import spawn
from sinagotd.scripts.streams import Streams
from sinagotd.scripts.tail import Tail
from sinagotd.scripts.wire import Inbox, Message, send

START_LIMIT_S = 60.0
KEPT_MEMORY_BYTES = 1 << 30
_CLEANUP_LIMIT_S = KILL_LIMIT_S + 2

OnMessage = Callable[[Message], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a question ended: with an answer, or with an error and no process any more.

    `begun` tells whether the host had taken the question up.
    """

    answer: Message | None = None
    error: RunError | None = None
    begun: bool = True
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0


class HostProcess:
    """A guard process with a host in it. Raises ScriptError when it does not start."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self.stdout, self.stderr = Tail(), Tail()
        self._inbox, self._messages = Inbox(), list[Message]()
        self._cpu_in_all_s = 0.0
        self._kept = self._kept_first = 0
        self._mark = uuid.uuid4().hex
        self._process, pipes = spawn({**(os.environ if environ is None else environ), MARK: self._mark})
        self._requests: int | None = pipes.requests
        self._replies = pipes.replies
        self._streams = Streams({pipes.replies: self._put, pipes.stdout: self._out, pipes.stderr: self._err})
        self.pid, self._cpu_s = self._greeting()

    def ask(self, request: Message, *, on_message: OnMessage, timeout_s: float | None, memory: int | None) -> Ending:
        """Wait for the answer, for the end of the process, or for the first broken limit, which ends the process."""
        self._streams.read_rest()
        self.stdout, self.stderr = Tail(), Tail()
        limits = Limits(self.pid, timeout_s, memory)
        begun = False
        is_over = not self._sent(request)
        while not is_over:
            is_over = self._has_ended()  # asked before reading: whatever it said is in the pipe by then
            for message in self._received(0 if is_over else limits.pause_s()):
                if "begun" in message:
                    begun = True
                elif "spent" in message:
                    return self._answered(message, limits)
                else:
                    on_message(message)
            if fault := limits.broken():
                return self._stopped(fault, limits)
        self.end()
        return Ending(
            error=self._death(), begun=begun, cpu_s=self._rest_of_cpu_s(), peak_memory_bytes=limits.peak_memory
        )

    def _answered(self, answer: Message, limits: Limits) -> Ending:
        self._streams.read_rest()
        self._cpu_s += answer["cpu_s"]
        peak = max(answer["peak_memory_bytes"], limits.peak_memory)
        self._kept = answer["kept_memory_bytes"]
        self._kept_first = self._kept_first or self._kept
        if answer["spent"] or self._kept > max(KEPT_MEMORY_BYTES, 2 * self._kept_first):
            self.end()
        return Ending(answer=answer, cpu_s=answer["cpu_s"], peak_memory_bytes=peak)

    def suits(self, memory: int | None) -> bool:
        """Whether a run that may use so much would not be charged for what others left over."""
        return not self.is_over and (memory is None or self._kept <= memory // 2)

    def _stopped(self, fault: RunError, limits: Limits) -> Ending:
        self.end()
        return Ending(error=fault, cpu_s=self._rest_of_cpu_s(), peak_memory_bytes=limits.peak_memory)

    def _death(self) -> RunError:
        return RunError(ErrorKind.PROCESS_ENDED, f"the script ended its process ({_how(self._process.returncode)})")

    def _rest_of_cpu_s(self) -> float:
        return max(0.0, self._cpu_in_all_s - self._cpu_s)

    @property
    def is_over(self) -> bool:
        return self._has_ended()

    def end(self) -> None:
        """End the host and everything that it started: the guard does so when the request pipe is closed.

        A guard that was killed itself could not: what it leaves behind is found by its mark.
        """
        if self._requests is not None:
            os.close(self._requests)
            self._requests = None
        deadline = time.monotonic() + _CLEANUP_LIMIT_S
        while not self._has_ended() and (left := deadline - time.monotonic()) > 0:
            self._streams.read(left)
        if not self._has_ended():
            self._process.kill()
            self._wait(0)
        if self._process.returncode == -signal.SIGKILL:
            end_marked(self._mark)
        self._streams.read_rest()
        self._streams.close()

    def _put(self, piece: bytes) -> None:
        self._messages += self._inbox.put(piece)

    def _out(self, piece: bytes) -> None:
        self.stdout.add(piece)

    def _err(self, piece: bytes) -> None:
        self.stderr.add(piece)

    def _greeting(self) -> tuple[int, float]:
        deadline = time.monotonic() + START_LIMIT_S
        while not self._has_ended() and (left := deadline - time.monotonic()) > 0:
            if received := self._received(left):
                return received[0]["ready"], received[0]["cpu_s"]
        self.end()
        raise ScriptError(f"the step host did not start: {self.stderr.text().strip() or 'it said nothing'}")

    def _sent(self, request: Message) -> bool:
        assert self._requests is not None
        try:
            send(self._requests, request)
        except BrokenPipeError:
            return False
        return True

    def _received(self, timeout_s: float) -> list[Message]:
        if self._streams.read(timeout_s) and timeout_s == 0:
            self._streams.read_rest()
        received, self._messages = self._messages, []
        return received

    def _has_ended(self) -> bool:
        if self._process.returncode is None:
            self._wait(os.WNOHANG if self._streams.is_open(self._replies) else 0)
        return self._process.returncode is not None

    def _wait(self, options: int) -> None:
        pid, status, usage = os.wait4(self._process.pid, options)
        if pid:
            self._cpu_in_all_s = usage.ru_utime + usage.ru_stime
            self._process.returncode = os.waitstatus_to_exitcode(status)


def _how(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    known = {int(number): number.name for number in signal.Signals}
    return f"signal {-returncode}, {known.get(-returncode, 'a real-time one')}"
