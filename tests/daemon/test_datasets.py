"""What comes of builds and checks of datasets in the daemon: told, remembered, counted, tried again."""

import json
from pathlib import Path

import pytest
from kept_world import PUBLISHED, UNCHANGED, World

from sinagotd.core.states import Outcome
from sinagotd.daemon import events
from sinagotd.daemon.datasets.desk import Remembered
from sinagotd.daemon.datasets.jobs import Errand
from sinagotd.daemon.loop import Loop, Parts
from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.sites import Sites
from sinagotd.daemon.vitals import Vitals
from sinagotd.errors import ConfigError
from sinagotd.runner.protocol import RunEnded, RunLost, RunSaid
from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.orders import LogLine, Receipt, RunError


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.end()


def test_a_build_is_told_with_its_figures_and_leaves_no_staging(world):
    order = world.begin("harbor").built()
    (line,) = world.said("dataset_built")
    assert (line["dataset"], line["version"], line["rows"], line["why"]) == ("harbor", 1, 2, "it is new")
    assert not Path(order.staging).exists()
    assert world.known().report == PUBLISHED


@pytest.mark.parametrize(
    ("status", "event", "level"),
    [("unchanged", "dataset_unchanged", "info"), ("kept", "dataset_kept", "warning")],
)
def test_what_publishes_nothing_says_so(world, status, event, level):
    world.begin("harbor").built(PUBLISHED | {"status": status, "why": "because"})
    (line,) = world.said(event)
    assert (line["level"], line["why"]) == (level, "because")
    assert world.turn(after=1e4) == []


def test_a_build_that_fails_is_told_and_tried_again_with_pauses(world):
    world.begin("harbor")
    world.fails(RunError(ErrorKind.TIMED_OUT, "it ran longer than 6h"))
    (line,) = world.said("dataset_failed")
    assert (line["level"], line["why"]) == ("error", "it ran longer than 6h")
    assert "dataset harbor is not built: it ran longer than 6h" in world.datasets.status
    assert world.datasets.failing == ["harbor"]
    assert world.turn(after=59.0) == []
    world.fails(RunError("ZeroDivisionError", "division by zero", "Traceback"), after=1.0)
    assert world.said("dataset_failed")[1]["why"] == "ZeroDivisionError: division by zero"
    assert world.turn(after=119.0) == []
    world.built(after=1.0)
    assert world.datasets.failing == []
    assert world.known().failures == 0


def test_a_failure_is_remembered_over_a_restart(world):
    world.begin("harbor")
    world.fails(RunError(ErrorKind.PROCESS_ENDED, "signal 9"))
    world.begin("harbor", schedule="1d")
    assert world.turn(after=59.0) == []
    assert len(world.turn(after=1.0)) == 1


def test_a_fault_that_the_build_tells_itself_is_a_failure_too(world):
    world.begin("harbor").built({"status": "failed", "why": "no such root"})
    assert world.known().fault == "no such root"


def test_a_lost_build_that_left_its_receipt_counts(world):
    (order,) = world.begin("harbor").turn()
    staging = Path(order.staging)
    staging.mkdir(parents=True)
    (staging / "report.json").write_text(json.dumps(PUBLISHED))
    (staging / "result.json").write_text(Receipt(order.run_id, Outcome.SUCCEEDED).to_json())
    assert world.datasets.hear(RunLost(order.run_id, "the worker died"))
    assert world.said("dataset_built")


def test_a_lost_build_is_tried_again(world):
    (order,) = world.begin("harbor").turn()
    world.datasets.hear(RunLost(order.run_id, "the worker died"))
    assert world.said("dataset_failed")[0]["why"] == "the worker died"
    assert len(world.turn(after=60.0)) == 1


@pytest.mark.parametrize("text", ["[", "[1]", "{}", '{"status": 1, "why": ""}', None])
def test_a_report_that_cannot_be_read_is_a_failure(world, text):
    (order,) = world.begin("harbor").turn()
    if text is not None:
        Path(order.staging).mkdir(parents=True)
        (Path(order.staging) / "report.json").write_text(text)
    world.datasets.hear(RunEnded(order.run_id, Receipt(order.run_id, Outcome.SUCCEEDED)))
    assert "its report cannot be read" in world.said("dataset_failed")[0]["why"]


def test_an_output_that_cannot_be_made_is_told_and_the_next_dataset_is_built(world):
    (world.folder / "tables").write_text("in the way")
    world.begin("harbor", "lake", output="tables/{name}.csv")
    assert world.turn() == []
    assert "tables" in world.said("dataset_failed")[0]["why"]
    assert world.said("dataset_not_remembered")


def test_a_bug_costs_one_dataset_not_the_daemon(world, monkeypatch):
    world.begin("harbor")
    monkeypatch.setattr(world.runner, "submit", lambda *_, **__: 1 / 0)
    assert world.turn() == []
    assert "this is a bug in sinagotd" in world.said("dataset_failed")[0]["why"]


def test_sources_that_strangers_may_write_are_not_run(world):
    (world.folder / "mine.py").write_text("")
    (world.folder / "mine.py").chmod(0o666)
    assert world.begin("harbor", sources_from=["mine.py"]).turn() == []
    assert "everybody may write it" in world.said("dataset_failed")[0]["why"]


def test_what_is_remembered_may_be_damaged(world):
    world.begin("harbor").built()
    for text in ("", "[]", '{"began_at": "x"}', '{"failures": []}', '{"report": 3}', "\udcff"):
        (world.folder / "tables/.sinagotd/datasets/harbor.json").write_text(text, errors="surrogateescape")
        assert world.known() == Remembered()


