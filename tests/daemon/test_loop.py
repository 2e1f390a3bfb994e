"""The loop by hand: `handle` and `tick` on real sites, without a thread of its own and without waiting for timers."""

import pytest
from engine_world import TOML
from loop_world import Bench

from sinagotd.daemon import events
from sinagotd.runner.protocol import RunEnded, RunLost
from sinagotd.scripts.orders import Receipt


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_a_walk_brings_records_in_and_the_loop_works_until_nothing_is_left(bench):
    bench.world.put("raw/REC-1.txt", "one two")
    bench.site.walk()
    bench.loop.run(once=True)
    assert bench.world.read("mean/REC-1.txt") == "mean of 2"


def test_it_is_not_at_rest_while_a_walk_is_on_its_way(bench):
    bench.site.walk()
    assert not bench.loop.at_rest
    bench.loop.handle(bench.inbox.get(timeout=20))
    assert bench.loop.at_rest


def test_a_walk_asked_for_during_a_walk_follows_it(bench):
    bench.site.walk()
    bench.world.put("raw/REC-1.txt", "one")
    bench.loop.handle(events.WalkDue("w"))
    bench.work()
    assert bench.world.engine.records == {"REC-1"}


def test_it_stops_when_asked_to(bench):
    bench.inbox.put(events.StopRequested())
    bench.loop.run()
    assert bench.loop.stopping


def test_a_hint_of_the_watcher_brings_a_file_in(tmp_path):
    bench = Bench(tmp_path, watched=True)
    bench.work()
    bench.world.put("raw/REC-1.txt", "one two three")
    while not bench.world.engine.records:
        for event in bench.loop.wait():
            bench.loop.handle(event)
    bench.work()
    assert bench.world.read("mean/REC-1.txt") == "mean of 3"
    bench.close()


def test_nothing_is_decided_about_a_data_folder_that_is_gone_until_it_is_back(bench):
    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    bench.work()
    away = bench.world.folder / "away"
    bench.world.data.rename(away)
    bench.site.walk()
    bench.loop.handle(bench.inbox.get(timeout=20))
    assert bench.world.engine.offline
    assert bench.world.engine.records == {"REC-1"}
    assert "offline: w" in bench.loop.status
    away.rename(bench.world.data)
    bench.walk()
    bench.work()
    assert bench.world.engine.offline is None
    assert len(bench.submitted) == 2


def test_a_data_folder_that_lost_most_of_its_records_is_taken_for_offline(bench):
    for number in range(12):
        bench.world.put(f"raw/REC-{number}.txt", "one")
    bench.walk()
    bench.work()
    for number in range(10):
        (bench.world.data / f"raw/REC-{number}.txt").unlink()
    bench.walk()
    assert "10 of 12 records" in bench.world.engine.offline
    assert len(bench.world.engine.records) == 12


def test_a_command_is_answered_by_the_loop(bench):
    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    answers = []
    bench.loop.handle(events.Requested("w", "hold", {"records": ["REC-1"]}, answers.append))
    bench.loop.handle(events.Requested("w", "hold", {"records": ["REC-7"]}, answers.append))
    assert answers[0]["steps"] == ["REC-1/count", "REC-1/mean"]
    assert "REC-7" in answers[1]["refused"]


def test_settings_are_read_again_and_the_steps_that_they_concern_run(bench):
    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    bench.work()
    (bench.world.folder / "workspace.toml").write_text(TOML + "[run.steps.mean.opts]\na = 1\n")
    bench.loop.handle(events.ReloadRequested())
    bench.work()
    assert [order.step for order in bench.submitted] == ["count", "mean", "mean"]


@pytest.mark.parametrize(
    "text", ["[records", TOML.replace("REC-[0-9]+", "REC-["), TOML + '[path]\ndataset = "elsewhere"\n']
)
def test_settings_that_cannot_be_used_leave_the_old_ones_in_force(bench, text):
    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    (bench.world.folder / "workspace.toml").write_text(text)
    bench.loop.handle(events.ReloadRequested())
    assert bench.said("reload_refused")
    bench.work()
    assert bench.world.read("mean/REC-1.txt") == "mean of 1"


