"""Histories that the model found, or that are too rare for it to find: what comes between two moments of one run."""

import pytest
from model_world import ModelWorld
from plain_model import RAW, path_of, result

from sinagotd.engine import gathering
from sinagotd.engine.requests import perform
from sinagotd.failpoints import Point
from sinagotd.scan.digests import digest

SIGNAL = path_of("R1", "signal")


@pytest.fixture
def world(tmp_path):
    world = ModelWorld(tmp_path)
    yield world
    world.close()


def write(world, text):
    for path in RAW:
        world.put(path, text)


def bring_to_flight(world, text):
    write(world, text)
    world.walk()
    world.turn()
    world.advance(10_000)
    world.turn()
    return world.orders[0][1]


@pytest.mark.parametrize("before", [None, "ab"])
@pytest.mark.parametrize("point", [Point.MOVED, Point.PUBLISHED])
def test_what_was_published_but_not_recorded_is_neither_taken_for_an_edit_nor_for_the_new_result(world, before, point):
    if before:
        write(world, before)
        world.rest()
    bring_to_flight(world, "cd")
    while world.orders:
        world.run_one()
    with world.armed(point):
        world.turn()
    world.kill()
    write(world, "xy")
    world.rest()
    assert world.state_of("R1/first") == "current"
    assert world.read("first/R1") == result("first", 0, 0, ["xy"])
    assert world.read("last/R1") == result("last", 0, 0, ["xy", "xy"])


@pytest.mark.parametrize("lost", [False, True])
def test_a_run_whose_end_is_told_twice_ends_once(world, lost):
    order = bring_to_flight(world, "ab")
    if lost:
        world.engine.lost(order.run_id, "its worker died")
    world.end(world.take(0))
    world.end(order)
    world.rest()
    assert set(map(world.state_of, ("R1/first", "R1/last", "R1/both"))) == {"current"}


def test_what_is_written_on_after_it_came_by_rename_is_not_settled(world):
    write(world, "ab")
    world.rest()
    aside = world.elsewhere / "aside"
    aside.write_text("cd")
    aside.replace(world.data / SIGNAL)
    world.engine.see([SIGNAL], renamed={SIGNAL})
    world.put(SIGNAL, "cdef")
    world.engine.see([SIGNAL])
    world.turn()
    assert world.orders == []


def test_an_output_edited_while_its_step_runs_is_held(world):
    write(world, "ab")
    world.rest()
    bring_to_flight(world, "cd")
    world.put("first/R1", "<by hand>")
    world.rest()
    assert world.read("first/R1") == "<by hand>"
    assert world.state_of("R1/first") == "held"


def test_an_accepted_output_of_a_step_that_failed_is_current(world):
    write(world, "ab")
    world.rest()
    world.put(SIGNAL, "bad")
    world.rest()
    assert world.state_of("R1/first") == "quarantined"
    perform(world.engine, "accept", {"records": ["R1"], "steps": ["first"]})
    world.rest()
    assert world.state_of("R1/first") == "current"


def test_a_large_file_that_grew_while_its_hashing_waited_is_not_settled(world):
    write(world, "ab")
    world.rest()
    world.put(SIGNAL, "more than twelve")
    world.walk()
    world.turn()
    world.advance(10_000)
    world.turn()
    world.put(SIGNAL, "more than twelve, and it grows")
    world.hash_now()
    world.turn()
    assert world.orders == []


def test_a_file_that_is_written_while_it_is_fingerprinted_is_not_settled(world, monkeypatch):
    def digest_while_written(root, path, **more):
        found = digest(root, path, **more)
        world.put(path, "xy")
        return found

    write(world, "ab")
    world.walk()
    world.turn()
    world.advance(10_000)
    with monkeypatch.context() as patched:
        patched.setattr(gathering, "digest", digest_while_written)
        world.turn()
    assert world.orders == []
