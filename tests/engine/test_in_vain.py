"""Runs that come to nothing, whatever the reason, wait longer and longer for the next; they are never given up."""

import pytest
from engine_world import COUNT, MEAN, a_world

from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.engine.requests import perform
from sinagotd.scripts.orders import Receipt, RunError

REWRITES = COUNT.replace(
    "words = ", "self.path.input.write_text(self.path.input.read_text() + ' more')\n        words = "
)
TOUCHES = COUNT.replace("words = ", "self.path.input.write_text(self.path.input.read_text())\n        words = ")
A_COUNT = StepKey("REC-1", "count")
LONGEST_S = 3600 * 1.25


@pytest.fixture
def world(tmp_path):
    with a_world(tmp_path, count=REWRITES, mean=MEAN) as made:
        made.put("raw/REC-1.txt", "one")
        made.settle()
        yield made


def time_until_next_run(world):
    """Wait for the next run, let it come to nothing, and tell how long that took."""
    began = world.clock.seconds
    world.clock.seconds = world.standing("REC-1/count").until
    before = len(world.ran)
    world.settle()
    assert len(world.ran) == before + 1
    return world.clock.seconds - began


def test_a_script_that_rewrites_its_input_runs_again_at_once_and_then_after_pauses_without_end(world):
    assert [str(run.outcome) for run in world.engine.manifest.read.runs(A_COUNT)] == ["tainted", "tainted"]
    assert (world.state_of("REC-1/count"), world.reason("REC-1/count")) == ("failed", "IN_VAIN")
    assert "raw/REC-1.txt changed while the step ran (2 in a row)" in world.standing("REC-1/count").sentence
    for least in (10, 20, 40, *[80 * 2**n for n in range(6)], 3600, 3600):
        assert least <= time_until_next_run(world) <= min(least * 1.25, LONGEST_S)
    assert world.read("count/REC-1.txt") is None
    assert world.reason("REC-1/mean") == "UPSTREAM_BLOCKED"


def test_the_others_go_on_meanwhile_and_nothing_runs_before_its_time(world):
    world.ran.clear()
    world.clock.advance(9)
    world.put("raw/REC-1.txt", "changed by an instrument")
    world.settle()
    assert world.ran == []
    world.crash()
    world.settle()
    assert world.ran == []
    assert world.reason("REC-1/count") == "IN_VAIN"


@pytest.mark.parametrize("verb", ["retry", "retry --force"])
def test_who_asks_for_it_gets_a_run_at_once_and_the_pauses_begin_anew(world, verb):
    world.ran.clear()
    perform(world.engine, "retry", {"records": ["REC-1"], "steps": ["count"], "force": verb != "retry"})
    world.settle()
    assert world.ran == [A_COUNT, A_COUNT]
    assert "(2 in a row)" in world.standing("REC-1/count").sentence


def test_a_mended_script_runs_at_once(world):
    world.script("count", COUNT)
    world.turn()
    world.clock.advance(5)
    world.settle()
    assert world.state_of("REC-1/mean") == "current"


def test_what_was_in_vain_is_forgotten_after_a_success(world):
    world.script("count", COUNT)
    world.turn()
    world.clock.advance(5)
    world.settle()
    assert world.engine.manifest.read.history()[A_COUNT].vain is None


@pytest.mark.parametrize("body", [TOUCHES, REWRITES.replace("self.path.output", "1 / 0; self.path.output")])
def test_it_is_the_same_for_an_input_that_stays_the_same_and_for_a_script_that_also_fails(tmp_path, body):
    with a_world(tmp_path, count=body, mean=MEAN) as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert len(world.ran) == 2
        assert world.reason("REC-1/count") == "IN_VAIN"


def test_a_run_that_the_machine_fails_is_charged_to_nobody_and_not_tried_without_end(tmp_path):
    with a_world(tmp_path) as world:
        world.put("raw/REC-1.txt", "one")
        world.walk()
        world.turn()
        for _ in range(2):
            _, order = world.orders.pop()
            error = RunError("StepHostFailed", "no more processes")
            world.engine.ended(Receipt(order.run_id, Outcome.ABANDONED, error=error))
            world.turn()
        assert world.orders == []
        assert "no more processes (2 in a row)" in world.standing("REC-1/count").sentence
        world.clock.advance(13)
        world.settle()
        assert world.state_of("REC-1/mean") == "current"


def test_a_result_whose_place_is_taken_costs_its_step_only_and_waits_for_the_place(tmp_path):
    with a_world(tmp_path) as world:
        world.put("count", "a file where a folder of results should be")
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert world.reason("REC-1/count") == "IN_VAIN"
        assert f"cannot publish {world.data / 'count'}: File exists" in world.standing("REC-1/count").sentence
        assert world.engine.standstill == ""
        (world.data / "count").unlink()
        world.clock.advance(13)
        world.settle()
        assert world.read("mean/REC-1.txt") == "mean of 1"


def test_a_second_result_whose_place_is_taken_keeps_back_the_first(tmp_path):
    two = COUNT.replace('("count", "{id}.txt")', '{"a": ("count", "{id}.txt"), "b": ("more", "{id}.txt")}').replace(
        "self.path.output.write_text(str(len(words)))",
        "self.path.output['a'].write_text(str(len(words))); self.path.output['b'].write_text('b')",
    )
    with a_world(tmp_path, count=two, mean=MEAN) as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert world.read("more/REC-1.txt") == "b"
        (world.data / "more/REC-1.txt").unlink()
        (world.data / "more").rmdir()
        world.put("more", "in the way")
        world.put("raw/REC-1.txt", "one two")
        world.settle()
        assert world.reason("REC-1/count") == "IN_VAIN"
        assert world.read("count/REC-1.txt") == "1"
        assert not list((world.data / ".sinagotd/staging").iterdir())
