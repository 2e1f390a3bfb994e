"""What the machine lacks: nothing new is claimed meanwhile, it is said once, and it ends by itself."""

import errno
import os
from pathlib import Path

import pytest
import structlog
from engine_world import TOML, FakeClock, a_world

from sinagotd.core.states import Outcome
from sinagotd.engine.room import LONGEST_PAUSE_S, Room, shortage
from sinagotd.settings.workspace import load_workspace

MUCH = 2**61


class Told:
    """A room, a clock that is steered, and what it said."""

    def __init__(self, *folders: Path) -> None:
        self.clock = FakeClock(1000.0)
        self.lines: list[dict[str, object]] = []
        log = structlog.wrap_logger(
            structlog.ReturnLogger(), processors=[self._hear], wrapper_class=structlog.BoundLogger
        )
        self.room = Room(folders, self.clock, log)

    def _hear(self, _logger: object, _method: str, event: dict[str, object]) -> str:
        self.lines.append(event)
        return ""

    def pause_s(self) -> float:
        assert self.room.try_at is not None
        return self.room.try_at - self.clock.monotonic()

    @property
    def said(self) -> list[object]:
        return [line["event"] for line in self.lines]


def test_the_folder_with_too_little_room_is_named_and_what_to_do(tmp_path: Path) -> None:
    why = shortage([tmp_path], MUCH)
    assert why.startswith("only ")
    assert why.endswith(f"are free on {tmp_path}, less than run.reserve (2097152 TiB): make room")


@pytest.mark.parametrize("reserve", [None, 1])
def test_where_there_is_room_or_no_reserve_nothing_is_short(tmp_path: Path, reserve: int | None) -> None:
    assert shortage([tmp_path, tmp_path / "gone", Path("/proc")], reserve) == ""


def test_too_little_room_is_told_once_when_it_begins_and_once_when_it_ends(tmp_path: Path) -> None:
    told = Told(tmp_path)
    for reserve in (None, MUCH, MUCH, None, None):
        told.room.look(reserve)
        assert told.room.within(10, in_flight=3) == (0 if reserve else 10)
    assert told.said == ["paused", "resumed"]
    assert str(told.lines[0]["why"]).startswith("only ")


def test_after_a_refusal_it_waits_longer_each_time_and_then_tries_one_run_at_a_time() -> None:
    told = Told()
    pauses = []
    for _ in range(8):
        told.room.refuse("the disk is full")
        told.room.refuse("so it is for others")
        pauses.append(told.pause_s())
        assert told.room.within(10, in_flight=0) == 0
        told.clock.advance(pauses[-1])
        assert (told.room.within(10, in_flight=0), told.room.within(10, in_flight=1)) == (1, 0)
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert (told.said, told.room.why) == (["paused"], "the disk is full")


def test_a_write_that_was_on_its_way_proves_nothing_and_one_after_the_pause_ends_it() -> None:
    told = Told()
    told.room.refuse("the disk is full")
    told.room.make_good()
    assert told.room.why
    told.clock.advance(1)
    told.room.make_good()
    assert (told.room.why, told.room.within(10, in_flight=3), told.said) == ("", 10, ["paused", "resumed"])
    told.room.refuse("the disk is full")
    assert told.pause_s() == 1


def test_too_little_room_takes_over_from_a_refusal_without_another_word(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.room.refuse("the disk is full")
    told.room.look(MUCH)
    told.clock.advance(1)
    told.room.make_good()
    assert told.room.why.startswith("only ")
    told.room.look(None)
    assert told.said == ["paused", "resumed"]


# in the engine


def test_nothing_new_is_run_while_less_than_the_reserve_is_free(tmp_path: Path) -> None:
    with a_world(tmp_path, toml=TOML + '[run]\nreserve = "1000000 TiB"\n') as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        world.turn()
        assert (world.ran, world.state_of("REC-1/count")) == ([], "stale")
        assert "less than run.reserve (1000000 TiB)" in world.engine.standstill
        (world.folder / "workspace.toml").write_text(TOML)
        world.engine.reconfigure(load_workspace(world.folder))
        world.settle()
        assert world.read("mean/REC-1.txt") == "mean of 1"
        said = [line["event"] for line in world.lines]
        assert (said.count("paused"), said.count("resumed")) == (1, 1)


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
def test_a_run_that_cannot_be_handed_on_is_not_lost(tmp_path: Path, fault: int) -> None:
    with a_world(tmp_path) as world:
        hand_on = world.engine.tools.submit

        def refuse(*_: object) -> None:
            object.__setattr__(world.engine.tools, "submit", hand_on)
            raise OSError(fault, os.strerror(fault))

        object.__setattr__(world.engine.tools, "submit", refuse)
        for number in range(3):
            world.put(f"raw/REC-{number}.txt", "one")
        world.settle()
        world.clock.advance(2)
        world.settle()
        assert {world.read(f"mean/REC-{number}.txt") for number in range(3)} == {"mean of 1"}
        assert [run.outcome for run in world.engine.manifest.read.runs() if run.outcome is not Outcome.SUCCEEDED] == [
            Outcome.ABANDONED
        ]
        assert not world.engine.flights.in_flight
        assert not world.engine.standstill


def test_what_cannot_be_published_yet_is_published_when_it_can(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.put("raw/REC-1.txt", "one")
        world.walk()
        world.turn()
        world.run_one()
        (world.data / ".sinagotd").rename(tmp_path / "away")
        world.engine.turn(10)
        assert world.engine.standstill == f"cannot publish {world.data}: the data folder is not there"
        assert not world.engine.wants_turn
        (tmp_path / "away").rename(world.data / ".sinagotd")
        world.clock.advance(1)
        world.settle()
        assert world.read("mean/REC-1.txt") == "mean of 1"
        assert [run.outcome for run in world.engine.manifest.read.runs()] == [Outcome.SUCCEEDED] * 2