def test_upkeep_is_done_when_due(bench):
    bench.loop.handle(events.UpkeepDue())
    assert bench.kept == [bench.site]


def test_an_answer_about_a_run_that_nobody_waits_for_is_passed_over(bench):
    bench.loop.handle(RunEnded("gone", Receipt("gone", "succeeded")))
    bench.loop.handle(RunLost("gone", "why"))
    bench.loop.tick()
    assert bench.loop.at_rest


def test_a_workspace_that_cannot_write_is_told_and_does_not_stop_the_loop(bench, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device", "manifest.db")

    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    with monkeypatch.context() as patch:
        patch.setattr(bench.world.engine.manifest, "stand", full)
        bench.loop.tick()
    assert [line["why"] for line in bench.said("paused")] == ["[Errno 28] No space left on device: 'manifest.db'"]
    bench.world.clock.advance(2)
    bench.work()
    assert bench.said("resumed")
    assert bench.world.read("mean/REC-1.txt") == "mean of 1"


def test_an_event_that_the_machine_refuses_to_handle_is_told_and_does_not_stop_the_loop(bench, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device", "manifest.db")

    bench.world.put("raw/REC-1.txt", "one")
    with monkeypatch.context() as patch:
        patch.setattr(bench.world.engine.manifest, "see_records", full)
        bench.walk()
        bench.world.clock.advance(1)
        bench.loop.tick()
    assert [line["event"] for line in bench.world.lines if line["event"] in ("paused", "resumed")] == ["paused"]
    bench.walk()
    bench.work()
    assert bench.said("resumed")
    assert bench.world.read("mean/REC-1.txt") == "mean of 1"


def test_what_the_machine_refused_is_forgotten_once_nothing_is_left_to_do(bench):
    bench.world.engine.room.refuse("the disk is full")
    bench.loop.tick()
    assert bench.world.engine.standstill
    assert bench.world.engine.next_look == bench.world.clock.monotonic() + 1
    bench.world.clock.advance(1)
    bench.loop.tick()
    assert not bench.world.engine.standstill


def test_the_status_line_says_what_is_at_rest_and_what_is_wrong(bench):
    bench.world.engine.offline = "gone"
    bench.world.engine.room.refuse("the disk is full")
    assert bench.loop.status == (
        "0 records in 1 workspace(s): 0 in flight, 0 stale; offline: w; nothing new is run: the disk is full"
    )


def test_what_runs_is_given_time_to_end_when_stopping(bench):
    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    bench.loop.tick()
    assert bench.loop.in_flight == 1
    bench.loop.drain(20)
    assert bench.loop.in_flight == 0
    assert bench.world.read("count/REC-1.txt") == "1"
    assert bench.world.read("mean/REC-1.txt") is None


def test_a_request_that_finds_a_bug_does_not_stop_the_daemon(bench, monkeypatch):
    monkeypatch.setattr(bench.world.engine, "retire", lambda _: 1 / 0)
    answers = []
    bench.loop.handle(events.Requested("w", "retire", {}, answers.append))
    assert "bug" in answers[0]["refused"]


def test_what_no_worker_has_begun_is_taken_back_when_stopping(bench):
    object.__setattr__(bench.world.engine.tools, "submit", lambda order, _: bench.submitted.append(order))
    bench.runner.cancel = lambda run_id: bench.inbox.put(RunLost(run_id, "it was cancelled"))
    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    bench.loop.tick()
    bench.loop.drain(20)
    assert bench.loop.in_flight == 0
    assert bench.world.state_of("REC-1/count") == "stale"


def test_being_asked_to_stop_twice_ends_the_wait(bench):
    object.__setattr__(bench.world.engine.tools, "submit", lambda order, _: bench.submitted.append(order))
    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    bench.loop.tick()
    bench.inbox.put(events.StopRequested())
    bench.loop.drain(1000)
    assert bench.loop.in_flight == 1
