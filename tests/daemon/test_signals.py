import os
import signal
from contextlib import suppress
from queue import SimpleQueue

import pytest

from sinagotd.daemon.events import Event, ReloadRequested, StopRequested
from sinagotd.daemon.signals import MEANINGS, signals_to


@pytest.fixture
def inbox():
    return SimpleQueue[Event]()


@pytest.mark.parametrize(
    ("number", "event"),
    [
        (signal.SIGTERM, StopRequested()),
        (signal.SIGINT, StopRequested()),
        (signal.SIGHUP, ReloadRequested()),
    ],
    ids=["TERM", "INT", "HUP"],
)
def test_a_signal_becomes_an_event(inbox, number, event):
    with signals_to(inbox):
        os.kill(os.getpid(), number)
        assert inbox.get(timeout=10) == event
        assert inbox.empty()


def test_every_signal_counts_also_when_they_come_together(inbox):
    with signals_to(inbox):
        for number in (signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), number)
        assert {inbox.get(timeout=10), inbox.get(timeout=10)} == {ReloadRequested(), StopRequested()}


def test_a_signal_wakes_a_loop_that_waits(inbox):
    with signals_to(inbox):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        try:
            assert inbox.get(timeout=20) == StopRequested()
        finally:
            signal.signal(signal.SIGALRM, before)


def test_afterwards_the_handlers_are_as_before_also_after_a_fault(inbox):
    before = {number: signal.getsignal(number) for number in MEANINGS}
    with suppress(RuntimeError), signals_to(inbox):
        assert signal.getsignal(signal.SIGTERM) != before[signal.SIGTERM]
        raise RuntimeError
    assert {number: signal.getsignal(number) for number in MEANINGS} == before
