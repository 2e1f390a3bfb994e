from queue import Empty

import pytest

from sinagotd.daemon import events
from sinagotd.daemon.timers import ticking


def test_a_timer_sets_off_its_event_again_and_again():
    inbox = events.Inbox()
    with ticking(inbox, {events.WatchCheckDue(): 0.05}):
        assert [inbox.get(timeout=20) for _ in range(2)] == [events.WatchCheckDue()] * 2


def test_no_timer_ticks_after_the_end():
    inbox = events.Inbox()
    with ticking(inbox, {events.UpkeepDue(): 0.05}):
        inbox.get(timeout=20)
    while not inbox.empty():
        inbox.get_nowait()
    with pytest.raises(Empty):
        inbox.get(timeout=0.3)
