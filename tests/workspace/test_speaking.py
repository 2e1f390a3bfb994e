"""What is said on standard output and written to the records' logs while steps run (specs §11)."""

import contextlib
import io
import logging
import re
from datetime import datetime
from pathlib import Path

import pytest
from running_world import COUNT, RAISE, SCOPED, World

from sinagotd.engine.record_log import RecordLine
from sinagotd.workspace.opened import Wanted
from sinagotd.workspace.running import RunOptions, run_steps
from sinagotd.workspace.running.speaking import sinagot_line

LINE = re.compile("REC-1 \\| \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3} \\|\u00a0(.+) : (.+)")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.raw("REC-1")
    return world


def test_a_line_is_sinagots_to_the_byte_with_its_no_break_space() -> None:
    at = datetime(2020, 8, 20, 11, 19, 11, 530_400).astimezone().timestamp()
    unit = RecordLine("REC-20200602", "count", 0, "Init run", at, {})
    assert sinagot_line(unit) == "REC-20200602 | 2020-08-20 11:19:11,530 |\u00a0count : Init run"
    scoped = RecordLine("REC-200319-A", "RS/EEG/preprocess", 0, "Init run", at, {})
    assert sinagot_line(scoped) == "REC-200319-A | 2020-08-20 11:19:11,530 |\u00a0RS-EEG-preprocess : Init run"


@pytest.mark.parametrize("scheduler", ["main_process", "threads", "processes"])
def test_the_lines_of_a_run_come_once_in_sinagots_order_wherever_it_runs_d21(world: World, scheduler: str) -> None:
    world.script("count", f"self.logger.info('words')\n{COUNT}")
    world.run(unit=(None, None, "count"), scheduler=scheduler)
    assert all(LINE.fullmatch(line) for line in world.said)
    assert world.messages("count") == ["Init run", "Processing run", "words", "Run finished"]
    assert [line["message"] for line in world.log("REC-1") if line["step_label"] == "count"] == world.messages("count")


def test_a_log_line_has_the_nine_keys_in_their_order_and_a_zone_after_them_d50(world: World) -> None:
    world.run()
    line = world.log("REC-1")[-1]
    assert list(line)[:10] == [
        "log_from", "record_id", "scope", "task", "modality", "step_label", "step_status", "message", "time", "time_zone",
    ]  # fmt: skip
    assert line["time_zone"] == "UTC"
    assert [each["step_status"] for each in world.log("REC-1") if each["step_label"] == "count"] == [0, 20, 30]


def test_the_name_of_a_step_says_task_and_modality(tmp_path: Path) -> None:
    world = World(tmp_path, toml=SCOPED)
    world.script("EEG/clean", COUNT, writes=("clean-{task}", "{id}.txt"))
    world.raw("REC-1")
    world.run(unit=("MMN", "EEG", None))
    assert world.messages("MMN-EEG-clean")[-1] == "Run finished"
    assert {line["task"] for line in world.log("REC-1") if line["message"] == "Run finished"} == {"MMN"}


def test_what_a_helper_logs_on_any_logger_breaks_nothing_d44(world: World) -> None:
    world.script("count", f"import logging\nlogging.getLogger('sinagot').warning('plain')\n{COUNT}")
    assert world.run("REC-1")
    assert "plain" in world.messages("count")
    logging.getLogger("sinagot").info("outside of a run")


def test_the_level_of_the_workspace_holds_d45(world: World) -> None:
    world.settings("[log]", 'level = "WARNING"')
    world.script("count", f"self.logger.info('quiet')\nself.logger.warning('loud')\n{RAISE}")
    world.run()
    assert world.messages() == ["loud", "ValueError: a bad word"]
    assert logging.getLogger("sinagot").level == logging.NOTSET


def test_handlers_that_people_added_hear_the_lines_with_their_fields(world: World) -> None:
    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = heard.append  # type: ignore[method-assign]
    logging.getLogger("sinagot").addHandler(handler)
    try:
        world.run(unit=(None, None, "count"))
    finally:
        logging.getLogger("sinagot").removeHandler(handler)
    assert [record.getMessage() for record in heard] == ["Init run", "Processing run", "Run finished"]
    assert {(record.record_id, record.step_label) for record in heard} == {("REC-1", "count")}  # type: ignore[attr-defined]


def test_what_a_script_prints_is_seen_wherever_it_runs(world: World) -> None:
    world.script("count", f"print('by hand')\n{COUNT}")
    for scheduler in ("main_process", "processes"):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            run_steps(world.opened(), Wanted(), RunOptions(scheduler=scheduler, force=True))
        assert printed.getvalue().splitlines().count("by hand") == 1


def test_a_table_log_may_have_any_of_its_keys_d46(world: World) -> None:
    world.settings("[log]", 'format = "%(message)s"')
    assert world.run()


def test_the_standard_output_of_the_moment_is_used_d51(world: World) -> None:
    opened = world.opened()
    first, second = io.StringIO(), io.StringIO()
    for stream in (first, second):
        with contextlib.redirect_stdout(stream):
            run_steps(opened, Wanted(), RunOptions())
    assert "Run finished" in first.getvalue()
    assert "Run already processed" in second.getvalue()
    assert "Run finished" not in second.getvalue()
