"""What cannot be used is told once, however often and by whom it is seen, and again after it was good in between."""

import pytest
import structlog

from sinagotd.daemon.unusable import Unusable
from sinagotd.scan.findings import Finding

PIPE = Finding("raw/a.txt", "it is a named pipe, not a file")
LINK = Finding("raw/deep/b.txt", "it is a link")


@pytest.fixture
def told():
    return []


@pytest.fixture
def unusable(told):
    def tell(_logger, _method, event):
        told.append(event["path"])
        return ""

    return Unusable(structlog.wrap_logger(structlog.ReturnLogger(), processors=[tell]))


def test_what_a_hint_found_is_not_told_again_by_a_walk(unusable, told):
    unusable.begin_walk()
    unusable.see([PIPE], at=["raw/a.txt"])
    unusable.end_walk([])  # it had passed there before
    unusable.begin_walk()
    unusable.end_walk([PIPE, LINK])
    unusable.see([LINK], at=["raw"])
    assert told == ["raw/a.txt", "raw/deep/b.txt"]


@pytest.mark.parametrize("at", ["raw/deep/b.txt", "raw/deep", "raw"])
def test_what_was_good_in_between_is_told_again(unusable, told, at):
    unusable.see([LINK], at=[at])
    unusable.see([], at=[at])
    unusable.see([LINK], at=[at])
    assert told == ["raw/deep/b.txt"] * 2


def test_a_look_elsewhere_says_nothing_about_it(unusable, told):
    unusable.see([LINK], at=["raw/deep/b.txt"])
    unusable.see([], at=["raw/dee", "raw/a.txt"])
    unusable.see([LINK], at=["raw/deep/b.txt"])
    assert told == ["raw/deep/b.txt"]


def test_another_fault_of_the_same_path_is_told(unusable, told):
    unusable.end_walk([PIPE])
    unusable.end_walk([PIPE._replace(why="it is a socket, not a file")])
    assert told == ["raw/a.txt"] * 2
