"""Takes what a script logs, through its own logger or through anybody's, as log lines. It formats and stores nothing."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from sinagotd.scripts.faults import bounded
from sinagotd.scripts.orders import LogLine

OnLine = Callable[[LogLine], None]

_SCRIPT_LOGGER = "sinagotd.script"


@contextmanager
def lines_to(on_line: OnLine, *, debug: bool) -> Iterator[logging.Logger]:
    """Give the logger for one run: INFO and above, with `debug` all.

    Meanwhile WARNING and above of every other logger that reaches the root become lines too.
    """
    own, root = logging.getLogger(_SCRIPT_LOGGER), logging.getLogger()
    handler = _LineHandler(on_line)
    for_others = _LineHandler(on_line, handler.numbers)
    for_others.setLevel(logging.WARNING)
    handlers, level = root.handlers[:], root.level
    own.propagate = False
    _set_level(own, logging.DEBUG if debug else logging.INFO)
    own.handlers[:] = [handler]
    root.addHandler(for_others)
    try:
        yield own
    finally:
        own.handlers.clear()
        root.handlers[:] = handlers
        _set_level(root, level)


def _set_level(logger: logging.Logger, level: int) -> None:
    """Where it is another: every logger of the process forgets what it has found out about its level."""
    if logger.level != level:
        logger.setLevel(level)


class _LineHandler(logging.Handler):
    """Turns records into lines; in a process that the script forked, prints them on stderr: the pipe is not its own."""

    def __init__(self, on_line: OnLine, numbers: "count[int] | None" = None) -> None:
        super().__init__()
        self.numbers = count() if numbers is None else numbers
        self._on_line = on_line
        self._process = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        if os.getpid() != self._process:
            sys.stderr.write(f"{self.format(record)}\n")
            return
        try:
            message = bounded(self.format(record))
        except Exception:  # noqa: BLE001 - a wrong format string must not fail the step; logging prints it on stderr
            self.handleError(record)
            return
        self._on_line(LogLine(next(self.numbers), record.created, record.levelname, message))
