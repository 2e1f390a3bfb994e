"""Running in this process: what is run, what is left alone, and what the result says. D… are Sinagot's defects (specs §18)."""

import logging
import re
import traceback
from pathlib import Path

import pytest
from running_world import COPY, COUNT, RAISE, UNIT, World, outcomes

from sinagotd.errors import ConfigError, ScriptError, WorkspaceError
from sinagotd.workspace.running import RunFailedError


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.raw("REC-1", "REC-2")
    return world


def test_everything_that_is_stale_is_run_and_told(world: World) -> None:
    result = world.run()
    assert set(outcomes(result).values()) == {"succeeded"}
    assert [run.name for run in result.runs] == ["REC-1/count", "REC-1/mean", "REC-2/count", "REC-2/mean"]
    assert result
    assert result.counts == {"succeeded": 4}
    assert world.read("mean/REC-2.txt") == "3"
    result.raise_for_failures()


def test_records_are_run_by_id_one_after_the_other(world: World) -> None:
    world.raw("REC-0")
    world.run()
    finished = [line.split("\u00a0")[0][:5] + line.split("\u00a0")[1] for line in world.said if "finished" in line]
    records = ("REC-0", "REC-1", "REC-2")
    assert finished == [f"{record}{step} : Run finished" for record in records for step in ("count", "mean")]


def test_steps_that_do_not_need_each_other_run_in_the_order_of_the_file(tmp_path: Path) -> None:
    world = World(tmp_path, toml=UNIT.format(steps='"zeta", "beta", "alpha"'))
    for name in ("zeta", "beta", "alpha"):
        world.script(name, COUNT)
    world.raw("REC-2", "REC-1")
    world.run()
    finished = [line.split("\u00a0")[1].split()[0] for line in world.said if "finished" in line]
    assert finished == ["zeta", "beta", "alpha"] * 2


def test_half_an_output_of_a_failed_step_is_not_there_d1(world: World) -> None:
    world.script("count", f"self.path.output.write_text('half')\n{RAISE}")
    assert outcomes(world.run("REC-1")) == {"REC-1/count": "failed", "REC-1/mean": "blocked"}
    assert world.read("count/REC-1.txt") is None
    assert world.read("mean/REC-1.txt") is None


def test_a_failure_is_in_the_result_and_in_the_log_also_without_tasks_d2_d9_d10(world: World) -> None:
    world.script("count", RAISE)
    result = world.run("REC-1")
    assert not result
    with pytest.raises(RunFailedError, match="REC-1/count: ValueError: a bad word") as fault:
        result.raise_for_failures()
    assert [run.name for run in fault.value.runs] == ["REC-1/count"]
    last = world.log("REC-1")[-1]
    assert (last["step_status"], last["message"]) == (40, "ValueError: a bad word")
    assert "in run\n    raise ValueError('a bad word')" in last["exc_info"]
    assert (last["level"], last["state"]) == ("warning", "failed")


def test_a_failure_is_newer_than_the_outputs_of_the_run_before_d3(world: World) -> None:
    world.run("REC-1")
    world.script("count", RAISE)
    assert outcomes(world.run("REC-1"))["REC-1/count"] == "failed"
    assert world.read("count/REC-1.txt") == "3"
    assert outcomes(world.run("REC-1"))["REC-1/count"] == "failed"


def test_a_step_that_writes_nothing_has_failed_and_says_so_d5(world: World) -> None:
    world.script("count", "pass")
    (count, _) = world.run("REC-1").runs
    assert count.outcome == "failed"
    assert count.error is not None
    assert count.error.type == "OutputMissing"
    assert world.messages("count")[-1].startswith("OutputMissing: it ended without writing count/REC-1.txt")


def test_a_missing_input_is_told_in_sinagots_words_with_its_code_d6(world: World) -> None:
    (world.data / "raw" / "REC-1.txt").unlink()
    (count, _) = world.run("REC-1").runs
    assert (count.outcome, count.step_status) == ("waiting", 41)
    raw = world.data / "raw" / "REC-1.txt"
    assert world.messages("count") == ["Init run", f"Input data  [PosixPath('{raw}')] not available"]
    assert world.run("REC-1", ignore_missing=False)


def test_every_missing_input_is_named(world: World) -> None:
    """In Sinagot 0.3.0 two of them were an error of logging."""
    world.script("count", COUNT, reads={"a": ("raw", "{id}.txt"), "b": ("more", "{id}.a"), "c": ("more", "{id}.b")})
    world.run("REC-1")
    missing = [world.data / "more" / name for name in ("REC-1.a", "REC-1.b")]
    assert world.messages("count")[1] == f"Input data  {missing!r} not available"


def test_an_exiting_script_ends_its_own_step_only_d8(world: World) -> None:
    world.script("count", "import sys; sys.exit(3)")
    result = world.run()
    assert [run.outcome for run in result.runs] == ["failed", "blocked"] * 2
    assert "exit code 3" in result.runs[0].why


