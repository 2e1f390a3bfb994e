"""What any runner must do, asked of each of them."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runner_world import Posts, World

from sinagotd.core.states import Outcome
from sinagotd.runner.inline import InlineRunner
from sinagotd.runner.pool import PoolRunner
from sinagotd.runner.protocol import RunEnded, RunLost, Runner, RunSaid, RunStarted

Pair = tuple[Runner, Posts]


@pytest.fixture(params=["inline", "pool", pytest.param("dask", marks=pytest.mark.cluster)])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    if request.param == "dask":
        yield request.getfixturevalue("shared")
        return
    posts = Posts()
    runner: Runner = InlineRunner(posts) if request.param == "inline" else PoolRunner(posts, workers=1)
    runner.start()
    yield runner, posts
    runner.close()


def test_a_run_leaves_its_output_and_its_receipt_in_staging(pair: Pair, world: World) -> None:
    runner, posts = pair
    order = world.order("copy", "REC-7")
    runner.submit(order)
    receipt = posts.receipt(order)
    assert (receipt.run_id, receipt.outcome) == (order.run_id, Outcome.SUCCEEDED)
    assert Path(order.staging, "out/REC-7.txt").read_text() == "REC-7"
    assert not (world.data / "out").exists()


def test_a_run_is_said_to_have_started_where_it_runs(pair: Pair, world: World) -> None:
    runner, posts = pair
    order = world.order()
    runner.submit(order)
    receipt = posts.receipt(order)
    started = posts.wait_for(order, RunStarted)
    assert (started.pid, started.host) == (receipt.pid, receipt.host)
    assert [type(event) for event in posts.of(order)] == [RunStarted, RunEnded]


@pytest.mark.parametrize(
    ("script", "error"), [("raises", "ValueError: no such electrode"), ("forgets", "OutputMissing")]
)
def test_the_fault_of_a_script_is_an_outcome(pair: Pair, world: World, script: str, error: str) -> None:
    runner, posts = pair
    order = world.order(script)
    runner.submit(order)
    receipt = posts.receipt(order)
    assert receipt.outcome is Outcome.FAILED
    assert str(receipt.error).startswith(error)


def test_a_code_that_changed_meanwhile_is_not_run(pair: Pair, world: World) -> None:
    runner, posts = pair
    order = world.order("copy", code="00" * 16)
    runner.submit(order)
    assert posts.receipt(order).outcome is Outcome.TAINTED


def test_lines_come_in_their_order(pair: Pair, world: World) -> None:
    runner, posts = pair
    order = world.order("speaks")
    runner.submit(order)
    assert [line.message for line in posts.receipt(order).lines] == [f"line {n}" for n in range(5)]
    assert [event.line.seq for event in posts.of(order, RunSaid)] == list(range(5))


def test_each_of_many_orders_is_answered_once(pair: Pair, world: World) -> None:
    runner, posts = pair
    orders = [world.order("copy", f"REC-{n}") for n in range(60)]
    for order in orders:
        runner.submit(order)
    assert {posts.receipt(order).outcome for order in orders} == {Outcome.SUCCEEDED}
    ours = {order.run_id for order in orders}
    answers: Counter[Any] = Counter(e.run_id for e in posts.events if isinstance(e, (RunEnded, RunLost)))
    assert {run_id: n for run_id, n in answers.items() if run_id in ours} == dict.fromkeys(ours, 1)


def test_cancelling_what_has_ended_changes_nothing(pair: Pair, world: World) -> None:
    runner, posts = pair
    order = world.order()
    runner.submit(order)
    posts.receipt(order)
    runner.cancel(order.run_id)
    assert len(posts.answers(order)) == 1


def test_starting_twice_does_nothing(pair: Pair) -> None:
    runner, _ = pair
    runner.start()
    assert runner.window >= 1


def test_it_shows_that_it_lives(pair: Pair) -> None:
    runner, _ = pair
    alive = threading.Event()
    runner.wake()
    runner.ping(alive.set)
    assert alive.wait(20)
    assert runner.trouble == ""
