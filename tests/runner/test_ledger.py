import threading

import pytest
from runner_world import Posts

from sinagotd.errors import RunnerError
from sinagotd.runner.ledger import Ledger
from sinagotd.runner.protocol import RunLost, RunStarted


def started(run_id: str) -> RunStarted:
    return RunStarted(run_id, "host", 1, 0.0)


def test_only_the_first_answer_is_passed_on_however_many_threads_answer() -> None:
    posts = Posts()
    ledger = Ledger(posts)
    runs = [str(n) for n in range(200)]
    for run in runs:
        ledger.add(run)
    gate = threading.Barrier(4)

    def answer_all() -> None:
        for run in runs:
            gate.wait()
            ledger.answer(RunLost(run, "it broke"))

    threads = [threading.Thread(target=answer_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event.run_id for event in posts.events) == sorted(runs)
    assert len(ledger) == 0


def test_what_happens_after_the_answer_is_not_told() -> None:
    posts = Posts()
    ledger = Ledger(posts)
    ledger.add("a")
    ledger.answer(RunLost("a", "first"))
    ledger.answer(RunLost("a", "second"))
    ledger.tell(started("a"))
    assert posts.events == [RunLost("a", "first")]


def test_an_order_that_began_or_was_answered_cannot_be_withdrawn() -> None:
    posts = Posts()
    ledger = Ledger(posts)
    ledger.add("waits")
    ledger.add("runs")
    ledger.tell(started("runs"))
    assert [ledger.withdraw(run) for run in ("waits", "runs", "waits", "unknown")] == [True, False, False, False]
    assert "runs" in ledger
    assert "waits" not in ledger


def test_a_run_can_be_added_again_only_after_its_answer() -> None:
    ledger = Ledger(Posts())
    ledger.add("a")
    with pytest.raises(RunnerError, match="submitted twice"):
        ledger.add("a")
    ledger.lose_all("it broke")
    ledger.add("a")
