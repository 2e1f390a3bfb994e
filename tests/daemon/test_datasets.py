"""Datasets in the daemon by hand: real settings, real watches, a clock that is told, and builds that end as the test says."""

import json
from contextlib import suppress
from pathlib import Path
from queue import Empty

import pytest
import structlog

from sinagotd.core.states import Outcome
from sinagotd.daemon import events
from sinagotd.daemon.datasets.desk import Remembered
from sinagotd.daemon.datasets.keeping import Datasets
from sinagotd.daemon.loop import Loop, Parts
from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.sites import Sites
from sinagotd.daemon.vitals import Vitals
from sinagotd.runner.protocol import RunEnded, RunLost, RunSaid
from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.orders import LogLine, Receipt, RunError
from sinagotd.settings.daemon import load_daemon

PUBLISHED = {"status": "published", "why": "it is new", "version": 1, "rows": 2, "problems": 0}
UNCHANGED = PUBLISHED | {"status": "unchanged", "why": "nothing changed"}
LIMIT_S = 20.0
QUIET_S = 0.5


class ByHand:
    """A runner whose runs end when the test says so."""

    window = 4
    trouble = ""

    def __init__(self):
        self.orders = []
        self.priorities = []

    def submit(self, order, *, priority=0):
        self.orders.append(order)
        self.priorities.append(priority)


class World:
    """A service with datasets and no workspace; time stands still until it is told to go on."""

    def __init__(self, folder):
        self.folder = folder
        self.now = 1_000_000.0
        self.lines = []
        self.inbox = events.Inbox()
        self.runner = ByHand()
        self.log = structlog.wrap_logger(
            structlog.ReturnLogger(), processors=[self._hear], wrapper_class=structlog.BoundLogger
        )
        self.datasets = None

    def begin(self, *names, more="", once=False, **settings):
        """Start with these datasets, as a new process would."""
        self.end()
        text = more
        for name in names:
            keys = {"roots": ["study"], "output": "tables/{name}.parquet"} | settings
            text += f"[datasets.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        (self.folder / "study").mkdir(exist_ok=True)
        (self.folder / "sinagotd.toml").write_text(text)
        self.settings = load_daemon(self.folder)
        self.datasets = Datasets(self.settings, self.inbox, self.runner, self.log, once=once, clock=lambda: self.now)
        self.datasets.start()
        return self

    def end(self):
        if self.datasets is not None:
            self.datasets.stop()

    def _hear(self, _logger, method, event):
        self.lines.append(event | {"level": method})
        return ""

    def turn(self, *sites, after=0.0):
        """Let it take a turn, `after` seconds; gives the orders that it submitted."""
        self.now += after
        before = len(self.runner.orders)
        self.datasets.turn(sites)
        return self.runner.orders[before:]

    def report(self, order, report):
        """The build of this order comes to its end."""
        staging = Path(order.staging)
        staging.mkdir(parents=True)
        (staging / order.outputs[""]).write_text(json.dumps(report))
        assert self.datasets.hear(RunEnded(order.run_id, Receipt(order.run_id, Outcome.SUCCEEDED)))

    def built(self, report=PUBLISHED, *, after=0.0):
        (order,) = self.turn(after=after)
        self.report(order, report)
        return order

    def fails(self, error, *, after=0.0):
        (order,) = self.turn(after=after)
        self.datasets.hear(RunEnded(order.run_id, Receipt(order.run_id, Outcome.FAILED, error=error)))

    def write(self, path, text="x"):
        """Write a file, and hand on what the watcher says of it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def hear_touch(self):
        assert self.datasets.hear(self.inbox.get(timeout=LIMIT_S))

    def hear_all(self):
        """As long as the watcher has something to say; at least once."""
        self.hear_touch()
        with suppress(Empty):
            while True:
                assert self.datasets.hear(self.inbox.get(timeout=QUIET_S))

    def said(self, event):
        return [line for line in self.lines if line["event"] == event]

    def known(self, name="harbor"):
        return Remembered.read(self.folder / f"tables/.sinagotd/datasets/{name}.json")


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.end()


class AtWork:
    """A workspace as far as datasets look at it."""

    def __init__(self, file, *, at_rest):
        self.settings = type("Settings", (), {"config_path": file})
        self.at_rest = at_rest


# when


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


# once


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


# what came of it


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


# checks


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


# in the loop


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
