"""What a call of `run()` runs again, and what it leaves as it is. D… are Sinagot's defects (specs §18)."""

from pathlib import Path

import pytest
from running_world import COPY, COUNT, RAISE, World, outcomes


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.raw("REC-1", "REC-2")
    return world


def test_a_second_call_finds_everything_processed_and_makes_no_log_longer_d47(world: World) -> None:
    world.run()
    before = world.log("REC-1")
    assert set(outcomes(world.run()).values()) == {"current"}
    assert world.messages("count") == ["Init run", "Run already processed"] * 2
    assert world.log("REC-1") == before


def test_outputs_without_a_manifest_count_as_done(world: World) -> None:
    for step in ("count", "mean"):
        (world.data / step).mkdir()
        (world.data / step / "REC-1.txt").write_text("by hand")
    result = world.run()
    assert outcomes(result)["REC-1/count"] == "current"
    assert world.read("count/REC-1.txt") == "by hand"
    assert outcomes(result)["REC-2/count"] == "succeeded"


def test_a_folder_where_the_output_should_be_counts_as_the_output_d7(world: World) -> None:
    (world.data / "count" / "REC-1.txt").mkdir(parents=True)
    assert outcomes(world.run("REC-1"))["REC-1/count"] == "current"


def test_what_has_failed_is_tried_again_by_every_call_once(world: World) -> None:
    world.script("count", f"with open('{world.folder}/tries', 'a') as file: file.write('x')\n{RAISE}")
    for _ in range(5):
        world.run("REC-1")
    assert (world.folder / "tries").read_text() == "x" * 5
    world.script("count", COUNT)
    assert set(outcomes(world.run("REC-1")).values()) == {"succeeded"}


def test_a_call_does_not_try_twice_however_soon_a_retry_is_due(world: World) -> None:
    world.settings("[run]", 'backoff = "1ms"')
    world.script("count", f"with open('{world.folder}/tries', 'a') as file: file.write('x')\n{RAISE}")
    world.script("mean", f"import time; time.sleep(0.2)\n{COPY}")
    world.run()
    assert (world.folder / "tries").read_text() == "xx"


def test_a_run_of_only_some_records_leaves_what_the_others_need_to_the_next_call(world: World) -> None:
    world.run()
    world.script("mean", f"self.logger.info('new')\n{COPY}", reads=("count", "{id}.txt"))
    assert outcomes(world.run("REC-1"))["REC-1/mean"] == "succeeded"
    assert outcomes(world.run()) == {
        "REC-1/count": "current", "REC-1/mean": "current", "REC-2/count": "current", "REC-2/mean": "succeeded",
    }  # fmt: skip


def test_a_changed_input_or_script_is_stale_d4(world: World) -> None:
    world.run()
    world.raw("REC-1", words="a b c d")
    again = outcomes(world.run())
    assert again == {
        "REC-1/count": "succeeded", "REC-1/mean": "succeeded", "REC-2/count": "current", "REC-2/mean": "current",
    }  # fmt: skip
    world.script("mean", f"{COPY}\nself.logger.info('new')", reads=("count", "{id}.txt"))
    assert [name for name, outcome in outcomes(world.run()).items() if outcome == "succeeded"] == [
        "REC-1/mean", "REC-2/mean",
    ]  # fmt: skip


def test_with_staleness_switched_off_only_missing_outputs_are_made_as_sinagot_did_d4(world: World) -> None:
    world.settings("[run]", "on_input_change = false", "on_code_change = false")
    world.run()
    world.raw("REC-1", words="a b c d")
    assert set(outcomes(world.run()).values()) == {"current"}


def test_outputs_outlive_their_inputs_and_what_comes_after_goes_on_d6(world: World) -> None:
    world.run("REC-1", unit=(None, None, "count"))
    (world.data / "raw" / "REC-1.txt").unlink()
    assert outcomes(world.run("REC-1")) == {"REC-1/count": "current", "REC-1/mean": "succeeded"}
    assert world.messages("count") == ["Init run", "Run already processed"]
    assert outcomes(world.run("REC-1", force=True)) == {"REC-1/count": "waiting", "REC-1/mean": "blocked"}
    assert set(outcomes(world.run("REC-1")).values()) == {"current"}


def test_a_record_of_which_only_an_intermediate_result_is_left_goes_on_from_there(world: World) -> None:
    (world.data / "count").mkdir()
    (world.data / "count" / "REC-7.txt").write_text("5")
    assert outcomes(world.run("REC-7")) == {"REC-7/count": "current", "REC-7/mean": "succeeded"}
    assert world.read("mean/REC-7.txt") == "5"
    assert set(outcomes(world.run()).values()) == {"succeeded"}


def test_with_ignore_missing_a_step_runs_without_its_input(world: World) -> None:
    world.script("count", "self.path.output.write_text(str(self.data_exist.input))", reads={"a": ("raw", "{id}.txt"), "b": ("more", "{id}.txt")})  # fmt: skip
    assert outcomes(world.run("REC-1"))["REC-1/count"] == "waiting"
    assert outcomes(world.run("REC-1", ignore_missing=True)) == {"REC-1/count": "succeeded", "REC-1/mean": "succeeded"}
    assert "False" in (world.read("count/REC-1.txt") or "")
    assert set(outcomes(world.run("REC-1", ignore_missing=True)).values()) == {"current"}


def test_force_runs_everything_again_and_is_forgotten_afterwards(world: World) -> None:
    world.run()
    assert set(outcomes(world.run(force=True)).values()) == {"succeeded"}
    assert set(outcomes(world.run()).values()) == {"current"}
    world.script("count", RAISE)
    world.run(force=True)
    world.script("count", COUNT)
    (world.data / "count" / "REC-1.txt").unlink()
    assert outcomes(world.run("REC-1")) == {"REC-1/count": "succeeded", "REC-1/mean": "current"}


def test_what_a_person_edited_is_kept_unless_forced(world: World) -> None:
    world.run()
    (world.data / "count" / "REC-1.txt").write_text("seven")
    assert outcomes(world.run("REC-1"))["REC-1/count"] == "held"
    assert outcomes(world.run("REC-1", force=True))["REC-1/count"] == "succeeded"
    assert world.read("count/REC-1.txt") == "3"


def test_a_script_file_is_executed_once_however_many_records_there_are_d60(world: World) -> None:
    path = world.script("count", COUNT)
    path.write_text(f"with open({str(world.folder / 'loaded')!r}, 'a') as file: file.write('x')\n" + path.read_text())
    world.run()
    assert (world.folder / "loaded").read_text() == "x"
    assert not list((world.folder / "scripts").rglob("__pycache__"))


def test_an_edit_of_the_same_size_within_a_second_runs_the_new_code_d60(world: World) -> None:
    world.script("count", "self.path.output.write_text('1')")
    world.run("REC-1")
    world.script("count", "self.path.output.write_text('2')")
    world.run("REC-1")
    assert world.read("mean/REC-1.txt") == "2"
