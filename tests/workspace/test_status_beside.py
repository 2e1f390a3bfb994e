"""How steps stand while other processes run them, or ask as well (specs of sinagot §9; defect D8)."""

import json
import subprocess
import sys
import threading
import time

from click.testing import CliRunner
from daemon_process import daemon_on
from reading_world import HARBOUR, harbour, script

from sinagotd.cli.main import sinagotd as command_line
from sinagotd.core.states import State
from sinagotd.manifest.lock import Lock

FIRST = "REC-20200601"


def codes(scope):
    return scope.steps.status().step_status.tolist()


def test_reading_works_while_another_process_owns_the_workspace(tmp_path):
    ws = harbour(tmp_path)
    ws.records.get(FIRST).steps.run(progress=False)
    with Lock.acquire(ws.opened.state_path, command="somebody", at=time.time()):
        assert codes(ws) == [30, 30, 10, 10, 10, 10]
        assert ws.records.count() == 3
        assert len(ws.records.get(FIRST).logs()) == 6
        assert "current" in str(ws.records.get(FIRST).explain())


def test_a_run_of_another_process_reads_20_until_that_process_dies_d8(tmp_path):
    slow = script("raw/{id}-raw.csv", "{id}.x", "__import__('time').sleep(25)")
    ws = harbour(tmp_path, **{"scripts/count.py": slow})
    step = ws.records.get(FIRST).steps.get("count")
    run = f"Workspace({str(tmp_path)!r})[{FIRST!r}].steps.run('count', scheduler='processes', progress=False)"
    code = f"from sinagotd import Workspace\nif __name__ == '__main__':\n    {run}"
    runner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    try:
        assert becomes(step, State.RUNNING.code)
    finally:
        runner.kill()
        runner.wait()
    assert becomes(step, State.STALE.code)
    assert step.model.steps.states().why[0] == "it was running when the process that ran it ended"


def becomes(step, code, within_s=50):
    """Poll until a step has this status code."""
    end = time.monotonic() + within_s
    while time.monotonic() < end and step.status() != code:
        time.sleep(0.05)
    return step.status() == code


def test_statuses_may_be_asked_for_in_several_threads(tmp_path):
    ws = harbour(tmp_path)
    answers: list[list[int]] = []
    threads = [threading.Thread(target=lambda: answers.append(codes(ws))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[10] * 6] * 4


def test_the_library_and_the_command_give_the_same_answer(tmp_path):
    toml = HARBOUR["workspace.toml"] + '[watch]\nsettle = "0s"\n'
    ws = harbour(tmp_path, **{"workspace.toml": toml, f"dataset/computed/{FIRST}-mean.csv": "1"})
    ws.records.get(FIRST).steps.run("count", progress=False)
    ws.records.get("REC-20200602").steps.run(progress=False)
    (ws.data_path / "raw/REC-20200602-raw.csv").write_text("changed")
    (tmp_path / "scripts/mean.py").write_text("class Script(:\n")
    told = CliRunner().invoke(command_line, ["status", str(tmp_path), "--json"])
    rows = [(row["record"], row["label"], row["code"], row["state"], row["why"]) for row in json.loads(told.stdout)]
    frame = ws.steps.states()[["record_id", "step_label", "step_status", "state", "why"]]
    assert sorted(rows) == sorted(tuple(row) for row in frame.itertuples(index=False))
    assert set(frame.state) == {"current", "stale", "quarantined"}


def test_a_notebook_looks_on_while_a_daemon_works(tmp_path):
    ws = harbour(tmp_path)
    with daemon_on(tmp_path, "--inline") as daemon:
        daemon.wait_until(lambda: codes(ws) == [30] * 6, "all steps to be done, as the notebook sees it")
        assert ws.opened.owner().pid == daemon.pid
        (ws.data_path / "raw/REC-20200604-raw.csv").write_text("boat,size\nEda,3\n")
        assert ws.records.count() == 4
        daemon.wait_until(lambda: codes(ws) == [30] * 8, "the new record to be done")
        record = ws.records["REC-20200604"]
        assert record.results.count["size"].tolist() == [3]
        assert record.logs().message.tolist()[0] == "Run finished"
        assert "succeeded" in str(record.explain("count"))
