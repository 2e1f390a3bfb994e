"""An executor of plain child processes, which never import the caller's script; what they do is for `parallel` to say."""

import json
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from sinagotd.datakit.processes import serve; serve(int(sys.argv[1]))"


class WorkerDiedError(RuntimeError):
    """A child ended in the middle of its work."""


class Processes(ThreadPoolExecutor):
    """As many children as threads here, each of which hands its work to one child and waits for it.

    Unlike `multiprocessing`, a script that uses it needs no `if __name__ == "__main__"`. Work is pickled by value where a
    child could not import it. Leaving the context with an exception ends the children at once.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count, initializer=self._start)
        self._mine = threading.local()
        self._children: list[tuple[subprocess.Popen[bytes], Connection]] = []

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        return super().submit(self._ask, cloudpickle.dumps((work, arguments, named)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  as its base has it
        super().shutdown(wait=wait, cancel_futures=cancel_futures)
        for child, line in self._children:
            line.close()
            child.wait()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for child, _ in self._children:
                child.kill()
        self.shutdown(cancel_futures=kind is not None)

    def _start(self) -> None:
        line, far_end = Pipe()
        number = far_end.fileno()
        command = [sys.executable, "-c", _CODE, str(number), json.dumps(sys.path)]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[number])
        far_end.close()
        self._mine.line = line
        self._children.append((child, line))

    def _ask(self, order: bytes) -> Any:
        try:
            self._mine.line.send_bytes(order)
            answer = pickle.loads(self._mine.line.recv_bytes())  # noqa: S301  from our own child
        except (EOFError, OSError) as end:
            raise WorkerDiedError("a worker died in the middle of its work") from end
        match answer:
            case _Fault(text=text):
                raise RuntimeError(text)
        return answer


class _Fault:
    """What a child could not do, as text: exceptions cannot always be sent."""

    def __init__(self, text: str) -> None:
        self.text = text


def serve(number: int) -> None:
    """The life of a child: carry out orders from the pipe of this number until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends us
    line = Connection(number)
    while True:
        try:
            order = line.recv_bytes()
        except EOFError:
            return
        line.send_bytes(_carried_out(order))


def _carried_out(order: bytes) -> bytes:
    try:
        work, arguments, named = pickle.loads(order)  # noqa: S301  from our own parent
        return pickle.dumps(work(*arguments, **named), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as fault:  # noqa: BLE001  told to the parent, which raises it
        return pickle.dumps(_Fault(f"a worker failed: {type(fault).__name__}: {fault}"))
