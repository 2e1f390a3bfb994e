import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from sinagotd.core.keys import StepKey
from sinagotd.manifest.opening import open_manifest


@pytest.fixture
def told(bench: Any) -> Any:
    """A workspace whose story is written by hand."""
    manifest = open_manifest(bench.state, at=1.0).manifest
    with manifest.transaction():
        manifest.log_event("walked", at=1_700_000_000.0, detail={"files": 3})
        for number in range(1, 4):
            key = StepKey(f"REC-{number}", "RS/EEG/count")
            manifest.log_event(
                "queued", at=1_700_000_000.0 + number, key=key, detail={"reason": "NEVER_RAN", "why": "it never ran"}
            )
        manifest.log_event(
            "failed", at=1_700_000_010.0, key=StepKey("REC-1", "mean"), detail={"why": "a\n[red]x\x1b[2J"}
        )
    manifest.close()
    return bench


def lines_of(result: Any) -> list[str]:
    return [line[line.index(":") + 7 :].strip() for line in result.stdout.splitlines()]


def test_events_are_lines_the_newest_last(told: Any) -> None:
    assert lines_of(told("logs")) == [
        "walked       files=3",
        "queued       REC-1/RS/EEG/count  it never ran",
        "queued       REC-2/RS/EEG/count  it never ran",
        "queued       REC-3/RS/EEG/count  it never ran",
        "failed       REC-1/mean  a\\n[red]x\\x1b[2J",
    ]


@pytest.mark.parametrize(
    ("arguments", "seqs"),
    [
        (("--record", "REC-1"), [2, 5]),
        (("--record", "REC-2", "--record", "REC-3"), [3, 4]),
        (("--step", "count"), [2, 3, 4]),
        (("--step", "RS/EEG/count", "--record", "REC-3"), [4]),
        (("--state", "failed"), [5]),
        (("-n", "2"), [4, 5]),
        (("-n", "0"), []),
        (("-n", "1", "--state", "queued"), [4]),
    ],
)
def test_events_can_be_picked(told: Any, arguments: tuple[str, ...], seqs: list[int]) -> None:
    rows = [json.loads(line) for line in told("logs", "--json", *arguments).stdout.splitlines()]

    assert [row["seq"] for row in rows] == seqs


def test_json_is_one_object_per_line(told: Any) -> None:
    first = json.loads(told("logs", "--json", "--record", "REC-1").stdout.splitlines()[0])

    assert first == {
        "workspace": str(told.path),
        "seq": 2,
        "time": "2023-11-14T22:13:21.000+00:00",
        "record": "REC-1",
        "step": "RS/EEG/count",
        "event": "queued",
        "detail": {"reason": "NEVER_RAN", "why": "it never ran"},
    }


def test_the_log_of_real_work_tells_how_steps_went_on(worked: Any) -> None:
    states = [
        json.loads(line)["event"]
        for line in worked("logs", "--json", "--record", "REC-1", "--step", "count").stdout.splitlines()
    ]

    assert [state for state in states if state in ("queued", "running", "current")] == ["queued", "running", "current"]


def test_a_workspace_on_which_nothing_ran_has_no_log(bench: Any) -> None:
    result = bench("logs")

    assert result.exit_code == 1
    assert "has not worked on this workspace yet" in result.stderr


def test_following_shows_what_happens_from_now_and_ends_well_on_ctrl_c(told: Any) -> None:
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "sinagotd", "logs", "-f", "-n", "1", "--json", str(told.path)]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE) as following, os.fdopen(reading) as stream:
        os.close(writing)
        assert json.loads(stream.readline())["seq"] == 5
        manifest = open_manifest(told.state, at=2.0).manifest
        with manifest.transaction():
            manifest.log_event("current", at=1_700_000_020.0, key=StepKey("REC-1", "mean"))
        manifest.close()
        assert json.loads(stream.readline())["seq"] == 6
        following.send_signal(signal.SIGINT)
        _, said = following.communicate(timeout=30)

    assert (following.returncode, said) == (0, b"")
