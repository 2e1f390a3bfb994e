"""What the logs tell of a workspace, line by line."""

import json
import os

from sinagotd.engine.applying import Start


def record_log(world, step="count"):
    lines = [json.loads(line) for line in (world.data / "LOG/REC-1.log").read_text().splitlines()]
    return [(line["message"], line["step_status"]) for line in lines if line["step_label"] == step]


def test_the_record_log_has_sinagots_nine_keys_and_three_moments(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    lines = [json.loads(line) for line in (world.data / "LOG/REC-1.log").read_text().splitlines()]
    counts = [(line["message"], line["step_status"]) for line in lines if line["step_label"] == "count"]
    assert counts == [("Init run", 0), ("Processing run", 20), ("Run finished", 30)]
    assert list(lines[0])[:9] == [
        "log_from", "record_id", "scope", "task", "modality", "step_label", "step_status", "message", "time",
    ]  # fmt: skip


def test_the_record_log_says_run_finished_only_of_runs(world):
    world.put("raw/REC-1.txt", "one")
    world.put("count/REC-1.txt", "5")
    world.settle()
    assert [message for message, _ in record_log(world)] == ["Run already processed"]


def test_one_line_per_change_of_state_and_none_for_no_ops(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    told = [(line["step"], line["event"]) for line in world.lines if line.get("step")]
    assert told == [
        ("count", "queued"), ("mean", "blocked"), ("count", "running"), ("count", "current"),
        ("mean", "queued"), ("mean", "running"), ("mean", "current"),
    ]  # fmt: skip
    world.lines.clear()
    os.utime(world.data / "raw/REC-1.txt")
    world.settle()
    assert [line for line in world.lines if line.get("step")] == []


def test_the_record_log_says_that_a_run_was_cut_off_whoever_finds_it(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.engine.started(Start(world.orders[0][1].run_id, "here", 1, world.clock.now()))
    world.turn()
    assert record_log(world)[-1] == ("Processing run", 20)
    world.crash()
    world.engine.turn(0)
    assert record_log(world)[-1] == ("Run abandoned: whoever ran it stopped meanwhile", 10)


def test_a_run_that_no_worker_had_begun_leaves_no_word(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.crash()
    world.engine.turn(0)
    assert record_log(world) == [("Init run", 0)]
