"""Signals become events: TERM and INT ask to stop, HUP asks to read the settings again. A handler does nothing else."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sinagotd.daemon.events import Event, Inbox, ReloadRequested, StopRequested

MEANINGS: dict[signal.Signals, Event] = {
    signal.SIGTERM: StopRequested(),
    signal.SIGINT: StopRequested(),
    signal.SIGHUP: ReloadRequested(),
}


@contextmanager
def signals_to(inbox: Inbox) -> Iterator[None]:
    """While this lasts, the process's signals go to the inbox; afterwards the handlers are as before.

    Only the main thread may enter it (ValueError elsewhere), as for every handler in Python.
    """

    def put(number: int, _: FrameType | None) -> None:
        inbox.put(MEANINGS[signal.Signals(number)])

    before = {number: signal.signal(number, put) for number in MEANINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that C code had put there; Python cannot put it back
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
