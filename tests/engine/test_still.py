"""The note that nothing moved holds as long as a full look finds nothing to do, and no moment longer."""

import pytest
from engine_world import COUNT, TOML, a_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinagotd.core.keys import StepKey
from sinagotd.core.states import Action
from sinagotd.engine.still import STILL, is_still
from sinagotd.engine.survey import surveying
from sinagotd.manifest.reader import open_reader
from sinagotd.settings.ownership import Trust
from sinagotd.settings.workspace import load_workspace

RECORDS = ("REC-1", "REC-2")


@pytest.fixture
def noted(world):
    """Two records at rest, and a walk that found them so."""
    at_rest(world)
    return world


def at_rest(world):
    for record in RECORDS:
        world.put(f"raw/{record}.txt", f"the words of {record}")
    world.settle()
    world.walk()


def still(world, *, trust=None, **more):
    with open_reader(world.state) as read:
        return is_still(read, load_workspace(world.folder, **more), trust)


def left_to_do(world):
    """The steps that a full look would not leave alone."""
    with surveying(load_workspace(world.folder), world.state, ask=world.engine.tools.ask) as surveyor:
        decisions = surveyor.look_at_all().planned.decisions
    return sorted(str(key) for key, decision in decisions.items() if decision.action is not Action.NOTHING)


def test_nothing_moved(noted):
    assert still(noted)
    noted.crash()
    assert still(noted)


def test_there_is_no_note_before_a_walk_found_nothing_to_do(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    assert not still(world)
    world.walk()
    assert still(world)


MOVES = {
    "input": lambda world: world.put("raw/REC-1.txt", "other words"),
    "output": lambda world: world.put("mean/REC-2.txt", "by hand"),
    "arrival": lambda world: world.put("raw/REC-3.txt", "new"),
    "stray": lambda world: world.put("raw/notes", "what nobody reads"),
    "removal": lambda world: (world.data / "raw/REC-1.txt").unlink(),
    "folder": lambda world: (world.data / "count").rename(world.data / "counts"),
    "script": lambda world: world.script("count", COUNT.replace("len(words)", "2 * len(words)")),
    "comment": lambda world: world.script("count", COUNT + "# a comment"),
    "no script": lambda world: (world.folder / "scripts/mean.py").unlink(),
    "settings": lambda world: (world.folder / "workspace.toml").write_text(TOML + "[run]\nopts = {size = 3}\n"),
    "data folder": lambda world: world.data.rename(world.folder / "elsewhere"),
}


@pytest.mark.parametrize("move", [MOVES[name] for name in MOVES if name != "data folder"], ids=lambda _: "")
def test_whatever_moves_ends_it(noted, move):
    move(noted)
    assert not still(noted)


@pytest.mark.parametrize("verb", ["hold", "request"])
def test_a_request_ends_it_although_no_file_moved(noted, verb):
    getattr(noted.engine.manifest, verb)(StepKey("REC-1", "mean"))
    assert not still(noted)


def test_a_run_that_is_claimed_ends_it(noted):
    noted.put("raw/REC-1.txt", "other words")
    noted.walk()
    noted.turn()
    assert noted.orders
    assert not still(noted)


def test_other_eyes_see_for_themselves(noted):
    assert not still(noted, trust=Trust())
    assert not still(noted, scripts_path=noted.folder)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"a": 1}', "[1, 2, 3, 4, 5, 6]", "half a no"])
def test_a_note_of_another_version_is_none(noted, text):
    with noted.engine.manifest.transaction():
        noted.engine.manifest.set_meta(STILL, text)
    assert not still(noted)


def test_a_step_that_failed_is_never_still(world):
    world.put("raw/REC-1.txt", "bad")
    world.settle()
    world.walk()
    assert not still(world)


STEPS = st.lists(st.sampled_from([*sorted(set(MOVES) - {"data folder"}), "walk", "settle", "crash"]), max_size=6)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS)
def test_after_any_history_what_is_still_leaves_nothing_to_do(tmp_path_factory, steps):
    with a_world(tmp_path_factory.mktemp("world")) as world:
        at_rest(world)
        for step in steps:
            try:
                MOVES.get(step, lambda world, name=step: getattr(world, name)())(world)
            except OSError:
                continue  # moved already, or in the way
            assert not (still(world) and left_to_do(world))
