"""The engine, turned by hand: one workspace, one change, what ran and how the steps stand."""

import json
import os
import shutil

import pytest
from engine_world import COUNT, MEAN, TOML, a_world

from sinagotd.core.keys import StepKey
from sinagotd.settings.ownership import Trust

A_COUNT, A_MEAN = StepKey("REC-1", "count"), StepKey("REC-1", "mean")


def test_a_dropped_file_becomes_results_in_order(world):
    world.put("raw/REC-1.txt", "one two three")
    world.settle()
    assert (world.read("count/REC-1.txt"), world.read("mean/REC-1.txt")) == ("3", "mean of 3")
    assert world.ran == [A_COUNT, A_MEAN]
    assert (world.state_of("REC-1/count"), world.state_of("REC-1/mean")) == ("current", "current")


def test_a_second_record_runs_alone(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    world.put("raw/REC-2.txt", "one two")
    world.settle()
    assert {key.record for key in world.ran} == {"REC-2"}


def test_nothing_runs_twice_when_nothing_changed(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    world.settle()
    world.crash()
    world.settle()
    assert world.ran == []


def test_a_touched_input_runs_nothing(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    os.utime(world.data / "raw/REC-1.txt", (1, 1))
    world.settle()
    assert world.ran == []


def test_changed_content_runs_what_depends_on_it(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    assert world.ran == [A_COUNT, A_MEAN]
    assert world.read("mean/REC-1.txt") == "mean of 2"


def test_an_identical_output_stops_the_wave(world):
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    world.ran.clear()
    world.put("raw/REC-1.txt", "other words")
    world.settle()
    assert world.ran == [A_COUNT]


def change_code(world, name, text):
    world.script(name, text)
    world.turn()
    world.clock.advance(10)
    world.settle()


def test_a_comment_runs_nothing_and_a_changed_line_its_steps(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    change_code(world, "mean", MEAN.replace("    def run", "    # why not\n    def run"))
    assert world.ran == []
    change_code(world, "mean", MEAN.replace("mean of", "the mean of"))
    assert world.ran == [A_MEAN]
    assert world.read("mean/REC-1.txt") == "the mean of 1"


def test_a_changed_line_in_an_imported_helper_runs_its_steps(tmp_path):
    helper = "def count(text):\n    return len(text.split())\n"
    script = COUNT.replace("class Script", "from helper import count\n\nclass Script").replace(
        "len(words)", "count('a b')"
    )
    with a_world(tmp_path, count=script, mean=MEAN, helper=helper) as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        world.ran.clear()
        change_code(world, "helper", helper.replace("len(text.split())", "len(text)"))
        assert world.ran == [A_COUNT, A_MEAN]


def test_nothing_is_claimed_while_a_script_is_being_edited(world):
    world.put("raw/REC-1.txt", "one")
    world.script("count", "def half(")
    world.walk()
    world.turn()
    assert world.orders == []
    world.script("count", COUNT)
    world.turn()
    world.clock.advance(10)
    world.turn()
    assert len(world.orders) == 1


def test_a_broken_script_costs_its_own_step_only(tmp_path):
    toml = TOML.replace('"mean"]', '"broken"]')
    with a_world(tmp_path, toml=toml, count=COUNT, broken="def half(") as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert world.state_of("REC-1/count") == "current"
        assert world.reason("REC-1/broken") == "SCRIPT_BROKEN"
        assert "broken.py" in world.standing("REC-1/broken").sentence


def test_a_script_that_somebody_else_may_write_is_not_run_until_that_is_mended(tmp_path):
    with a_world(tmp_path, trust=Trust()) as world:
        world.put("raw/REC-1.txt", "one")
        script = world.folder / "scripts/count.py"
        script.chmod(0o666)
        change_code(world, "mean", MEAN)
        world.clock.advance(10)
        world.settle()
        assert world.reason("REC-1/count") == "SCRIPT_BROKEN"
        assert "chmod go-w" in world.standing("REC-1/count").sentence
        script.chmod(0o644)
        world.turn()
        world.clock.advance(10)
        world.settle()
        assert world.state_of("REC-1/mean") == "current"


def test_a_helper_that_breaks_a_script_mends_it(tmp_path):
    script = COUNT.replace("class Script", "import helper\n\nclass Script")
    with a_world(tmp_path, count=script, mean=MEAN, helper="def half(") as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert world.reason("REC-1/count") == "SCRIPT_BROKEN"
        change_code(world, "helper", "whole = 1")
        assert world.state_of("REC-1/mean") == "current"


def test_scripts_whose_paths_no_longer_fit_together_stop_new_runs_until_mended(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    change_code(world, "count", COUNT.replace('("raw", "{id}.txt")', '("mean", "{id}.txt")'))
    assert "count" in world.engine.code.fault
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    assert world.read("count/REC-1.txt") == "1"
    change_code(world, "count", COUNT)
    assert world.read("mean/REC-1.txt") == "mean of 2"


def test_records_that_another_id_pattern_does_not_fit_are_retired(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    (world.folder / "workspace.toml").write_text(TOML.replace("REC-", "SUB-"))
    world.crash()
    world.settle()
    assert world.engine.records == set()


def test_a_step_that_raises_keeps_its_old_output_and_is_retried_then_left_alone(world):
    world.put("raw/REC-1.txt", "one")
    world.put("raw/REC-2.txt", "one")
    world.settle()
    world.ran.clear()
    world.put("raw/REC-1.txt", "bad")
    world.settle()
    assert (world.read("count/REC-1.txt"), world.state_of("REC-1/count")) == ("1", "failed")
    assert world.state_of("REC-1/mean") == "blocked"
    for _ in range(2):
        world.clock.advance(100)
        world.turn()
        world.run_one()
        world.turn()
    assert (world.state_of("REC-1/count"), len(world.ran)) == ("quarantined", 3)
    world.clock.advance(10_000)
    world.settle()
    assert len(world.ran) == 3
    told = next(line for line in world.lines if line["event"] == "failed")
    assert "a bad word" in told["exception"]
    assert '"exc_info"' in (world.data / "LOG/REC-1.log").read_text()
    run = world.engine.manifest.read.runs(A_COUNT, 1)[0]
    assert run.error.type == "ValueError"
    assert "a bad word" in run.error.traceback
    assert world.state_of("REC-2/mean") == "current"


def test_a_quarantined_step_runs_again_when_its_input_changes(world):
    world.put("raw/REC-1.txt", "bad")
    world.settle()
    for _ in range(2):
        world.clock.advance(100)
        world.settle()
    assert world.state_of("REC-1/count") == "quarantined"
    world.put("raw/REC-1.txt", "good")
    world.settle()
    assert world.state_of("REC-1/mean") == "current"


def test_an_input_that_changes_while_its_step_runs_taints_the_run(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.put("raw/REC-1.txt", "one two three")
    world.run_one()
    world.turn()
    assert world.read("count/REC-1.txt") is None
    assert any(line["event"] == "tainted" for line in world.lines)
    world.settle()
    assert world.read("mean/REC-1.txt") == "mean of 3"


def test_an_input_that_was_other_while_its_step_ran_taints_the_run(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.put("raw/REC-1.txt", "one two three")
    world.run_one()
    world.put("raw/REC-1.txt", "one")
    world.settle()
    assert world.read("mean/REC-1.txt") == "mean of 1"


def test_an_output_edited_by_hand_is_held_and_what_follows_uses_it(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.put("count/REC-1.txt", "7")
    world.settle()
    assert world.state_of("REC-1/count") == "held"
    assert world.read("mean/REC-1.txt") == "mean of 7"
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    assert world.read("count/REC-1.txt") == "7"


def test_outputs_that_exist_are_adopted_not_made(world):
    world.put("raw/REC-1.txt", "one")
    world.put("count/REC-1.txt", "99")
    world.settle()
    assert world.ran == [A_MEAN]
    assert world.reason("REC-1/count") in ("ADOPTED", "CURRENT")
    assert world.read("mean/REC-1.txt") == "mean of 99"


def test_a_missing_output_is_made_again(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    (world.data / "count/REC-1.txt").unlink()
    world.settle()
    assert world.ran == [A_COUNT]


def test_a_file_still_being_written_waits(world):
    world.clock.seconds = world.data.stat().st_mtime
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    assert world.reason("REC-1/count") == "INPUT_ARRIVING"
    world.put("raw/REC-1.txt", "one two")
    world.clock.advance(3600)
    world.turn()
    assert len(world.orders) == 1


def test_a_file_that_a_program_has_open_for_writing_waits(world):
    with (world.data / "raw/REC-1.txt").open("w") as file:
        file.write("one")
        file.flush()
        world.walk()
        world.turn()
        assert world.reason("REC-1/count") == "INPUT_OPEN"
    world.clock.advance(10)
    world.turn()
    assert len(world.orders) == 1


def test_a_file_that_came_by_rename_is_claimed_at_once(world):
    world.clock.seconds = world.data.stat().st_mtime
    world.put("raw/x.part", "one")
    (world.data / "raw/x.part").rename(world.data / "raw/REC-1.txt")
    world.engine.see(["raw/REC-1.txt"], renamed={"raw/REC-1.txt"})
    world.turn()
    assert len(world.orders) == 1


def test_a_large_file_is_fingerprinted_elsewhere(tmp_path):
    with a_world(tmp_path, toml=TOML + '[watch]\nhash_inline = "10 B"\n', count=COUNT, mean=MEAN) as world:
        world.put("raw/REC-1.txt", "one two three four")
        world.walk()
        world.turn()
        assert (world.reason("REC-1/count"), world.hashing) == ("INPUT_HASHING", ["raw/REC-1.txt"])
        assert not world.engine.at_rest
        world.hash_now()
        world.settle()
        assert world.read("count/REC-1.txt") == "4"


def test_a_record_waits_for_its_marker(tmp_path):
    with a_world(tmp_path, toml=TOML + '[watch]\nready = "raw/{id}.done"\n', count=COUNT, mean=MEAN) as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert world.reason("REC-1/count") == "INPUT_NOT_READY"
        world.put("raw/REC-1.done", "")
        world.clock.advance(10)
        world.settle()
        assert world.state_of("REC-1/mean") == "current"


def test_an_empty_file_is_suspect_and_not_read(world):
    world.put("raw/REC-1.txt", "")
    world.settle()
    assert world.reason("REC-1/count") == "INPUT_ARRIVING"
    world.clock.advance(100)
    world.settle()
    assert (world.reason("REC-1/count"), world.ran) == ("INPUT_EMPTY", [])


def test_a_record_whose_raw_files_are_gone_is_retired_and_keeps_its_results(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    (world.data / "raw/REC-1.txt").unlink()
    world.settle()
    assert world.engine.records == set()
    assert world.read("mean/REC-1.txt") == "mean of 1"
    world.put("raw/REC-1.txt", "one")
    world.settle()
    assert world.ran == [A_COUNT, A_MEAN]


def test_newest_arrivals_go_first(world):
    for number in range(5):
        world.put(f"raw/REC-{number}.txt", "one")
        os.utime(world.data / f"raw/REC-{number}.txt", (number, number))
    world.walk()
    world.engine.turn(2)
    assert [order.record for _, order in world.orders] == ["REC-4", "REC-3"]


def test_no_more_is_claimed_than_there_is_room_for(world):
    for number in range(5):
        world.put(f"raw/REC-{number}.txt", "one")
    world.walk()
    assert world.engine.turn(3) == 3
    assert world.engine.turn(0) == 0
    assert len(world.engine.pending) == 2


def test_a_claim_looks_once_more_at_what_was_planned_long_ago(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.engine.turn(0)
    world.put("count/REC-1.txt", "5")
    world.engine.turn(10)
    assert world.orders == []


def test_a_run_whose_worker_was_lost_is_run_again_and_blamed_only_the_third_time(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    for _ in range(3):
        world.turn()
        assert world.state_of("REC-1/count") == "queued"
        _, order = world.orders.pop()
        world.engine.lost(order.run_id, "its worker died")
    world.turn()
    assert world.state_of("REC-1/count") == "failed"
    assert "lost 3 times" in world.standing("REC-1/count").sentence


def test_a_lost_run_that_left_its_receipt_is_published(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    (_, order) = world.orders[0]
    world.run_one()
    world.engine._receipts.clear()
    world.engine.lost(order.run_id, "the connection broke")
    world.turn()
    assert world.read("count/REC-1.txt") == "1"


def test_what_ended_while_the_daemon_was_gone_is_published_not_run_again(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.run_one()
    world.crash()
    world.turn()
    assert world.read("count/REC-1.txt") == "1"
    world.settle()
    assert world.ran == [A_COUNT, A_MEAN]


def test_what_was_in_flight_when_the_daemon_died_runs_again(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.crash()
    world.settle()
    assert world.read("mean/REC-1.txt") == "mean of 1"
    assert not (world.state / "staging").exists() or not any((world.state / "staging").iterdir())


def test_a_result_of_a_superseded_run_is_thrown_away(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    _, old = world.orders.pop()
    world.engine.lost(old.run_id, "gone")
    world.put("raw/REC-1.txt", "one two")
    world.walk()
    world.turn()
    world.orders.append((0, old))
    world.run_one(1)
    world.turn()
    assert world.read("count/REC-1.txt") is None
    world.settle()
    assert world.read("count/REC-1.txt") == "2"


def test_a_result_that_cannot_be_published_waits_until_it_can(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    (world.data / "count").write_text("in the way")
    world.run_one()
    world.turn()
    assert world.state_of("REC-1/count") == "queued"
    (world.data / "count").unlink()
    world.clock.advance(20)
    world.settle()
    assert world.read("mean/REC-1.txt") == "mean of 1"


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


def test_parameters_from_the_settings_make_a_step_stale(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    toml = TOML + "[run.steps.mean.opts]\nthreshold = 3\n"
    (world.folder / "workspace.toml").write_text(toml)
    world.crash()
    world.settle()
    assert world.ran == [A_MEAN]


@pytest.mark.parametrize("verb", ["retry", "accept", "hold", "release"])
def test_a_request_names_the_steps_that_it_changed(world, verb):
    from sinagotd.engine.requests import perform

    world.put("raw/REC-1.txt", "one")
    world.settle()
    if verb == "release":
        perform(world.engine, "hold", {})
    done = perform(world.engine, verb, {"records": ["REC-1"], "steps": ["count"], "force": True})
    assert done == {"steps": ["REC-1/count"], "left": []}
    world.turn()
    assert [row.event for row in world.engine.manifest.read.events(record="REC-1", step="count", limit=99)].count(verb)


def test_a_retry_of_a_step_that_never_succeeded_says_that_someone_asked(world):
    from sinagotd.engine.requests import perform

    world.put("raw/REC-1.txt", "bad")
    world.settle()
    perform(world.engine, "retry", {"records": ["REC-1"], "steps": ["count"]})
    world.turn()
    assert (world.state_of("REC-1/count"), world.reason("REC-1/count")) == ("queued", "REQUESTED")


def test_a_forced_retry_runs_once(world):
    from sinagotd.engine.requests import perform

    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    perform(world.engine, "retry", {"records": ["REC-1"], "steps": ["count"], "force": True})
    world.settle()
    assert world.ran == [A_COUNT]


def test_an_accepted_edit_is_current(world):
    from sinagotd.engine.requests import perform

    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.put("count/REC-1.txt", "7")
    world.settle()
    perform(world.engine, "accept", {"records": ["REC-1"], "steps": ["count"]})
    world.settle()
    assert world.state_of("REC-1/count") == "current"


def test_a_held_step_does_not_run_until_it_is_released(world):
    from sinagotd.engine.requests import perform

    world.put("raw/REC-1.txt", "one")
    world.walk()
    perform(world.engine, "hold", {"records": ["REC-1"]})
    world.settle()
    assert (world.ran, world.state_of("REC-1/count")) == ([], "held")
    perform(world.engine, "release", {"records": ["REC-1"]})
    world.settle()
    assert world.state_of("REC-1/mean") == "current"


def test_records_are_retired_on_request_when_their_raw_files_are_gone(world):
    from sinagotd.engine.requests import perform

    world.put("raw/REC-1.txt", "one")
    world.put("raw/REC-2.txt", "one")
    world.settle()
    (world.data / "raw/REC-1.txt").unlink()
    assert perform(world.engine, "retire", {})["steps"] == ["REC-1/count", "REC-1/mean"]
    assert world.engine.records == {"REC-2"}


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [("explode", {}), ("retry", {"records": ["REC-9"]}), ("retry", {"steps": ["nothing"]})],
)
def test_a_request_for_what_does_not_exist_is_refused(world, verb, arguments):
    from sinagotd.engine.requests import perform
    from sinagotd.errors import WorkspaceError

    with pytest.raises(WorkspaceError):
        perform(world.engine, verb, arguments)


def test_a_workspace_with_tasks_and_modalities_runs_across_them(tmp_path):
    toml = """
[records]
id_pattern = "REC-[0-9]+"
[tasks.HDC]
modalities = ["report", "behavior"]
[modalities.report]
scripts = ["sum"]
[modalities.behavior]
scripts = ["scores"]
"""
    with a_world(tmp_path, toml=toml) as world:
        shutil.rmtree(world.folder / "scripts")
        for modality in ("report", "behavior"):
            (world.folder / "scripts" / modality).mkdir(parents=True)
        world.script("behavior/scores", COUNT.replace('("count", "{id}.txt")', '("PROCESSED", "{id}", "{task}.txt")'))
        world.script("report/sum", MEAN.replace('("count", "{id}.txt")', '("PROCESSED", "{id}", "{task}.txt")'))
        world.crash()
        world.put("raw/REC-1.txt", "one two")
        world.settle()
        assert world.read("mean/REC-1.txt") == "mean of 2"
        assert world.ran == [StepKey("REC-1", "HDC/behavior/scores"), StepKey("REC-1", "HDC/report/sum")]


FOLDERS = """
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = ("raw", "{id}.mff")
    PATH_OUT = ("parts", "{id}")

    def run(self):
        self.path.output.mkdir()
        for path in sorted(self.path.input.iterdir()):
            (self.path.output / path.name).write_text(path.read_text().upper())
"""


def test_folders_are_inputs_and_outputs_as_a_whole(tmp_path):
    with a_world(tmp_path, toml=TOML.replace('"count", "mean"', '"parts"'), parts=FOLDERS) as world:
        world.put("raw/REC-1.mff/a", "a")
        world.put("raw/REC-1.mff/b", "b")
        world.walk()
        world.turn()
        assert world.reason("REC-1/parts") == "INPUT_ARRIVING"
        world.clock.advance(10)
        world.settle()
        assert world.read("parts/REC-1/b") == "B"
        world.put("raw/REC-1.mff/c", "c")
        (world.data / "raw/REC-1.mff/a").unlink()
        world.engine.see(["raw/REC-1.mff"])
        world.turn()
        world.clock.advance(10)
        world.settle()
        assert sorted(path.name for path in (world.data / "parts/REC-1").iterdir()) == ["b", "c"]
        assert len(world.ran) == 2


def test_entities_of_the_id_fill_paths(tmp_path):
    toml = TOML.replace("REC-[0-9]+", "(?P<subject>S[0-9])_(?P<day>[0-9]+)").replace('"count", "mean"', '"count"')
    script = COUNT.replace('("raw", "{id}.txt")', '("raw", "{subject}", "{day}", "{id}.txt")')
    with a_world(tmp_path, toml=toml, count=script) as world:
        world.put("raw/S1/20260101/S1_20260101.txt", "one two")
        world.put("raw/S2/20260101/S1_20260102.txt", "does not agree")
        world.settle()
        assert world.engine.records == {"S1_20260101"}
        assert world.read("count/S1_20260101.txt") == "2"


def test_a_shared_file_concerns_every_record(tmp_path):
    script = COUNT.replace('("raw", "{id}.txt")', '{"raw": ("raw", "{id}.txt"), "words": ("shared", "words.txt")}')
    script = script.replace("self.path.input.read_text()", "self.path.input['words'].read_text()")
    with a_world(tmp_path, toml=TOML.replace('"count", "mean"', '"count"'), count=script) as world:
        world.put("raw/REC-1.txt", "one")
        world.put("raw/REC-2.txt", "one")
        world.settle()
        assert world.reason("REC-1/count") == "INPUT_MISSING"
        assert world.standing("REC-1/count").sentence == "waiting for shared/words.txt"
        world.put("shared/words.txt", "a b c")
        world.settle()
        assert (world.read("count/REC-1.txt"), world.read("count/REC-2.txt")) == ("3", "3")
