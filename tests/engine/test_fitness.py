"""Receipts that a script wrote itself, and left when its worker died: what they say is not believed."""

import pytest
from engine_world import a_world

from sinagotd.core.states import Outcome
from sinagotd.scripts.content import digest_path
from sinagotd.scripts.orders import Receipt

NOTHING = "0" * 32


@pytest.fixture
def world(tmp_path):
    with a_world(tmp_path) as world:
        world.put("raw/REC-1.txt", "one two")
        world.put("raw/REC-2.txt", "victim")
        world.walk()
        world.turn()
        yield world


@pytest.fixture
def order(world):
    return next(order for _, order in world.orders if order.record == "REC-1")


def lost(world, order, receipt):
    """Leave this receipt beside a staged output, and lose the worker."""
    staging = world.data / ".sinagotd/staging" / order.run_id
    (staging / "count").mkdir(parents=True)
    (staging / "count/REC-1.txt").write_text("2")
    (staging / "result.json").write_text(receipt.to_json())
    world.engine.lost(order.run_id, "its worker died")
    world.turn()
    return world.standing("REC-1/count")


def digest_of(world, text):
    world.put("../aside", text)
    return digest_path(world.folder / "aside").hex()


def test_one_that_holds_is_published(world, order):
    outputs = {"count/REC-1.txt": digest_of(world, "2")}
    assert lost(world, order, Receipt(order.run_id, Outcome.SUCCEEDED, outputs)).state.value == "current"
    assert world.read("count/REC-1.txt") == "2"


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"../../../raw/REC-2.txt": NOTHING},
        {"count/REC-1.txt": NOTHING, "mean/REC-1.txt": NOTHING},
        {"count/REC-2.txt": NOTHING},
        {"count/REC-1.txt": "no digest"},
        {"count/REC-1.txt": "../" + NOTHING},
    ],
    ids=str,
)
def test_one_about_other_outputs_fails_its_step_and_moves_nothing(world, order, outputs):
    standing = lost(world, order, Receipt(order.run_id, Outcome.SUCCEEDED, outputs))
    assert "does not speak of the outputs of this step" in standing.sentence
    assert world.read("raw/REC-2.txt") == "victim"
    assert world.read("count/REC-1.txt") is None


def test_one_about_another_run_is_nobodys(world, order):
    (other,) = (order for _, order in world.orders if order.record == "REC-2")
    lost(world, order, Receipt(other.run_id, Outcome.SUCCEEDED, {"count/REC-2.txt": NOTHING}))
    assert world.state_of("REC-2/count") == "queued"
    assert world.read("count/REC-2.txt") is None


def test_an_output_that_became_a_link_is_not_published(world, order):
    staged = world.data / ".sinagotd/staging" / order.run_id / "count"
    staged.parent.mkdir(parents=True)
    (world.folder / "elsewhere").mkdir()
    staged.symlink_to(world.folder / "elsewhere")
    (staged.parent / "result.json").write_text(
        Receipt(order.run_id, Outcome.SUCCEEDED, {"count/REC-1.txt": digest_of(world, "2")}).to_json()
    )
    (world.folder / "elsewhere/REC-1.txt").write_text("2")
    world.engine.lost(order.run_id, "its worker died")
    world.turn()
    assert "behind a link" in world.standing("REC-1/count").sentence
    assert (world.folder / "elsewhere/REC-1.txt").exists()
    assert world.read("count/REC-1.txt") is None


def test_nothing_is_published_into_a_folder_that_leads_out_of_the_data_folder(world, order):
    (world.folder / "elsewhere").mkdir()
    (world.data / "count").symlink_to(world.folder / "elsewhere")
    outputs = {"count/REC-1.txt": digest_of(world, "2")}
    assert (
        "outside of the data folder" in lost(world, order, Receipt(order.run_id, Outcome.SUCCEEDED, outputs)).sentence
    )
    assert list((world.folder / "elsewhere").iterdir()) == []
