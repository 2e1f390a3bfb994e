"""The unit as it is shipped, first as systemd reads it, then under a real systemd that boots in a sandbox."""

import re
import shutil
import subprocess
import sys
from itertools import groupby

import pytest
from sandbox import PROJECT, seen_inside

UNIT = PROJECT / "systemd" / "sinagotd.service"
DROP_INS = sorted((PROJECT / "systemd" / "sinagotd.service.d").glob("*.conf"))
BOOT_LIMIT_S = 150
EXPOSURE_TENTHS = 20

needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")


@pytest.fixture
def installed(tmp_path):
    """The unit with an executable that exists, and every drop-in: systemd checks that, too."""
    text = UNIT.read_text().replace("/opt/sinagotd/bin/sinagotd", sys.executable)
    (tmp_path / UNIT.name).write_text(text)
    shutil.copytree(UNIT.with_name("sinagotd.service.d"), tmp_path / "sinagotd.service.d")
    return tmp_path / UNIT.name


@needs_analyze
def test_systemd_finds_nothing_wrong_with_the_unit_and_its_drop_ins(installed):
    ran = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@needs_analyze
def test_the_unit_is_as_closed_as_was_promised(installed):
    shutil.rmtree(installed.with_name("sinagotd.service.d"))
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_TENTHS}", installed]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_every_hardening_line_stands_below_a_comment_that_says_what_it_protects():
    lines = UNIT.read_text().partition("whatever is forbidden here")[2].partition("[Install]")[0].splitlines()[1:]
    kinds = ["comment" if line.startswith("#") else "setting" for line in lines if line]
    groups = [(kind, len(list(group))) for kind, group in groupby(kinds)]
    assert groups[0][0] == "comment"
    assert sum(size for kind, size in groups if kind == "setting") > 25
    assert max(size for kind, size in groups if kind == "setting") <= 6


def test_a_stop_may_take_longer_than_the_drain():
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"\w+=", line))
    assert float(settings["TimeoutStopSec"].removesuffix("s")) >= 30 + 15
    assert settings["Type"] == "notify"
    assert settings["KillMode"] == "mixed"


@pytest.fixture(scope="module")
def seen():
    """What one life of the service under a real systemd looked like: one boot, about 25 s."""
    return {look["look"]: look for look in seen_inside("inside.py", limit_s=BOOT_LIMIT_S)}


def in_sandbox(test):
    """One worker of pytest-xdist takes them all, for they share a boot."""
    for mark in (pytest.mark.system, pytest.mark.timeout(BOOT_LIMIT_S + 30), pytest.mark.xdist_group("systemd")):
        test = mark(test)
    return test


@in_sandbox
def test_a_start_returns_when_the_daemon_is_ready(seen):
    start = seen["start"]
    assert start["state"] == "active", start
    assert start["type"] == "notify"
    assert len(start["told"]) == 1


@in_sandbox
def test_a_dropped_file_becomes_a_result_of_the_services_user(seen):
    result = seen["result"]
    assert result["read"] == "hello", result
    assert result["owner"] == result["uid"] != 0
    assert result["mode"] == "0o640"


@in_sandbox
def test_a_step_can_do_its_work_and_no_harm(seen):
    result = seen["result"]
    assert {result["write /tmp"], result["write the cache"]} == {"done"}
    assert result["write /etc"] == "EROFS"
    assert result["write the scripts"] == "EACCES"
    assert result["become root"] == "EPERM"
    assert result["call far"] != "done"


@in_sandbox
def test_a_file_that_somebody_else_still_writes_is_seen_as_such(seen):
    assert seen["writer"].get("early") is False, seen["writer"]
    assert seen["writer"]["read"] == "half whole"


@in_sandbox
def test_the_status_line_tells_how_things_stand(seen):
    assert 'Status: "2 records in 1 workspace(s): 0 in flight, 0 stale"' in seen["status"]["text"]


@in_sandbox
def test_a_reload_keeps_the_process(seen):
    reload = seen["reload"]
    assert (reload.get("code"), reload["same"], reload["state"]) == (0, True, "active"), reload
    assert len(reload["told"]) == 1


@in_sandbox
def test_broken_settings_at_a_reload_are_told_and_the_old_ones_stay(seen):
    broken = seen["broken_reload"]
    assert broken.get("same") is True, broken
    assert broken["goes on"] is True
    assert "records.id_pattern = 3" in broken["told"][0]


@in_sandbox
def test_a_killed_daemon_is_back_and_nothing_of_the_old_one_lives(seen):
    kill = seen["kill"]
    assert kill["state"] == "active", kill
    assert kill["old"] > 3
    assert kill["left"] == []


@in_sandbox
def test_a_hung_daemon_is_replaced_and_its_traceback_kept(seen):
    hang = seen["hang"]
    assert hang["state"] == "active", hang
    assert hang["traceback"] is True


@in_sandbox
def test_a_stop_is_in_time_and_leaves_no_process(seen):
    stop = seen["stop"]
    assert (stop["state"], stop["result"]) == ("inactive", "success"), stop
    assert stop["seconds"] < 60
    assert stop["before"] > 3
    assert (stop["left"], stop["alive"]) == ([], [])
