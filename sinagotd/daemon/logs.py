"""Where the structured log goes: JSON lines, or coloured lines on a terminal. It decides nothing about what is logged."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

LONGEST_MESSAGE = 2000
PRINT_THEMSELVES = (
    "distributed",
    "distributed.client",
    "distributed.gc",
    "bokeh",
    "tornado",
    "tornado.application",
)
"""Loggers that print on stderr as soon as somebody imports distributed, unless the root has a handler by then."""


def make_log(style: str = "auto", level: str = "INFO", *, stream: TextIO | None = None) -> FilteringBoundLogger:
    """Make the log. `style` is "json", "console" or "auto": console where the stream (stdout) is a terminal."""
    stream = stream or sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    lines = _Lines(stream)
    console = style == "console" or (style == "auto" and stream.isatty())
    ending = [_escape, _console(stream)] if console else [structlog.processors.JSONRenderer(default=str)]
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", lines)),
        processors=[
            lines.tell_lost,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console, key="time"),
            structlog.processors.format_exc_info,
            *ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    return log.bind()


class _Lines:
    """Where lines go. One that cannot be written is lost, and the first that can be says how many were.

    A full disk, a pipe whose reader went away or a journal that starts anew must not stop the work.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def flush(self) -> None:
        """Every line is flushed when it is written."""

    def tell_lost(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {**event, "lines_lost": self._lost} if self._lost else event


def _console(stream: TextIO) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), timestamp_key="time", sort_keys=False)


def _escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A file name must not be able to forge a line or steer a terminal; what is not a text is shown by its repr."""
    traceback = event.pop("exception", None)
    escaped = {key: _printable(value) if isinstance(value, str) else value for key, value in event.items()}
    if traceback is not None:
        escaped["exception"] = "\n".join(f"    {_printable(line)}" for line in traceback.split("\n"))
    return escaped


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


@contextmanager
def libraries_logged(log: FilteringBoundLogger) -> Iterator[None]:
    """While this lasts, what libraries log at WARNING or above becomes lines of ours, each once."""
    root, handler = logging.getLogger(), _Forward(log)
    loud = [logging.getLogger(name) for name in PRINT_THEMSELVES]
    before = [(logger, logger.handlers[:], logger.propagate) for logger in loud]
    for logger in loud:
        logger.handlers[:], logger.propagate = [], True
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for logger, handlers, propagate in before:
            logger.handlers[:], logger.propagate = handlers, propagate


class _Forward(logging.Handler):
    """Hands the warnings of libraries to the structured log."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()[:LONGEST_MESSAGE]
        except Exception:  # noqa: BLE001 - a library's wrong format string must not raise inside that library
            message = f"{record.msg} {record.args}"[:LONGEST_MESSAGE]
        self._log.warning("library", library=record.name, message=message)
