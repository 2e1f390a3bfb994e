"""A data folder that vanishes and comes back: the daemon stays up, says so, and runs nothing twice afterwards."""

import shutil
from pathlib import Path

import pytest
from daemon_process import Daemon
from lab_world import SETTINGS, a_lab

from sinagotd.scripts.staging import claimed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

OFTEN = SETTINGS + 'scan_interval = "1s"\ncanary_interval = "1s"\n'


@pytest.mark.parametrize("state", ["inside", "outside"])
def test_a_data_folder_that_vanishes_and_returns_is_offline_meanwhile_and_nothing_runs_twice(
    tmp_path: Path, state: str
) -> None:
    kept = "" if state == "inside" else f'[path]\nstate = "{tmp_path / "state"}"\n'
    with a_lab(tmp_path, OFTEN + kept) as lab:
        daemon = lab.start("--inline")
        before = [lab.new_record("word " * (count + 1)) for count in range(4)]
        lab.wait_current(*before)
        away = lab.data.rename(tmp_path / "away")
        daemon.wait_until(lambda: is_told(daemon, "mount it again"), "told that it is gone")
        (away / "raw/REC-50.txt").write_text("came meanwhile")
        away.rename(lab.data)
        daemon.wait_for_line("online")
        lab.wait_current("REC-50")
        lab.come_to_rest()
        assert lab.results("REC-50") == ("2", "mean of 2")
        runs = [str(run.key) for run in daemon.runs()]
        assert len(runs) == len(set(runs))
        assert {line["event"] for line in daemon.lines() if line["level"] == "error"} == {"offline"}
        daemon.stop()
        lab.command("manifest", "check", lab.folder)


def is_told(daemon: Daemon, sentence: str) -> bool:
    return any(sentence in line["why"] for line in daemon.lines("offline"))


def test_a_folder_with_another_manifest_is_opened_anew_and_nothing_runs_twice(tmp_path: Path) -> None:
    with a_lab(tmp_path, OFTEN) as lab:
        daemon = lab.start("--inline")
        record = lab.new_record("two words")
        lab.wait_current(record)
        copy = shutil.copytree(lab.data, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock"))
        lab.data.rename(tmp_path / "away")
        copy.rename(lab.data)
        assert "another one put in its place" in daemon.wait_for_line("workspace_closed")["why"]
        daemon.wait_for_line("workspace_opened")
        lab.come_to_rest()
        assert [run.outcome for run in lab.daemon.runs(f"{record}/count")] == ["succeeded"]


def test_an_empty_folder_where_the_data_was_is_left_empty_until_they_are_back(tmp_path: Path) -> None:
    with a_lab(tmp_path, OFTEN) as lab:
        daemon = lab.start("--inline")
        lab.wait_current(lab.new_record("two words"))
        away = lab.data.rename(tmp_path / "away")
        lab.data.mkdir()
        daemon.wait_until(lambda: is_told(daemon, "mount the right one again"), "told that it is another one")
        assert list(lab.data.iterdir()) == []
        lab.data.rmdir()
        away.rename(lab.data)
        daemon.wait_for_line("online")
        lab.come_to_rest()
        assert daemon.lines("workspace_closed") == []
        daemon.stop()


@pytest.mark.parametrize("left", ["dataset", "."], ids=["an empty mount point", "no folder"])
def test_a_run_that_begins_while_the_data_folder_is_away_does_not_make_it_anew(tmp_path: Path, left: str) -> None:
    (tmp_path / left).mkdir(exist_ok=True)
    before = list(tmp_path.rglob("*"))
    with claimed(tmp_path / "dataset/.sinagotd/staging/run-1") as refused:
        assert refused is not None
        assert "dataset" in refused.message
    assert list(tmp_path.rglob("*")) == before
