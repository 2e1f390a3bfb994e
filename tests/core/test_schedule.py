from dataclasses import replace

import pytest

from sinagotd.core.schedule import LONGEST_PAUSE_S, NEVER, Cron, Interval, OnChange, Past, due_at

HOURLY = Interval(3600.0)
ON_CHANGE = OnChange(quiet_s=30.0, at_most_every_s=300.0)
BUILT = Past(began_at=10_000.0)
EVERY_HUNDRED = Cron(lambda at: (at // 100 + 1) * 100)


@pytest.mark.parametrize("schedule", [HOURLY, ON_CHANGE, EVERY_HUNDRED])
def test_what_was_never_built_is_due_at_once(schedule):
    assert due_at(schedule, Past(), 5.0) == 5.0


@pytest.mark.parametrize("past", [Past(), BUILT, BUILT.touched(10_100.0), BUILT.ended(10_100.0, failures=1)])
def test_without_a_schedule_nothing_is_ever_due(past):
    assert due_at(None, past, 20_000.0) == NEVER


def test_an_interval_counts_from_the_begin_of_the_last_build():
    assert due_at(HOURLY, BUILT, 10_001.0) == 13_600.0


def test_a_calendar_gives_the_first_time_after_the_last_build():
    assert due_at(EVERY_HUNDRED, replace(BUILT, began_at=10_050.0), 10_060.0) == 10_100.0


def test_many_times_that_went_by_are_one_build():
    """P12."""
    late = 10_000.0 + 50 * 100
    assert due_at(EVERY_HUNDRED, BUILT, late) <= late
    assert due_at(EVERY_HUNDRED, BUILT.ended(late), late) == late + 100


def test_a_clock_that_was_set_back_makes_nothing_wait():
    assert due_at(HOURLY, BUILT, 1000.0) == 4600.0
    assert due_at(EVERY_HUNDRED, BUILT, 1000.0) == 1100.0
    assert due_at(ON_CHANGE, BUILT.touched(10_500.0), 1000.0) == 1300.0


# on change


def test_nothing_is_due_while_nothing_changed():
    assert due_at(ON_CHANGE, BUILT, 99_000.0) == NEVER


def test_a_change_is_waited_out():
    past = BUILT.touched(11_000.0).touched(11_020.0)
    assert due_at(ON_CHANGE, past, 11_020.0) == 11_050.0


def test_two_builds_are_not_closer_than_they_may_be():
    assert due_at(ON_CHANGE, BUILT.touched(10_010.0), 10_010.0) == 10_300.0


def test_changes_without_a_pause_are_not_waited_for_without_end():
    past = BUILT
    for second in range(1000):
        past = past.touched(11_000.0 + second)
    assert due_at(ON_CHANGE, past, 12_000.0) == 11_300.0


def test_what_was_built_is_dirty_no_more():
    assert due_at(ON_CHANGE, BUILT.touched(11_000.0).cleaned().ended(11_050.0), 12_000.0) == NEVER


def test_what_changes_during_a_build_is_for_the_next_one():
    past = BUILT.touched(11_000.0).cleaned().touched(11_100.0).ended(11_050.0)
    assert due_at(ON_CHANGE, past, 11_110.0) == 11_350.0


# failures


def test_what_failed_is_tried_again_after_a_pause_that_doubles():
    pauses = []
    for failures in range(1, 10):
        past = BUILT.ended(20_000.0, failures=failures)
        pauses.append(due_at(EVERY_DAY, past, 20_000.0) - 20_000.0)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert pauses[-1] == LONGEST_PAUSE_S


EVERY_DAY = Interval(86_400.0)


def test_an_interval_that_is_shorter_than_the_pause_wins():
    assert due_at(Interval(10.0), BUILT.ended(20_000.0, failures=1), 20_000.0) == 20_010.0


def test_a_failed_build_is_not_tried_more_often_than_changes_are_built():
    assert due_at(ON_CHANGE, BUILT.ended(20_000.0, failures=1), 20_000.0) == 20_300.0


def test_a_change_after_a_failure_is_not_kept_waiting_by_it():
    past = BUILT.ended(20_000.0, failures=9)
    assert due_at(ON_CHANGE, past.touched(21_000.0), 21_000.0) == 21_030.0


def test_a_success_ends_the_pauses():
    past = BUILT.ended(20_100.0, failures=2).ended(20_300.0)
    assert (past.failures, due_at(ON_CHANGE, past, 20_300.0)) == (0, NEVER)
