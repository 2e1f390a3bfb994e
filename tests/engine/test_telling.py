"""What the logs tell of a workspace, line by line."""

import json
import os


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
    lines = [json.loads(line) for line in (world.data / "LOG/REC-1.log").read_text().splitlines()]
    assert [line["message"] for line in lines if line["step_label"] == "count"] == ["Run already processed"]


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
