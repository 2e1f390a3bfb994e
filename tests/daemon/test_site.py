"""What a real daemon notices at once, with the walks and the checks of its watcher as far apart as they are by default."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_world import SETTINGS, Lab, a_lab, script

from sinagotd.core.states import State

pytestmark = pytest.mark.timeout(120)

DEEP = script(("raw", "{id}", "words.txt"), ("count", "{id}.txt"), "self.path.output.write_text(str(len(text)))")
SOON_S = 25.0
"""Much less than the minute after which the watcher is checked."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with a_lab(tmp_path, SETTINGS.replace(', "mean"', ""), count=DEEP) as made:
        made.start("--inline")
        made.daemon.wait_for_line("walked")
        yield made


def drop(lab: Lab, record: str) -> Path:
    lab.put(f"raw/{record}/words.txt", "words")
    lab.wait_current(record)
    return lab.data / "raw" / record


def unusable(lab: Lab) -> list[str]:
    return [line["path"] for line in lab.daemon.lines("unusable")]


def test_what_cannot_be_used_is_told_at_once_and_once(lab: Lab) -> None:
    pipe, link = "raw/REC-1/words.txt", "raw/REC-2/words.txt"
    drop(lab, "REC-1")
    (lab.data / pipe).unlink()
    os.mkfifo(lab.data / pipe)
    lab.daemon.wait_until(lambda: unusable(lab) == [pipe], "the pipe told", SOON_S)
    (lab.elsewhere / "REC-2").mkdir()
    (lab.elsewhere / "REC-2" / "words.txt").symlink_to("/etc/hostname")
    (lab.elsewhere / "REC-2").rename(lab.data / "raw" / "REC-2")
    lab.daemon.wait_until(lambda: unusable(lab) == [pipe, link], "the link told", SOON_S)
    drop(lab, "REC-3")
    assert unusable(lab) == [pipe, link]


def test_a_folder_that_is_moved_out_takes_its_inputs_along_at_once(lab: Lab) -> None:
    drop(lab, "REC-1").rename(lab.elsewhere / "REC-1")
    lab.daemon.wait_until(lambda: lab.daemon.state("REC-1/count") is State.WAITING, "waiting", SOON_S)
    (lab.elsewhere / "REC-1").rename(lab.data / "raw" / "REC-1")
    lab.wait_current("REC-1")
    assert len(lab.daemon.runs()) == 1


def test_a_folder_that_takes_the_place_of_another_is_seen_whole(lab: Lab) -> None:
    drop(lab, "REC-1").rename(lab.elsewhere / "old")
    (lab.elsewhere / "new").mkdir()
    (lab.elsewhere / "new").rename(lab.data / "raw" / "REC-1")
    lab.daemon.wait_until(lambda: lab.daemon.state("REC-1/count") is State.WAITING, "waiting", SOON_S)


def test_a_data_folder_that_goes_and_comes_is_noticed_at_once(tmp_path: Path) -> None:
    settings = f'[path]\nstate = "{tmp_path / "state"}"\n' + SETTINGS.replace(', "mean"', "")
    with a_lab(tmp_path, settings, count=DEEP) as lab:
        lab.start("--inline")
        drop(lab, "REC-1")
        lab.put("raw/REC-2/words.txt", "on its way")
        away = lab.data.rename(lab.folder / "away")
        lab.daemon.wait_until(lambda: lab.daemon.lines("offline"), "offline", SOON_S)
        shutil.copytree(away / "raw/REC-1", away / "raw/REC-3")
        away.rename(lab.data)
        lab.daemon.wait_until(lambda: lab.daemon.lines("online"), "online", SOON_S)
        lab.wait_current("REC-1", "REC-2", "REC-3")
        lab.daemon.wait_until(lambda: lab.daemon.lines("watching")[-1]["mode"] == "watching", "watching", SOON_S)
