from math import inf

from sinagotd.core.facts import pack_stamp
from sinagotd.core.reasons import Reason
from sinagotd.core.settle import Settler, SettleRule

RULE = SettleRule(quiet_s=2, empty_wait_s=60)
SMALL, GROWN, EMPTY = pack_stamp(1, 1, 1, 1), pack_stamp(2, 2, 1, 2), pack_stamp(0, 1, 1, 1)


def test_a_file_that_stands_still_long_enough_is_settled():
    settler = Settler()
    assert settler.judge("a", SMALL, RULE, now=0) is Reason.INPUT_ARRIVING
    assert settler.judge("a", SMALL, RULE, now=1.9) is Reason.INPUT_ARRIVING
    assert settler.judge("a", SMALL, RULE, now=2) is None


def test_a_change_starts_the_wait_anew():
    settler = Settler()
    settler.judge("a", SMALL, RULE, now=0)
    assert settler.judge("a", GROWN, RULE, now=1.9) is Reason.INPUT_ARRIVING
    assert settler.judge("a", GROWN, RULE, now=3.8) is Reason.INPUT_ARRIVING
    assert settler.judge("a", GROWN, RULE, now=3.9) is None


def test_a_file_that_came_by_rename_is_settled_at_once():
    assert Settler().judge("a", SMALL, RULE, now=0, still_for=inf) is None


def test_a_file_that_is_old_already_is_settled_at_first_sight():
    assert Settler().judge("a", SMALL, RULE, now=0, still_for=2) is None
    assert Settler().judge("a", SMALL, RULE, now=0, still_for=1.9) is Reason.INPUT_ARRIVING


def test_later_evidence_of_stillness_counts():
    settler = Settler()
    settler.judge("a", SMALL, RULE, now=0)
    assert settler.judge("a", SMALL, RULE, now=0.1, still_for=inf) is None


def test_an_empty_file_is_arriving_for_a_while_then_suspect():
    settler = Settler()
    assert settler.judge("a", EMPTY, RULE, now=0, still_for=inf) is Reason.INPUT_ARRIVING
    assert settler.judge("a", EMPTY, RULE, now=59) is Reason.INPUT_ARRIVING
    assert settler.judge("a", EMPTY, RULE, now=60) is Reason.INPUT_EMPTY


def test_an_empty_file_is_a_file_where_that_is_accepted():
    rule = SettleRule(quiet_s=2, accept_empty=True)
    assert Settler().judge("a", EMPTY, rule, now=0, still_for=inf) is None


def test_a_file_in_motion_asks_for_a_look_when_it_may_be_settled():
    settler = Settler()
    settler.judge("a", SMALL, RULE, now=0)
    settler.judge("b", SMALL, RULE, now=1)
    assert settler.next_look == 2
    assert settler.due(2) == {"a"}
    assert settler.due(2) == set()
    assert settler.next_look == 3


def test_a_file_that_never_stands_still_waits_for_one_look_however_often_it_is_judged():
    settler = Settler()
    for moment in range(1_000):
        settler.judge("a", pack_stamp(moment + 1, 1, 1, 1), RULE, now=moment / 1_000)
    assert len(settler._looks) == 1
    assert settler.due(2) == {"a"}
    settler.judge("a", GROWN, RULE, now=2)
    assert settler.next_look == 4


def test_a_look_that_is_wanted_sooner_comes_sooner_and_once():
    settler = Settler()
    settler.look_again("a", at=5)
    settler.look_again("a", at=3)
    assert settler.due(4) == {"a"}
    assert settler.due(6) == set()


def test_what_is_forgotten_begins_anew():
    settler = Settler()
    settler.judge("a", SMALL, RULE, now=0)
    assert settler.in_motion == 1
    assert "a" in settler
    settler.forget("a")
    assert "a" not in settler
    assert settler.in_motion == 0
    assert settler.judge("a", SMALL, RULE, now=5) is Reason.INPUT_ARRIVING


def test_nobody_waits_for_a_look_when_nothing_moves():
    assert Settler().next_look is None
