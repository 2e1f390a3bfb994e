import math

import pytest

from sinagotd.daemon.events import UpkeepDue, WalkDue, WatchCheckDue
from sinagotd.daemon.timers import Timers

WALK, CHECK, UPKEEP = WalkDue("w"), WatchCheckDue(), UpkeepDue()


@pytest.fixture
def intervals():
    """What the timers ask for; tests change it under them."""
    return {WALK: 600.0, CHECK: 60.0}


@pytest.fixture
def timers(intervals):
    timers = Timers(lambda: intervals)
    assert timers.due(1000.0) == []
    return timers


def test_each_event_is_due_again_and_again_at_its_own_pace(timers):
    due = {now: timers.due(float(now)) for now in range(1030, 2201, 30)}
    assert [now for now, events in due.items() if CHECK in events] == list(range(1060, 2201, 60))
    assert [now for now, events in due.items() if WALK in events] == [1600, 2200]


def test_what_was_missed_many_times_is_due_once(timers):
    assert timers.due(9000.0) == [WALK, CHECK]
    assert timers.due(9001.0) == []
    assert timers.due(9060.0) == [CHECK]


def test_the_next_look_is_when_the_first_of_them_is_due(timers):
    assert timers.next_at() == 1060.0
    timers.due(1060.0)
    assert timers.next_at() == 1120.0


def test_an_interval_may_change_meanwhile(timers, intervals):
    intervals[WALK] = 10.0
    assert timers.next_at() == 1010.0
    assert timers.due(1010.0) == [WALK]


def test_what_comes_later_counts_from_then_and_what_goes_is_forgotten(timers, intervals):
    intervals[UPKEEP] = 100.0
    del intervals[CHECK]
    assert timers.due(1500.0) == []
    assert timers.due(1600.0) == [WALK, UPKEEP]
    intervals[CHECK] = 60.0
    assert timers.due(1650.0) == []


def test_without_events_nothing_is_ever_due():
    timers = Timers()
    assert timers.due(0.0) == []
    assert timers.next_at() == math.inf
