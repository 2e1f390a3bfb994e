"""P12: what is due by the clock happens, late at the most: after a stop across its time, and whatever the wall clock does."""

import signal
import time
from pathlib import Path

import daemon_process
import pytest
from counting import Count
from lab_world import SETTINGS, Lab

pytestmark = pytest.mark.timeout(240)

SCAN_S = 0.5
ONLY_WALKS = f'{SETTINGS}polling = "always"\nscan_interval = "{SCAN_S * 1000:.0f}ms"\n'
HOUR_S = 3600
SET_BACK = f"""
import datetime, os, time

def shift():
    return -{HOUR_S} if os.path.exists({{file!r}}) else 0

class Steered(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().fromtimestamp(time.time(), tz)

right = time.time
time.time = lambda: right() + shift()
datetime.datetime = Steered
"""


@pytest.fixture
def walked_lab(lab: Lab) -> Lab:
    """A workspace in which nothing is noticed but by the walks that are due by the clock."""
    lab.settings(ONLY_WALKS)
    return lab


def walks(lab: Lab) -> int:
    return len(lab.daemon.lines("walked"))


def test_a_walk_that_was_due_while_the_daemon_stood_still_happens_when_it_goes_on(
    walked_lab: Lab, count: Count
) -> None:
    lab, latest = walked_lab, 0.0
    lab.start("--inline")
    with count("P12", "SIGSTOP across the time of a walk", share=5, full=50) as counted:
        for turn in range(counted.times):
            lab.wait_current(lab.new_record("before"))
            before = walks(lab)
            lab.daemon.send(signal.SIGSTOP)
            record = lab.new_record("during")
            time.sleep(SCAN_S * (1.2 + turn % 3))
            lab.daemon.send(signal.SIGCONT)
            began = time.monotonic()
            lab.daemon.wait_until(lambda before=before: walks(lab) > before, "a walk after the stop")
            latest = max(latest, time.monotonic() - began)
            lab.wait_current(record)
            if lab.results(record) != ("1", "mean of 1"):
                counted.wrong(f"{record} was seen but not worked on")
        counted.note = f"walked at most {latest:.1f} s after it went on"
    lab.daemon.stop()


def test_a_wall_clock_that_is_set_back_delays_nothing(
    walked_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steering, signal_file = tmp_path / "steering", tmp_path / "set back"
    steering.mkdir()
    (steering / "sitecustomize.py").write_text(SET_BACK.format(file=str(signal_file)))
    monkeypatch.setattr(daemon_process, "ROOT", f"{steering}:{daemon_process.ROOT}")
    lab = walked_lab
    lab.start("--inline")
    lab.wait_current(lab.new_record("before"))
    signal_file.touch()
    record, before = lab.new_record("after"), walks(lab)
    lab.daemon.wait_until(lambda: walks(lab) >= before + 3, "walks by the clock that was set back")
    lab.wait_current(record)
    first, *_, last = (line["time"] for line in lab.daemon.lines("walked"))
    assert last < first, "the clock of the daemon was not set back"
    signal_file.unlink()
    lab.wait_current(lab.new_record("once more"))
    lab.daemon.stop()
