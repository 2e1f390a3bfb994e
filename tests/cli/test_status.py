import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from sinagotd.cli.matrix import Frame, picture
from sinagotd.cli.places import find_places
from sinagotd.cli.screen import make_console
from sinagotd.cli.viewing import View, viewer
from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.manifest.lock import Lock
from sinagotd.manifest.opening import open_manifest
from sinagotd.manifest.rows import Standing
from sinagotd.scripts.orders import RunOrder

Json = Callable[..., Any]


def test_records_stand_by_steps_under_the_counts(worked: Any) -> None:
    lines = [line.rstrip() for line in worked("status").stdout.splitlines()]

    assert lines[0] == f"{worked.path}: no daemon is running: as found on disk just now"
    assert lines[1].startswith("4 current, 1 quarantined")
    assert lines[1].endswith("1 blocked") or "1 blocked (for " in lines[1]
    assert [line.split() for line in lines[3:7]] == [
        ["record", "count", "mean"],
        ["REC-1", "current", "current"],
        ["REC-2", "current", "current"],
        ["REC-3", "quarantined", "blocked"],
    ]
    assert lines[8].startswith(
        "REC-3/count  quarantined  it failed too often and is left alone: ValueError: cannot [bold]"
    )


def test_json_is_a_list_of_steps_with_sinagots_codes(worked: Any, json_of: Json) -> None:
    rows = {(row["record"], row["step"]): row for row in json_of(worked("status", "--json"))}

    assert {key: (row["state"], row["code"]) for key, row in rows.items()} == {
        ("REC-1", "count"): ("current", 30),
        ("REC-1", "mean"): ("current", 30),
        ("REC-2", "count"): ("current", 30),
        ("REC-2", "mean"): ("current", 30),
        ("REC-3", "count"): ("quarantined", 40),
        ("REC-3", "mean"): ("blocked", 0),
    }
    blocked = rows["REC-3", "mean"]
    assert (blocked["reason"], blocked["why"]) == ("upstream_blocked", "the upstream step count cannot go on")
    assert blocked["since"].endswith("+00:00")
    assert blocked["until"] is None


def test_steps_can_be_picked_by_state_and_record(worked: Any, json_of: Json) -> None:
    troubled = json_of(worked("status", "--json", "--state", "quarantined", "--state", "blocked"))
    of_one = worked("status", "--record", "REC-2").stdout.splitlines()

    assert [(row["record"], row["step"]) for row in troubled] == [("REC-3", "count"), ("REC-3", "mean")]
    assert [line.split()[:2] for line in of_one[3:]] == [["REC-2/count", "current"], ["REC-2/mean", "current"]]


def test_an_unknown_record_is_refused(worked: Any) -> None:
    result = worked("status", "--record", "REC-22")

    assert result.exit_code == 1
    assert "did you mean REC-2?" in result.stderr


def test_an_unknown_state_is_a_usage_error(worked: Any) -> None:
    assert worked("status", "--state", "fine").exit_code == 2


def test_watch_and_json_exclude_each_other(bench: Any) -> None:
    assert bench("status", "--watch", "--json").exit_code == 2


def test_a_workspace_without_records_says_so(bench: Any) -> None:
    assert bench("status").stdout.splitlines()[1] == "no step of any record"


def test_who_runs_the_workspace_is_told_and_what_it_said_is_shown(worked: Any, json_of: Json) -> None:
    worked.drop(r1="changed since")
    with Lock.acquire(worked.state, command="sinagotd run", at=1_700_000_000.0):
        text = worked("status").stdout
        rows = json_of(worked("status", "--json"))

    assert f"{worked.path}: running: process {os.getpid()} on " in text
    assert {row["state"] for row in rows if row["record"] == "REC-1"} == {"current"}
    assert json_of(worked("status", "--json"))[0]["state"] == "stale"


def test_a_step_that_settings_no_longer_list_is_not_shown(worked: Any, json_of: Json) -> None:
    file = worked.path / "workspace.toml"
    file.write_text(file.read_text().replace('["count", "mean"]', '["count"]'))
    with Lock.acquire(worked.state, command="sinagotd run", at=1.0):
        owned = json_of(worked("status", "--json"))

    assert {row["step"] for row in owned} == {row["step"] for row in json_of(worked("status", "--json"))} == {"count"}


