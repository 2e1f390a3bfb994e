"""What a script may change of its process: environment, folders, warnings, signals. Taken down, and put back."""

import contextlib
import logging
import os
import signal
import sys
import threading
import warnings
from dataclasses import dataclass
from typing import Any, Self, TextIO

HANDLED = (
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM, signal.SIGCHLD, signal.SIGPIPE,
    signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip
"""The signals that programs handle; to ask for all sixty takes longer than the rest of a run."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The state of this process at one moment; `folder` is None when the working folder was gone."""

    environ: dict[bytes, bytes]
    folder: str | None
    umask: int
    path: list[str]
    writes_bytecode: bool
    recursion_limit: int
    stdout: TextIO
    stderr: TextIO
    warning_filters: list[Any]
    logs_disabled: int
    handlers: dict[signal.Signals, Any]

    @classmethod
    def taken(cls) -> Self:
        return cls(
            environ=_environ(),
            folder=_folder(),
            umask=_umask(),
            path=sys.path[:],
            writes_bytecode=not sys.dont_write_bytecode,
            recursion_limit=sys.getrecursionlimit(),
            stdout=sys.stdout,
            stderr=sys.stderr,
            warning_filters=list(warnings.filters),
            logs_disabled=logging.root.manager.disable,
            handlers=_handlers(),
        )

    def restore(self, now: "Surroundings | None" = None) -> None:
        """Put back what is not as it was; `now` is how it is, if that was taken a moment ago."""
        now = now or Surroundings.taken()
        if now.environ != self.environ:
            os.environb.clear()
            os.environb.update(self.environ)
        if self.folder is not None and self.folder != now.folder:
            with contextlib.suppress(OSError):
                os.chdir(self.folder)
        os.umask(self.umask)
        sys.path[:] = self.path
        sys.dont_write_bytecode = not self.writes_bytecode
        sys.setrecursionlimit(self.recursion_limit)
        sys.stdout, sys.stderr = self.stdout, self.stderr
        if now.warning_filters != self.warning_filters:
            warnings.resetwarnings()
            warnings.filters.extend(self.warning_filters)  # type: ignore[attr-defined] # typeshed hides that it is a list
        if now.logs_disabled != self.logs_disabled:
            logging.disable(self.logs_disabled)  # forgets what every logger has found out about its level
        for number, handler in now.handlers.items():
            if handler is not self.handlers.get(number, handler):
                signal.signal(number, self.handlers[number])


def _environ() -> dict[bytes, bytes]:
    """A copy of what it holds: to ask for each name of it takes longer than all else here."""
    return dict(vars(os.environb).get("_data", os.environb))


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - compared as text, three times in each run
    except OSError:
        return None


def _umask() -> int:
    """It can only be had by setting it."""
    now = os.umask(0o077)
    os.umask(now)
    return now


def _handlers() -> dict[signal.Signals, Any]:
    """Those that Python can put back, which it does in its main thread only."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    handlers = {number: signal.getsignal(number) for number in HANDLED}
    return {number: handler for number, handler in handlers.items() if handler is not None}
