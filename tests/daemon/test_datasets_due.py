"""When a dataset is built, and what is built once."""

from pathlib import Path

import pytest
from kept_world import PUBLISHED, UNCHANGED, AtWork, World

from sinagotd.daemon import events


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.end()


def test_what_was_never_built_is_built_at_once_behind_every_step(world):
    (order,) = world.begin("harbor").turn()
    job = order.opts["job"]
    assert world.runner.priorities == [-1]
    assert order.timeout_s == 21600.0
    assert (job["name"], job["errand"]) == ("harbor", "build")
    assert job["declaration"]["output"] == str(world.folder / "tables/harbor.parquet")
    assert Path(order.staging).parents[1].is_dir()


def test_one_dataset_is_built_at_a_time(world):
    (first,) = world.begin("harbor", "lake").turn()
    assert world.turn(after=100.0) == []
    world.report(first, PUBLISHED)
    (second,) = world.turn()
    assert {first.record, second.record} == {"harbor", "lake"}


def test_a_file_that_changes_is_built_when_it_was_quiet(world):
    world.begin("harbor").built()
    world.now += 1000.0
    world.write("study/sub-1/a.csv")
    world.hear_touch()
    assert world.turn(after=29.0) == []
    assert len(world.turn(after=1.0)) == 1


def test_what_changes_while_it_is_built_is_built_again(world):
    (order,) = world.begin("harbor").turn()
    world.write("study/a.csv")
    world.hear_touch()
    world.report(order, PUBLISHED)
    assert world.turn() == []
    assert len(world.turn(after=60.0)) == 1


def test_what_it_publishes_itself_is_no_change(world):
    world.begin("harbor", output="study/harbor.parquet").built()
    for path in ("harbor.parquet", "harbor.versions.json", "harbor.problems.csv", ".harbor.parquet.versions/1/x"):
        world.write(f"study/{path}")
    world.hear_all()
    assert world.turn(after=1000.0) == []
    world.write("study/harbor-2.csv")
    world.hear_all()
    assert len(world.turn(after=1000.0)) == 1


def test_what_no_watch_saw_is_looked_for_once_in_a_while(world):
    world.begin("harbor").built()
    assert world.turn(after=10_000.0) == []
    world.datasets.hear(events.RootsDue())
    assert len(world.turn(after=30.0)) == 1


def test_a_root_that_cannot_be_watched_is_told_and_looked_at_all_the_same(world):
    world.begin("harbor", roots=["nowhere"]).datasets.hear(events.WatchCheckDue())
    (line,) = world.said("root_watching")
    assert line["mode"] == "scanning"
    assert len(world.turn()) == 1


def test_an_interval_is_kept_over_a_restart(world):
    world.begin("harbor", schedule="1h").built()
    world.begin("harbor", schedule="1h")
    assert world.turn(after=3599.0) == []
    assert len(world.turn(after=1.0)) == 1


@pytest.mark.parametrize("schedule", ["1h", "0 * * * *"])
def test_many_times_that_went_by_are_one_build(world, schedule):
    """P12."""
    world.begin("harbor", schedule=schedule, verify="off").built()
    world.built(after=10.5 * 3600)
    assert world.turn(after=60.0) == []


def test_after_a_restart_it_is_looked_at_what_changed_meanwhile(world):
    world.begin("harbor").built()
    world.now += 1000.0
    world.begin("harbor")
    assert len(world.turn(after=30.0)) == 1


def test_a_dataset_by_command_is_left_alone(world):
    world.begin("harbor", schedule="off")
    world.datasets.hear(events.RootsDue())
    assert world.turn(after=1e6) == []


def test_a_workspace_at_work_makes_its_datasets_dirty_until_it_rests(world):
    world.begin("harbor", roots=[], workspace="lab").built()
    file = world.folder / "lab/workspace.toml"
    world.now += 1000.0
    for _ in range(5):
        assert world.turn(AtWork(file, at_rest=False), after=10.0) == []
    assert world.turn(AtWork(file, at_rest=True), after=29.0) == []
    assert len(world.turn(AtWork(file, at_rest=True), after=1.0)) == 1


def test_another_workspace_at_work_is_no_reason(world):
    world.begin("harbor", roots=[], workspace="lab").built()
    world.turn(AtWork(world.folder / "other/workspace.toml", at_rest=False), after=10.0)
    assert world.turn(after=1e4) == []


def test_once_means_each_one_time_when_no_workspace_is_at_work(world):
    world.begin("harbor", "lake", once=True, schedule="1d")
    assert world.turn(AtWork(world.folder, at_rest=False)) == []
    assert not world.datasets.at_rest
    world.built()
    world.built(UNCHANGED)
    assert world.turn(after=1e6) == []
    assert world.datasets.at_rest


def test_once_leaves_what_is_built_by_command_only(world):
    world.begin("harbor", once=True, schedule="off")
    assert world.turn() == []
    assert world.datasets.at_rest
