"""A step that fails, however badly, costs itself only: its old output stays, people see why, the others go on."""

import json
import signal
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import psutil
import pytest
from daemon_process import Daemon
from lab_world import COUNTED, RAW, SETTINGS, Lab, a_lab, script

from sinagotd.core.states import Outcome, State
from sinagotd.manifest.rows import RunRow

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

CALIBRATED = script(
    RAW,
    COUNTED,
    "if 'bad' in text:",
    "    raise ValueError('a bad word')",
    "if 'calibrated' in text:",
    "    open(self.opts['calibration']).close()",
    "self.path.output.write_text(str(len(text.split())))",
)
HOSTILE = script(
    RAW,
    ("hostile", "{id}.txt"),
    "import os, subprocess, time",
    "self.path.output.write_text('half')",
    "if 'exit' in text:",
    "    os._exit(3)",
    "if 'hang' in text:",
    "    subprocess.Popen(['sleep', '600'])",
    "    time.sleep(600)",
    "if 'slow' in text:",
    "    time.sleep(3)",
    "self.path.output.write_text('done with ' + text)",
)
MORE_SETTINGS = """
[run]
backoff = "200ms"
[run.opts]
calibration = {calibration}
[run.steps.hostile]
attempts = 1
timeout = "1s"
[run.steps.slow]
attempts = 1
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One daemon for all, which no failure of a step may end."""
    home = tmp_path_factory.mktemp("failures")
    settings = SETTINGS.replace('"mean"', '"hostile", "slow"')
    settings += MORE_SETTINGS.format(calibration=json.dumps(str(home / "calibration")))
    slow = HOSTILE.replace('"hostile"', '"slow"').replace("'hostile'", "'slow'").replace("'exit'", "'never'")
    with a_lab(home, settings, count=CALIBRATED, hostile=HOSTILE, slow=slow.replace("'hang'", "'never'")) as made:
        made.start()
        yield made
        made.daemon.stop()


def wait_for_state(lab: Lab, key: str, state: State) -> None:
    lab.daemon.wait_until(lambda: lab.daemon.state(key) is state, f"{key} {state}")


def only_row(text: str, **wanted: str) -> dict[str, Any]:
    rows = [row for row in json.loads(text) if all(row[name] == value for name, value in wanted.items())]
    (row,) = rows
    return dict(row)


def wait_until_others_go_on(lab: Lab) -> None:
    other = lab.new_record("good words")
    lab.wait_current(other)
    assert lab.read(f"count/{other}.txt") == "2"


def test_a_script_that_raises_keeps_its_old_output_and_is_tried_again_later_and_then_left_alone(lab: Lab) -> None:
    record = lab.new_record("a good one")
    lab.wait_current(record)
    lab.put(f"raw/{record}.txt", "a bad one")
    key = f"{record}/count"
    wait_for_state(lab, key, State.QUARANTINED)
    assert lab.read(f"count/{record}.txt") == "3"
    first, *tries = lab.daemon.runs(key)
    assert first.outcome is Outcome.SUCCEEDED
    assert [(run.attempt, run.outcome) for run in tries] == [(number, Outcome.FAILED) for number in (1, 2, 3)]
    assert [state["event"] for state in lab.daemon.lines(record=record) if state["step"] == "count"][
        -1
    ] == "quarantined"
    assert [pause >= least for pause, least in zip(pauses(tries), [0.2, 0.4], strict=True)] == [True, True]
    wait_until_others_go_on(lab)
    assert len(lab.daemon.runs(key)) == 4


def pauses(runs: list[RunRow]) -> list[float]:
    """Seconds between the end of each run and the claim of the next."""
    return [after.claimed_at - (run.ended_at or 0.0) for run, after in pairwise(runs)]


def test_status_and_explain_tell_of_a_failure_with_its_traceback(lab: Lab) -> None:
    record = lab.new_record("bad from the start")
    key = f"{record}/count"
    wait_for_state(lab, key, State.QUARANTINED)
    status = only_row(lab.command("status", lab.folder, "--json"), record=record, step="count")
    assert (status["state"], status["code"], status["reason"]) == ("quarantined", 40, "gave_up")
    assert "ValueError: a bad word" in status["why"]
    explained = only_row(lab.command("explain", key, "--workspace", lab.folder, "--json"))
    error = explained["runs"][0]["error"]
    assert (error["type"], error["message"]) == ("ValueError", "a bad word")
    assert "raise ValueError('a bad word')" in error["traceback"]


def test_logs_tell_of_a_failure_with_its_traceback(lab: Lab) -> None:
    record = lab.new_record("bad from the start")
    wait_for_state(lab, f"{record}/count", State.QUARANTINED)
    logged = lab.command("logs", lab.folder, "--record", record, "--step", "count", "--json")
    assert [json.loads(line)["event"] for line in logged.splitlines()][-1] == "quarantined"
    assert "ValueError: a bad word" in logged
    assert "raise ValueError('a bad word')" in logged


def test_retry_runs_a_quarantined_step_again_once_what_it_lacked_is_there(lab: Lab) -> None:
    record = lab.new_record("calibrated words here")
    key = f"{record}/count"
    wait_for_state(lab, key, State.QUARANTINED)
    assert "FileNotFoundError" in lab.daemon.standings()[key].sentence
    (lab.folder.parent / "calibration").touch()
    asked = lab.command("retry", key, "--workspace", lab.folder, "--json")
    assert key in asked
    lab.wait_current(record)
    assert lab.read(f"count/{record}.txt") == "3"


@pytest.mark.parametrize(
    ("word", "outcome", "says"), [("exit", Outcome.FAILED, "exit"), ("hang", Outcome.TIMED_OUT, "1s")]
)
def test_a_step_that_ends_its_own_process_or_hangs_ends_alone(lab: Lab, word: str, outcome: Outcome, says: str) -> None:
    record = lab.new_record(f"please {word} now")
    wait_until_others_go_on(lab)
    wait_for_state(lab, f"{record}/hostile", State.QUARANTINED)
    (run,) = lab.daemon.runs(f"{record}/hostile")
    assert run.outcome is outcome
    assert says in (run.error.message if run.error else "")
    assert lab.read(f"hostile/{record}.txt") is None
    lab.daemon.wait_until(lambda: sleepers(lab.daemon) == [], "what the script had started gone")
    wait_until_others_go_on(lab)


def sleepers(daemon: Daemon) -> list[int]:
    return [process.pid for process in daemon.family() if process.name() == "sleep"]


def test_a_step_whose_worker_is_killed_is_charged_to_nobody_and_runs_again(lab: Lab) -> None:
    record = lab.new_record("slow work")
    key = f"{record}/slow"
    lab.daemon.wait_until(lambda: any(run.pid for run in lab.daemon.runs(key)), f"{key} running")
    worker = worker_of(lab.daemon, lab.daemon.runs(key)[0].pid)
    worker.send_signal(signal.SIGKILL)
    wait_until_others_go_on(lab)
    wait_for_state(lab, key, State.CURRENT)
    assert lab.read(f"slow/{record}.txt") == "done with slow work"
    runs = lab.daemon.runs(key)
    assert [(run.attempt, run.outcome) for run in runs] == [(1, Outcome.ABANDONED), (1, Outcome.SUCCEEDED)]
    assert lab.daemon.lines("abandoned", record)


def worker_of(daemon: Daemon, pid: int) -> psutil.Process:
    """The child of the daemon from which this process descends."""
    return next(process for process in psutil.Process(pid).parents() if process.ppid() == daemon.pid)
