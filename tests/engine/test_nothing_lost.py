"""What comes in is not lost, and not read too early, when the machine refuses or a writer goes on."""

import pytest
from engine_world import a_world

from sinagotd.scan.findings import Unreadable


@pytest.fixture
def world(tmp_path):
    with a_world(tmp_path) as world:
        yield world


class Refusing:
    """Stands in for a part of the engine, and refuses whatever it is asked."""

    def __init__(self, fault):
        self.fault = fault

    def look(self, *_):
        raise self.fault

    def apply(self, *_, **__):
        raise self.fault


@pytest.mark.parametrize(
    ("part", "fault"),
    [("looker", Unreadable("raw/REC-1.txt", "it is gone")), ("applier", OSError(28, "No space left on device"))],
)
def test_what_was_to_run_is_run_once_the_machine_allows_it(world, monkeypatch, part, fault):
    for number in range(4):
        world.put(f"raw/REC-{number}.txt", "one")
    world.walk()
    world.engine.turn(room=1)
    with monkeypatch.context() as patch:
        patch.setattr(world.engine, part, Refusing(fault))
        for _ in range(3):
            with pytest.raises(type(fault)):
                world.engine.turn(room=10)
    world.turn()
    assert sorted(order.record for _, order in world.orders) == ["REC-0", "REC-1", "REC-2", "REC-3"]


def test_a_file_that_came_by_rename_and_is_written_on_is_no_longer_settled(world):
    world.clock.seconds = world.data.stat().st_mtime
    world.put("raw/REC-1.txt", "one")
    world.engine.see(["raw/REC-1.txt"], renamed=["raw/REC-1.txt"])
    world.put("raw/REC-1.txt", "one two")
    world.turn()
    assert world.reason("REC-1/count") == "INPUT_ARRIVING"


def test_a_result_that_was_published_by_rename_settles_when_it_is_edited(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.engine.see(["count/REC-1.txt"], renamed=["count/REC-1.txt"])
    world.turn()
    world.clock.seconds = world.data.stat().st_mtime
    world.put("count/REC-1.txt", "1 and a bit")
    world.engine.see(["count/REC-1.txt"])
    world.turn()
    assert world.reason("REC-1/count") == "INPUT_ARRIVING"
    assert world.engine.gatherer.renamed == {}


def test_many_new_files_are_remembered_in_one_transaction(world, monkeypatch):
    begun = []
    transaction = world.engine.manifest.transaction
    monkeypatch.setattr(world.engine.manifest, "transaction", lambda: (begun.append(1), transaction())[1])
    for number in range(50):
        world.put(f"raw/REC-{number}.txt", "one")
    world.engine.see([f"raw/REC-{number}.txt" for number in range(50)])
    assert len(world.engine.records) == 50
    assert len(begun) == 1


def test_while_offline_nothing_wants_a_turn_and_there_is_nothing_to_wait_for(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.engine.offline = "the data folder is not there"
    assert not world.engine.wants_turn
    assert world.engine.at_rest
    assert world.engine.next_look is None
    world.engine.offline = None
    assert world.engine.wants_turn


def test_a_file_that_was_away_while_it_was_planned_is_news_when_it_is_back_as_it_was(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    folder, aside = world.data / "raw", world.folder / "aside"
    folder.rename(aside)
    world.engine.mark(["REC-1"])
    world.turn()
    assert world.reason("REC-1/count") == "INPUT_MISSING"
    aside.rename(folder)
    world.settle()
    assert world.reason("REC-1/count") == "CURRENT"
    assert len(world.ran) == 2


def test_a_file_that_was_away_before_its_digest_was_remembered_is_news_when_it_is_back(world):
    """Its record is looked at twice in one turn: to see what is stale, and once more before it is claimed."""
    world.put("raw/REC-1.txt", "one")
    world.walk()
    gatherer, bounds = world.engine.gatherer, world.engine.pipeline.bind("REC-1")
    gatherer.facts(bounds)
    (world.data / "raw").rename(world.folder / "aside")
    gatherer.facts(bounds)
    assert gatherer.take_fresh() == []


def test_a_file_that_could_not_be_read_while_it_was_planned_is_news_when_it_can_be_as_it_was(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    folder, aside = world.data / "raw", world.folder / "aside"
    folder.rename(aside)
    folder.symlink_to(aside)
    world.engine.mark(["REC-1"])
    world.turn()
    assert world.reason("REC-1/count") == "INPUT_UNREADABLE"
    folder.unlink()
    aside.rename(folder)
    world.settle()
    assert world.reason("REC-1/count") == "CURRENT"