def test_a_run_that_a_dead_daemon_left_is_not_called_running(worked: Any, json_of: Json) -> None:
    key = StepKey("REC-1", "count")
    manifest = open_manifest(worked.state, at=1.0).manifest
    made = manifest.read.history(["REC-1"])[key].made
    assert made is not None
    order = RunOrder("r", *key, "count", None, None, "s", "s", "c", "d", "t", {}, {})
    with manifest.transaction():
        manifest.claim(order, made.fingerprint, 1, (), at=2.0)
        manifest.start("r", "vm", 1, at=3.0)
    manifest.close()

    row = json_of(worked("status", "--json"))[0]

    assert (row["state"], row["why"]) == ("running", "it was running when the daemon ended: the next start sees to it")


def test_what_failed_stays_failed_while_nobody_is_there_to_try_it_again(bench: Any, json_of: Json) -> None:
    settings = bench.path / "workspace.toml"
    settings.write_text(settings.read_text().replace("attempts = 1", 'attempts = 3\nbackoff = "1s"'))
    bench.drop(r1="bad")
    bench.work()
    deadline = time.monotonic() + 20

    while (count := json_of(bench("status", "--json"))[0])["reason"] == "backing_off":
        assert time.monotonic() < deadline

    assert (count["state"], count["code"], count["reason"]) == ("failed", 40, "retrying")


# the picture


@pytest.fixture
def view(bench: Any) -> View:
    (place,) = find_places(bench.path, None)
    steps = {
        StepKey(f"REC-{number:03}", step): Standing(State.CURRENT, "CURRENT", "it is fine", 0.0)
        for number in range(40)
        for step in ("count", "mean")
    }
    steps[StepKey("REC-030", "mean")] = Standing(State.FAILED, "BACKING_OFF", "it [red]failed\x1b[2J", 60.0, 190.0)
    return View(place, None, 180.0, steps)


def drawn(view: View, frame: Frame, *, as_list: bool = False) -> list[str]:
    console = make_console()
    with console.capture() as capture:
        console.print(picture(view, view.steps, frame, as_list=as_list))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_what_does_not_fit_is_counted_and_what_is_not_current_comes_first(view: View) -> None:
    lines = drawn(view, Frame(80, 20))

    assert len(lines) <= 20
    assert lines[4].split() == ["REC-030", "current", "failed"]
    assert any(line.startswith("and ") and line.endswith(" more records: --all shows them") for line in lines)


def test_without_a_limit_all_records_are_shown_in_order(view: View) -> None:
    lines = drawn(view, Frame(80, None))

    assert [line.split()[0] for line in lines[4:44]] == [f"REC-{number:03}" for number in range(40)]


def test_a_trouble_says_why_since_when_and_until_when_in_one_line(view: View) -> None:
    assert drawn(view, Frame(80, None))[-1] == (
        "REC-030/mean  failed  it [red]failed\\x1b[2J (for 2 min, again in 10 s)"
    )


def test_steps_that_do_not_fit_side_by_side_are_counted(view: View) -> None:
    lines = drawn(view, Frame(24, None))

    assert lines[3].split() == ["record", "steps"]
    assert lines[4] == "REC-000  2 current"
    assert lines[34] == "REC-030  1 current, 1 failed"


def test_a_list_is_cut_to_the_frame(view: View) -> None:
    lines = drawn(view, Frame(80, 20), as_list=True)

    assert len(lines) <= 20
    assert lines[-1].endswith("more steps: --all shows them")


def test_a_viewer_follows_what_happens(bench: Any) -> None:
    (place,) = find_places(bench.path, None)
    with viewer(place) as watched:
        assert watched.view().steps == {}
        bench.drop(r1="a")
        assert watched.view().steps[StepKey("REC-1", "count")].state is State.STALE
        bench.work()
        with Lock.acquire(bench.state, command="sinagotd run", at=1.0):
            assert watched.view().steps[StepKey("REC-1", "count")].state is State.CURRENT
        bench.drop(r1="b")
        assert watched.view().steps[StepKey("REC-1", "count")].state is State.STALE


@pytest.mark.parametrize("open_ends", [os.pipe, os.openpty], ids=["pipe", "terminal"])
def test_watch_goes_on_until_ctrl_c_and_ends_well(bench: Any, open_ends: Callable[[], tuple[int, int]]) -> None:
    bench.drop(r1="a")
    reading, writing = open_ends()
    command = [sys.executable, "-m", "sinagotd", "status", "--watch", str(bench.path)]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE) as watching:
        seen = b""
        while seen.count(b"REC-1") < 2:
            seen += os.read(reading, 4096)
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=30)
    os.close(reading)
    os.close(writing)

    assert (watching.returncode, said) == (0, b"")
