"""The daemon stops in good order, reads its settings again, shares with nobody, and works off what there is once."""

import json
import os
import re
import signal
from typing import Any

import pytest
from daemon_process import sinagotd
from lab_world import COUNTED, RAW, SETTINGS, Lab, script

from sinagotd.core.states import Outcome

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

SLOW = script(
    RAW, COUNTED, "import time", "time.sleep(1)", "self.path.output.write_text(self.opts.get('greeting', '') + text)"
)
ONE_STEP = SETTINGS.replace('"count", "mean"', '"count"')


def greeting(text: str) -> str:
    return f"{ONE_STEP}[run.opts]\ngreeting = {json.dumps(text)}\n"


def drop_and_wait_until_it_runs(lab: Lab) -> str:
    lab.settings(ONE_STEP)
    lab.script("count", SLOW)
    lab.start()
    record = lab.new_record("slow work")
    lab.daemon.wait_for_line("running", record)
    return record


def assert_finished(lab: Lab, record: str) -> None:
    assert lab.read(f"count/{record}.txt") == "slow work"
    assert [run.outcome for run in lab.daemon.runs()] == [Outcome.SUCCEEDED]
    assert str(lab.daemon.standings()[f"{record}/count"].state) == "current"


def test_a_running_step_is_finished_and_published_before_the_daemon_stops(lab: Lab) -> None:
    record = drop_and_wait_until_it_runs(lab)
    lab.daemon.stop()
    assert_finished(lab, record)


def test_a_running_step_is_finished_also_when_a_terminal_interrupts_everything(lab: Lab) -> None:
    record = drop_and_wait_until_it_runs(lab)
    os.killpg(lab.daemon.pid, signal.SIGINT)
    lab.daemon.wait_for_end()
    assert_finished(lab, record)


def test_settings_are_read_again_on_a_hangup_and_kept_if_they_are_broken(lab: Lab) -> None:
    lab.settings(greeting("hello "))
    lab.script("count", script(RAW, COUNTED, "self.path.output.write_text(self.opts['greeting'] + text)"))
    lab.start()
    first = lab.new_record("one")
    lab.wait_current(first)
    lab.settings(greeting("good morning "))
    lab.daemon.send(signal.SIGHUP)
    lab.daemon.wait_for_line("reloaded")
    lab.daemon.wait_until(lambda: lab.read(f"count/{first}.txt") == "good morning one", "run with the new option")
    lab.settings(greeting("lost") + "[run.opts\n")
    lab.daemon.send(signal.SIGHUP)
    refusal = lab.daemon.wait_for_line("reload_refused")
    assert (refusal["level"], "workspace.toml" in refusal["why"]) == ("error", True)
    second = lab.new_record("two")
    lab.wait_current(first, second)
    assert lab.read(f"count/{second}.txt") == "good morning two"
    assert len(lab.daemon.runs(f"{first}/count")) == 2
    assert_a_second_daemon_is_refused(lab)
    lab.daemon.stop()


def assert_a_second_daemon_is_refused(lab: Lab) -> None:
    lab.settings(greeting("good morning "))
    second = sinagotd("run", lab.folder, "--workers", 1)
    assert second.returncode == 1
    assert re.search(rf"in use by process {lab.daemon.pid} on .*sinagotd run", second.stderr)
    assert "Traceback" not in second.stderr


def test_once_works_off_what_there_is_and_says_by_its_code_whether_something_failed(lab: Lab) -> None:
    records = [lab.new_record("word " * count) for count in (1, 2, 3)]
    lab.once().wait_for_end(0)
    assert [lab.results(record) for record in records] == [(str(n), f"mean of {n}") for n in (1, 2, 3)]
    lab.script("mean", "raise SystemExit('no')\n" + script(COUNTED, ("mean", "{id}.txt"), "pass"))
    lab.once().wait_for_end(1)
    assert states_of(lab) == {"count": {"current"}, "mean": {"failed"}}


def states_of(lab: Lab) -> dict[str, set[str]]:
    rows: list[dict[str, Any]] = json.loads(lab.command("status", lab.folder, "--json"))
    return {step: {row["state"] for row in rows if row["step"] == step} for step in ("count", "mean")}
