import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from runner_world import World, is_gone, wait_until

from sinagotd.core.states import Outcome
from sinagotd.runner.lane import Lane
from sinagotd.scripts.attempt import attempt
from sinagotd.scripts.orders import LogLine, Receipt, RunOrder


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane()
    yield lane
    lane.close()


def started(pid: int, at: float) -> None:
    """Nobody listens."""


def said(line: LogLine) -> None:
    """Nobody listens."""


@contextmanager
def running(order: RunOrder, lane: Lane) -> Iterator[list[Receipt]]:
    """Run an order in a thread of its own; its receipt is in the list at the end."""
    receipts: list[Receipt] = []
    thread = threading.Thread(
        target=lambda: receipts.append(attempt(order, lane, on_started=started, on_line=said)), daemon=True
    )
    thread.start()
    yield receipts
    thread.join(30)
    assert not thread.is_alive()


def test_a_run_that_is_cut_off_is_nobodys_fault(world: World, lane: Lane) -> None:
    with running(world.order("hangs"), lane) as receipts:
        pids = world.pids()
        lane.close()
    [receipt] = receipts
    assert receipt.outcome is Outcome.ABANDONED
    assert "the worker was closed" in str(receipt.error)
    wait_until(lambda: all(is_gone(pid) for pid in pids))


def test_nothing_begins_after_the_end(world: World, lane: Lane) -> None:
    lane.close()
    receipt = attempt(world.order(), lane, on_started=started, on_line=said)
    assert receipt.outcome is Outcome.ABANDONED


def test_the_process_stays_warm_between_runs(world: World, lane: Lane) -> None:
    receipts = [attempt(world.order(), lane, on_started=started, on_line=said) for _ in range(2)]
    assert {receipt.outcome for receipt in receipts} == {Outcome.SUCCEEDED}
    assert len({receipt.pid for receipt in receipts}) == 1
