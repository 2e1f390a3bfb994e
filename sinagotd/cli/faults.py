"""Turns whatever goes wrong in a command into sentences on stderr and an exit code; no traceback is shown."""

import errno
import os
import platform
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from sinagotd import __version__
from sinagotd.cli.text import printable
from sinagotd.errors import ConfigError, SinagotError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
FINE, INPUT_FAULT, BUG, INTERRUPTED, READER_GONE = 0, 1, 3, 130, 141


def guarded(command: Callable[[], Any]) -> int:
    """Call a command and return its exit code, whatever happens in it; click's own exceptions are left to click."""
    try:
        code = int(command() or FINE)
        sys.stdout.flush()
    except (click.exceptions.Exit, click.ClickException):
        raise
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return READER_GONE
    except Exception as fault:  # noqa: BLE001 - the last place that can turn a bug into a sentence
        return _told(fault)
    return code


def tell(*sentences: str) -> None:
    """Write sentences for the person at the terminal, a line each."""
    for sentence in sentences:
        click.echo(printable(sentence), err=True)


def _told(fault: Exception) -> int:
    sentences = list(_sentences(fault))
    if sentences:
        tell(*sentences)
        return INPUT_FAULT
    kind = type(fault).__name__
    tell(f"this is a bug in sinagotd: {kind}: {fault} (report written to {_write_report(fault)})")
    return BUG


def _sentences(fault: Exception) -> Iterator[str]:
    """What the person can mend; nothing if it is for us to mend."""
    if isinstance(fault, ConfigError):
        yield from fault.faults
    elif isinstance(fault, SinagotError):
        yield str(fault)
    elif isinstance(fault, OSError) and fault.filename is not None and fault.strerror:
        yield f"{os.fsdecode(fault.filename)}: {fault.strerror}"
    elif isinstance(fault, OSError) and fault.errno in NO_ROOM:
        _forget_stdout()
        yield f"the output cannot be written: {fault.strerror}"


def _write_report(fault: Exception) -> str:
    """Write everything we want to know into a file of its own; gives its path, or why there is none."""
    from tempfile import NamedTemporaryFile  # noqa: PLC0415 - every command imports this module, hardly one has a bug
    from traceback import format_exception  # noqa: PLC0415 - as above

    head = f"sinagotd {__version__}, Python {platform.python_version()}, {platform.platform()}\n{sys.argv!r}\n\n"
    report = head + "".join(format_exception(fault))
    try:
        with NamedTemporaryFile("wb", prefix="sinagotd-", suffix=".txt", delete=False) as file:
            file.write(report.encode("utf-8", "backslashreplace"))
            return file.name
    except OSError as unwritable:
        return f"nowhere: {unwritable.strerror}"


def _forget_stdout() -> None:
    """Nobody takes our output any more: let nothing complain about that when the interpreter ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except OSError:  # stdout is no file
        return
