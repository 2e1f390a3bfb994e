"""What a person asks of a workspace: retry, accept, hold, release, retire."""

import pytest

from sinagotd.core.keys import StepKey
from sinagotd.engine.requests import perform
from sinagotd.errors import WorkspaceError

A_COUNT = StepKey("REC-1", "count")


@pytest.mark.parametrize("verb", ["retry", "accept", "hold", "release"])
def test_a_request_names_the_steps_that_it_changed(world, verb):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    if verb == "release":
        perform(world.engine, "hold", {})
    done = perform(world.engine, verb, {"records": ["REC-1"], "steps": ["count"], "force": True})
    assert done == {"steps": ["REC-1/count"], "left": []}
    world.turn()
    assert [row.event for row in world.engine.manifest.read.events(record="REC-1", step="count", limit=99)].count(verb)


def test_a_retry_of_a_step_that_never_succeeded_says_that_someone_asked(world):
    world.put("raw/REC-1.txt", "bad")
    world.settle()
    perform(world.engine, "retry", {"records": ["REC-1"], "steps": ["count"]})
    world.turn()
    assert (world.state_of("REC-1/count"), world.reason("REC-1/count")) == ("queued", "REQUESTED")


def test_a_forced_retry_runs_once(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    perform(world.engine, "retry", {"records": ["REC-1"], "steps": ["count"], "force": True})
    world.settle()
    assert world.ran == [A_COUNT]


def test_an_edit_stays_and_is_held_where_the_run_that_was_to_overwrite_it_fails_and_that_is_said(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.put("count/REC-1.txt", "7")
    world.put("raw/REC-1.txt", "bad")
    world.settle()
    perform(world.engine, "retry", {"records": ["REC-1"], "steps": ["count"], "force": True})
    world.settle()
    assert (world.state_of("REC-1/count"), world.read("count/REC-1.txt")) == ("held", "7")
    assert "its last run failed: ValueError: a bad word" in world.standing("REC-1/count").sentence
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    assert (world.state_of("REC-1/count"), world.read("count/REC-1.txt")) == ("held", "7")


def test_an_accepted_edit_is_current(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.put("count/REC-1.txt", "7")
    world.settle()
    perform(world.engine, "accept", {"records": ["REC-1"], "steps": ["count"]})
    world.settle()
    assert world.state_of("REC-1/count") == "current"


def test_a_held_step_does_not_run_until_it_is_released(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    perform(world.engine, "hold", {"records": ["REC-1"]})
    world.settle()
    assert (world.ran, world.state_of("REC-1/count")) == ([], "held")
    perform(world.engine, "release", {"records": ["REC-1"]})
    world.settle()
    assert world.state_of("REC-1/mean") == "current"


def test_records_are_retired_on_request_when_their_raw_files_are_gone(world):
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
    with pytest.raises(WorkspaceError):
        perform(world.engine, verb, arguments)
