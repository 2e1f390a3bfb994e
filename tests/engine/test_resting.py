"""A start plans only what is not at rest, and what was left unplanned at the end is never taken for planned."""

import pytest
from engine_world import COUNT, MEAN, TOML, a_world

SHARED = """
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = {"words": ("raw", "{id}.txt"), "stop": "stop.txt"}
    PATH_OUT = ("count", "{id}.txt")

    def run(self):
        stop = self.path.input["stop"].read_text().split()
        words = [word for word in self.path.input["words"].read_text().split() if word not in stop]
        self.path.output.write_text(str(len(words)))
"""
RECORDS = ("REC-1", "REC-2", "REC-3")


@pytest.fixture
def shared(tmp_path):
    """Three records that read one list of words besides their own file, all at rest."""
    with a_world(tmp_path, count=SHARED, mean=MEAN) as world:
        world.put("stop.txt", "the")
        for record in RECORDS:
            world.put(f"raw/{record}.txt", "the one and the other")
        world.settle()
        world.ran.clear()
        yield world


@pytest.fixture
def one_at_a_time(monkeypatch):
    monkeypatch.setattr("sinagotd.engine.engine.BATCH_RECORDS", 1)


def counts(world):
    return {record: world.read(f"count/{record}.txt") for record in RECORDS}


def test_a_start_finds_nothing_to_plan_where_everything_was_at_rest(shared):
    shared.crash()
    assert not shared.engine.wants_turn
    assert shared.engine.counts() == {"current": 6}


def test_what_changed_while_nobody_looked_is_planned_by_the_walk_of_the_start(shared):
    shared.put("raw/REC-2.txt", "one")
    shared.crash()
    shared.settle()
    assert [str(key) for key in shared.ran] == ["REC-2/count", "REC-2/mean"]


def test_a_failed_step_and_one_on_hold_are_planned_at_a_start(world):
    world.put("raw/REC-1.txt", "bad")
    world.put("raw/REC-2.txt", "good")
    world.settle()
    world.engine.manifest.hold(next(key for key in world.ran if str(key) == "REC-2/count"))
    world.crash()
    world.turn()
    assert {key: world.state_of(key) for key in ("REC-1/count", "REC-2/count")} == {
        "REC-1/count": "failed",
        "REC-2/count": "held",
    }


def test_a_shared_file_that_one_record_met_first_is_news_to_the_others(shared):
    shared.put("stop.txt", "the other")
    shared.put("raw/REC-2.txt", "the one and the other thing")
    shared.engine.see(["raw/REC-2.txt"])  # the hint about stop.txt is lost
    shared.turn()
    while shared.orders:
        shared.run_one()
        shared.turn()
    assert counts(shared) == {"REC-1": "2", "REC-2": "3", "REC-3": "2"}


@pytest.mark.usefixtures("one_at_a_time")
def test_records_left_unplanned_by_a_kill_are_planned_at_the_start(shared):
    (shared.data / "stop.txt").unlink()
    shared.engine.see(["stop.txt"])
    shared.engine.turn(0)
    shared.crash()
    shared.turn()
    assert {shared.reason(f"{record}/count") for record in RECORDS} == {"INPUT_MISSING"}


def test_steps_made_with_code_that_was_taken_back_during_a_kill_are_made_again(tmp_path):
    with a_world(tmp_path, toml=TOML.replace(', "mean"', ""), count=COUNT) as world:
        world.put("raw/REC-1.txt", "one two")
        world.settle()
        world.script("count", COUNT.replace("len(words)", "-len(words)"))
        world.engine.read_code_again()
        world.turn()
        world.run_one()
        world.lines = KilledAtTheEnd()
        with pytest.raises(RuntimeError, match="killed"):
            world.turn()
        world.lines = []
        world.script("count", COUNT)
        world.crash()
        world.settle()
        assert world.read("count/REC-1.txt") == "2"


class KilledAtTheEnd(list):
    """A log that ends the process when a step is said to be current: the manifest knows, nothing else happens after."""

    def append(self, line):
        if line["event"] == "current":
            raise RuntimeError("killed")


def test_other_terms_plan_everything_again(shared):
    (shared.folder / "workspace.toml").write_text(TOML + "[run]\non_output_edit = false\n")
    shared.crash()
    assert shared.engine.wants_turn