def test_an_answer_about_the_run_of_a_step_is_for_others(world):
    world.begin("harbor").turn()
    for event in (RunEnded("other", Receipt("other", Outcome.SUCCEEDED)), RunLost("other", ""), events.UpkeepDue()):
        assert not world.datasets.hear(event)


def test_what_a_build_says_is_its_progress(world):
    (order,) = world.begin("harbor").turn()
    assert world.datasets.hear(RunSaid(order.run_id, LogLine(0, 0.0, "INFO", "120 of 3000 rows")))
    assert "; building harbor: 120 of 3000 rows" in world.datasets.status


def test_what_an_earlier_process_left_is_swept(world):
    left = world.folder / "tables/.sinagotd/datasets/staging/harbor-0123"
    left.mkdir(parents=True)
    world.begin("harbor")
    assert not left.exists()


def test_what_is_published_is_checked_between_builds(world):
    world.begin("harbor").built()
    (order,) = world.turn(after=86_400.0)
    assert order.opts["job"]["errand"] == "check"
    world.report(order, {"status": "checked", "why": "60 rows are as a build from scratch makes them"})
    assert world.said("dataset_checked")
    assert world.turn(after=86_399.0) == []
    assert len(world.turn(after=1.0)) == 1


def test_a_mismatch_is_an_error_in_log_and_status(world):
    world.begin("harbor").built()
    (order,) = world.turn(after=86_400.0)
    world.report(order, {"status": "wrong", "why": "2 cells differ", "cells": ["a", "b"]})
    (line,) = world.said("dataset_wrong")
    assert (line["level"], line["why"]) == ("error", "2 cells differ")
    assert "dataset harbor is wrong: 2 cells differ" in world.datasets.status


def test_a_check_that_fails_waits_for_its_next_time(world):
    world.begin("harbor").built()
    world.fails(RunError(ErrorKind.TIMED_OUT, "too long"), after=86_400.0)
    assert world.turn(after=3600.0) == []
    assert world.known().failures == 0


def test_it_may_be_never_checked(world):
    world.begin("harbor", verify="off").built()
    assert world.turn(after=1e9) == []


def test_the_loop_builds_and_is_not_at_rest_before(world):
    world.begin("harbor", once=True)
    sites = Sites({}, world.inbox, world.runner, world.log, patient=True)
    sites.begin()
    notifier = Notifier(Vitals(world.log))
    loop = Loop(Parts(world.inbox, sites, world.runner, notifier, world.log, print, datasets=world.datasets))
    assert not loop.at_rest
    loop.tick(room=0)
    assert world.runner.orders == []
    loop.tick()
    (order,) = world.runner.orders
    Path(order.staging).mkdir(parents=True)
    (Path(order.staging) / "report.json").write_text(json.dumps(PUBLISHED))
    loop.handle(RunEnded(order.run_id, Receipt(order.run_id, Outcome.SUCCEEDED)))
    assert loop.at_rest


# together with commands


def test_who_builds_it_by_command_meanwhile_is_no_failure(world):
    world.begin("harbor").built({"status": "busy", "why": "another process is building it just now"})
    (line,) = world.said("dataset_busy")
    assert line["level"] == "info"
    assert (world.datasets.failing, world.datasets.status) == ([], "")
    assert world.turn(after=59.0) == []
    world.built(after=1.0)
    assert world.known().counts == {"busy": 1, "published": 1}


def test_what_a_command_did_is_taken_up(world):
    world.begin("harbor")
    world.fails(RunError("ValueError", "no"))
    assert world.datasets.failing == ["harbor"]
    file = world.folder / "tables/.sinagotd/datasets/harbor.json"
    world.known().after(Errand.BUILD, PUBLISHED, world.now).write(file)
    world.datasets.hear(events.RootsDue())
    assert world.datasets.failing == []
    world.known().after(Errand.CHECK, {"status": "wrong", "why": "2 cells differ"}, world.now).write(file)
    world.built(UNCHANGED, after=100.0)
    assert world.known().is_wrong
    assert world.known().counts == {"failed": 1, "published": 1, "wrong": 1, "unchanged": 1}


# declared anew


def test_datasets_that_are_declared_anew_are_kept_as_they_are_declared_now(world):
    (order,) = world.begin("harbor").turn()
    (world.folder / "lake").mkdir()
    world.declare("lake", roots=["lake"])
    world.datasets.reload()
    world.report(order, PUBLISHED)
    assert [order.record for order in world.turn(after=100.0)] == ["lake"]
    world.report(world.runner.orders[-1], PUBLISHED)
    world.now += 1000.0
    world.write("study/a.csv")
    world.write("lake/a.csv")
    world.hear_all()
    assert [order.record for order in world.turn(after=30.0)] == ["lake"]


def test_what_cannot_be_used_leaves_the_datasets_as_they_were(world):
    world.begin("harbor").built()
    for text, why in (("[datasets.harbor]\nroots = 7\n", "roots"), ("[", "TOML")):
        (world.folder / "sinagotd.toml").write_text(text)
        with pytest.raises(ConfigError, match=why):
            world.datasets.reload()
    world.declare("harbor")
    (world.folder / "sinagotd.toml").chmod(0o666)
    with pytest.raises(ConfigError, match="everybody may write it"):
        world.datasets.reload()
    world.now += 1000.0
    world.write("study/a.csv")
    world.hear_all()
    assert len(world.turn(after=30.0)) == 1