def test_an_interrupted_run_leaves_nothing_in_flight_d8(world: World) -> None:
    world.script("count", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        world.run()
    with world.opened().reading() as read:
        assert read.in_flight() == []
    *_, last = (line for line in world.log("REC-1") if line["step_label"] == "count")
    assert (last["step_status"], last["message"]) == (10, "Run cancelled: the call of run() was cut short")
    world.script("count", COUNT)
    assert set(outcomes(world.run()).values()) == {"succeeded"}


def test_a_step_label_that_does_not_exist_is_refused_d9(world: World) -> None:
    with pytest.raises(WorkspaceError, match=r"there is no step 'cuont'.*count"):
        world.run(unit=(None, None, "cuont"))
    assert not (world.data / ".sinagotd").exists()


def test_a_record_that_is_no_id_is_refused_and_an_unknown_one_leaves_no_log_d36(world: World) -> None:
    with pytest.raises(WorkspaceError, match="is not a record id"):
        world.run("../../evil")
    assert outcomes(world.run("REC-99"))["REC-99/count"] == "waiting"
    assert world.log("REC-99") == []


def test_one_label_runs_that_step_only(world: World) -> None:
    assert outcomes(world.run(unit=(None, None, "count"))) == {"REC-1/count": "succeeded", "REC-2/count": "succeeded"}
    assert world.read("mean/REC-1.txt") is None
    assert outcomes(world.run("REC-2", unit=(None, None, "mean"))) == {"REC-2/mean": "succeeded"}
    assert world.read("mean/REC-1.txt") is None


def test_debug_raises_at_the_line_of_the_script_and_leaves_no_handler_behind_d11(world: World) -> None:
    world.script("count", f"self.logger.debug('%s', self.debug)\n{RAISE}")
    handlers = list(logging.getLogger().handlers)
    for _ in range(3):
        with pytest.raises(ValueError, match="a bad word") as fault:
            world.run(debug=True)
        assert world.messages()[:3] == ["Init run", "Processing run", "True"]
    last = traceback.extract_tb(fault.value.__traceback__)[-1]
    assert (Path(last.filename).name, last.line) == ("count.py", RAISE)
    assert (logging.getLogger().handlers, logging.getLogger("sinagotd.script").handlers) == (handlers, [])
    assert len([line for line in world.log("REC-1") if line["step_label"] == "count"]) == 3 * 4
    assert outcomes(world.run("REC-1"))["REC-1/count"] == "failed"


def test_what_depends_on_a_failure_is_skipped_and_that_is_said_d12(world: World) -> None:
    world.script("count", RAISE)
    result = world.run("REC-1")
    assert result.runs[1].why == "the upstream step count cannot go on"
    assert world.messages("mean") == ["Init run", "the upstream step count cannot go on"]


def test_a_workspace_without_steps_runs_nothing_d55(tmp_path: Path) -> None:
    world = World(tmp_path, toml='[records]\nid_pattern = "REC-[0-9]+"\n')
    world.raw("REC-1")
    result = world.run()
    assert result
    assert result.runs == ()
    assert repr(result) == "<RunResult nothing to do>"
    assert list(result.frame().columns)[:4] == ["record_id", "task", "modality", "step_label"]


def test_a_broken_script_costs_its_own_step_only(world: World) -> None:
    world.script("count", COUNT).write_text("this is no Python")
    world.script("mean", COPY)
    result = world.run("REC-1")
    assert outcomes(result) == {"REC-1/count": "quarantined", "REC-1/mean": "succeeded"}
    assert not result


def test_two_steps_that_write_one_path_are_refused_d22(world: World) -> None:
    world.script("mean", COPY, writes=("count", "{id}.txt"))
    with pytest.raises(ConfigError, match="count"):
        world.run()


def test_the_frame_has_a_row_for_every_step_with_types(world: World) -> None:
    world.script("mean", RAISE, reads=("count", "{id}.txt"))
    frame = world.run("REC-1").frame()
    assert frame[["record_id", "step_label", "step_status", "outcome", "error"]].to_dict("records") == [
        {"record_id": "REC-1", "step_label": "count", "step_status": 30, "outcome": "succeeded", "error": None},
        {"record_id": "REC-1", "step_label": "mean", "step_status": 40, "outcome": "failed", "error": "ValueError"},
    ]
    assert str(frame["started"].dt.tz) == "UTC"
    assert (frame["seconds"] >= 0).all()


def test_open_files_are_as_many_as_before_d52(world: World) -> None:
    world.run()
    before = len(list(Path("/proc/self/fd").iterdir()))
    world.run(force=True)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_large_file_is_fingerprinted_aside_and_then_run(world: World) -> None:
    world.settings("[watch]", 'hash_inline = "1 kB"')
    world.raw("REC-1", words="word " * 1000)
    assert world.run()
    assert world.read("count/REC-1.txt") == "1000"


def test_where_files_have_to_settle_the_call_waits_for_it(world: World) -> None:
    world.settings("[watch]", 'settle = "700ms"')
    world.raw("REC-3")
    assert outcomes(world.run("REC-3"))["REC-3/mean"] == "succeeded"


def test_without_room_on_the_disk_nothing_is_run_and_that_is_said(world: World) -> None:
    world.settings("[run]", 'reserve = "900000 TiB"')
    result = world.run()
    assert not result
    assert "make room" in result.stopped
    assert result.runs[0].outcome == "stale"
    with pytest.raises(ScriptError, match="make room"):
        result.raise_for_failures()


def test_a_run_that_is_part_of_a_run_is_refused_instead_of_waiting_for_itself(world: World) -> None:
    world.script(
        "count",
        "from sinagotd.settings.workspace import load_workspace\n"
        "from sinagotd.workspace.opened import Wanted, opened\n"
        "from sinagotd.workspace.running import RunOptions, run_steps\n"
        f"run_steps(opened(load_workspace({str(world.folder)!r})), Wanted(), RunOptions())",
    )
    for scheduler in ("main_process", "processes"):
        why = world.run("REC-1", scheduler=scheduler).runs[0].why
        assert re.match("LockedError: .*steps cannot run steps", why), why


def test_a_script_that_keeps_every_record_out_of_sight_is_told(tmp_path: Path) -> None:
    world = World(tmp_path, toml=UNIT.format(steps='"count"'))
    world.raw("REC-1")
    world.script("count", "oops(")
    result = world.run()
    assert not result
    assert re.search(r"count\.py, line [0-9]+: ", repr(result))
    with pytest.raises(ScriptError, match=r"count\.py"):
        result.raise_for_failures()
