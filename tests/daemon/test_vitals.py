import pytest
import structlog

from sinagotd.daemon.vitals import Vitals


class Thread:
    """Stands for one that is asked: it answers when it is told to, as often as it was asked."""

    def __init__(self):
        self.asked = []

    def turn(self):
        while self.asked:
            self.asked.pop()()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def vitals(lines):
    def keep(_, __, event):
        lines.append(event)
        raise structlog.DropEvent

    return Vitals(structlog.wrap_logger(structlog.ReturnLogger(), [keep], structlog.BoundLogger))


@pytest.fixture
def thread(vitals):
    thread = Thread()
    with vitals.watching("the thread", thread.asked.append):
        yield thread


def test_with_nobody_to_ask_all_have_answered(vitals):
    vitals.ask()
    assert vitals.all_answered


def test_a_thread_owes_an_answer_until_it_comes_round(vitals, thread):
    vitals.ask()
    assert not vitals.all_answered
    thread.turn()
    assert vitals.all_answered


def test_one_that_owes_an_answer_is_not_asked_twice(vitals, thread):
    vitals.ask()
    vitals.ask()
    assert len(thread.asked) == 1


def test_one_that_is_asked_in_vain_is_told_of_once(vitals, thread, lines):
    for _ in range(3):
        vitals.ask()
    assert vitals.silent == ["the thread"]
    assert [(line["event"], line["thread"]) for line in lines] == [("silent", "the thread")]
    thread.turn()
    assert vitals.silent == []


def test_a_thread_that_ended_in_order_owes_nothing(vitals):
    with vitals.watching("the thread", lambda _: None):
        vitals.ask()
    assert vitals.all_answered
    vitals.ask()
    assert vitals.all_answered
