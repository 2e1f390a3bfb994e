"""Orders that travel together: which they are, what is told of them, and what becomes of those behind a slow one."""

import time
from pathlib import Path
from typing import Any

import pytest
from runner_world import Posts, World

from sinagotd.core.states import Outcome
from sinagotd.runner import batch
from sinagotd.runner.batches import MOST_TOGETHER, TOGETHER_S, Paces, batches
from sinagotd.runner.dask_runner import DaskRunner
from sinagotd.runner.entry import Entry
from sinagotd.runner.protocol import RunEnded, RunStarted
from sinagotd.runner.voice import LONGEST_TOLD, Voice
from sinagotd.scripts.inline_host import InlineHost
from sinagotd.scripts.orders import LogLine, Receipt

Shared = tuple[DaskRunner, Posts]
LONG_S = 60.0


def entries(*steps: str) -> list[Entry]:
    return [entry(step, number) for number, step in enumerate(steps)]


def entry(step: str, number: int = 0) -> Entry:
    return Entry(f"run-{number}", ("scripts", step), 0, ("sinagotd", f"REC-{number}", step, f"run-{number}"), "{}")


def paces(**took_s: float) -> Paces:
    known = Paces()
    for step, each_s in took_s.items():
        known.learn(entry(step), each_s)
    return known


def sizes(waiting: list[Entry], known: Paces, threads: int = 1) -> list[int]:
    parts = list(batches(waiting, known, threads))
    assert [each for part in parts for each in part] == waiting
    return [len(part) for part in parts]


def test_orders_of_steps_that_nobody_has_seen_run_travel_alone() -> None:
    assert sizes(entries("new", "new", "new"), paces()) == [1, 1, 1]


def test_orders_of_quick_steps_travel_together_and_slow_ones_alone() -> None:
    known = paces(quick=0.001, slow=LONG_S)
    assert sizes(entries("quick", "quick", "slow", "quick", "quick", "quick"), known) == [2, 1, 3]


def test_a_batch_is_shared_among_the_threads_and_never_too_long() -> None:
    assert sizes(entries(*["quick"] * 8), paces(quick=0.001), threads=2) == [4, 4]
    assert sizes(entries(*["quick"] * 40), paces(quick=0.001)) == [MOST_TOGETHER, MOST_TOGETHER, 8]
    assert sizes(entries(*["half"] * 4), paces(half=TOGETHER_S / 2)) == [2, 2]


def test_a_step_that_was_slow_once_is_slow_for_a_while() -> None:
    known = paces(step=LONG_S)
    known.learn(entry("step"), 0.001)
    assert sizes(entries("step", "step"), known) == [1, 1]


def test_an_order_whose_worker_was_lost_travels_alone_until_it_ends() -> None:
    known = paces(step=0.001)
    known.doubt(entry("step", 1))
    assert sizes(entries(*["step"] * 4), known) == [1, 1, 2]
    known.learn(entry("step", 1), 0.001)
    assert sizes(entries(*["step"] * 4), known) == [4]


def receipt(run_id: str, stdout: str = "") -> Receipt:
    return Receipt(run_id, Outcome.SUCCEEDED, stdout=stdout)


def test_a_voice_tells_at_once_of_a_run_that_travels_alone() -> None:
    told: list[Any] = []
    voice = Voice(told.append, hold_s=0.0)
    voice.started("run-1", 7, 1.0)
    voice.line("run-1", LogLine(0, 1.0, "INFO", "said"))
    voice.ended(receipt("run-1"))
    assert [sorted(message["news"][0]) for message in told] == [
        ["at", "host", "pid", "run_id"],
        ["line", "run_id"],
        ["receipt", "run_id"],
    ]


def test_a_voice_holds_the_news_of_a_batch_and_drops_what_a_receipt_has() -> None:
    told: list[Any] = []
    voice = Voice(told.append, hold_s=LONG_S)
    for run_id in ("run-1", "run-2"):
        voice.started(run_id, 7, 1.0)
        voice.ended(receipt(run_id))
    voice.started("run-3", 7, 1.0)
    assert told == []
    voice.hurry()
    [message] = told
    assert [(news["run_id"], "receipt" in news) for news in message["news"]] == [
        ("run-1", True),
        ("run-2", True),
        ("run-3", False),
    ]
    voice.given_back("run-4")
    assert told[1] == {"news": [{"run_id": "run-4", "given_back": True}]}


def test_a_voice_tells_no_more_at_once_than_a_scheduler_should_keep() -> None:
    told: list[Any] = []
    voice = Voice(told.append, hold_s=LONG_S)
    for number in range(3):
        voice.ended(receipt(f"run-{number}", "x" * (LONGEST_TOLD // 2)))
    voice.ended(receipt("run-3", "x" * LONGEST_TOLD))
    voice.hurry()
    assert [len(message["news"]) for message in told] == [1, 1, 1]


def learn(runner: DaskRunner, posts: Posts, world: World, script: str) -> None:
    """Let the runner see how quick this script is."""
    order = world.order(script, "REC-0")
    runner.submit(order)
    assert posts.receipt(order).outcome is Outcome.SUCCEEDED


def test_what_waits_behind_a_slow_run_is_given_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "PATIENCE_S", 0.05)
    script = world.scripts / "marks.py"
    script.write_text(script.read_text().replace("import time;", "import time; time.sleep(1);"))
    told: list[Any] = []
    orders = [world.order("marks", f"REC-{number}") for number in range(3)]
    receipts = batch.Batch(orders, Voice(told.append, hold_s=LONG_S)).run(InlineHost())
    assert [Receipt.from_json(text).run_id for text in receipts] == [orders[0].run_id]
    news = [each for message in told for each in message["news"]]
    assert [each["run_id"] for each in news if "given_back" in each] == [order.run_id for order in orders[1:]]
    assert not Path(orders[1].staging).exists()


@pytest.mark.cluster
def test_quick_runs_share_a_task_and_each_has_its_receipt(shared: Shared, world: World) -> None:
    runner, posts = shared
    learn(runner, posts, world, "speaks")
    orders = [world.order("speaks", f"REC-{number}") for number in range(12)]
    for order in orders:
        runner.submit(order)
    receipts = [posts.receipt(order) for order in orders]
    assert {len(each.lines) for each in receipts} == {5}
    assert len({each.pid for each in receipts}) == 1
    assert all(Path(order.staging, "result.json").exists() for order in orders)
    assert all(type(posts.of(order)[-1]) is RunEnded for order in orders)


@pytest.mark.cluster
def test_a_run_that_is_slow_this_once_keeps_the_others_waiting_for_a_moment_only(shared: Shared, world: World) -> None:
    runner, posts = shared
    script = world.scripts / "marks.py"
    pause = "time.sleep(8 if self.path.input.read_text() == 'REC-2' else 0)"
    script.write_text(script.read_text().replace("import time;", f"import time; {pause};"))
    learn(runner, posts, world, "marks")
    orders = [world.order("marks", f"REC-{number}") for number in range(1, 7)]
    for order in orders:
        runner.submit(order)
    slow = orders[1]
    started = posts.wait_for(slow, RunStarted)
    assert time.time() - started.at < 7, "that it runs was told when it ended"
    assert {posts.receipt(order).outcome for order in orders} == {Outcome.SUCCEEDED}
    assert [len(posts.answers(order)) for order in orders] == [1] * len(orders)
