import os
import re
from pathlib import Path

import pytest

from sinagotd.scripts.outputs import unusable


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "staging" / "run-1"
    (folder / "out").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    return folder


def test_a_file_a_folder_and_nothing_are_usable(staging: Path) -> None:
    (staging / "out/file").write_text("x")
    (staging / "out/folder/inner").mkdir(parents=True)
    assert [unusable(staging, f"out/{name}") for name in ("file", "folder", "nothing")] == [None] * 3


def test_a_data_folder_behind_a_link_is_as_good_as_any(staging: Path, tmp_path: Path) -> None:
    (staging / "out/file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert unusable(tmp_path / "link/staging/run-1", "out/file") is None


def test_a_folder_may_hold_links_within_itself(staging: Path) -> None:
    (staging / "out/folder/inner").mkdir(parents=True)
    (staging / "out/folder/newest").symlink_to("inner")
    (staging / "out/folder/inner/up").symlink_to("../inner")
    assert unusable(staging, "out/folder") is None


@pytest.mark.parametrize("target", ["../../../../secret", "/etc/passwd", "nowhere", "folder"])
def test_a_link_is_no_output_wherever_it_leads(staging: Path, target: str) -> None:
    (staging / "out/folder").mkdir()
    (staging / "out/link").symlink_to(target)
    assert unusable(staging, "out/link") == "out/link is a symbolic link: write a file or a folder"


def test_a_named_pipe_is_no_output_and_is_not_waited_for(staging: Path) -> None:
    os.mkfifo(staging / "out/pipe")
    assert "a named pipe" in str(unusable(staging, "out/pipe"))


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../../secret", "../beside"])
def test_a_folder_with_a_link_that_leaves_it_is_no_output(staging: Path, target: str) -> None:
    (staging / "out/folder/inner").mkdir(parents=True)
    (staging / "out/folder/inner/link").symlink_to(target if target != "../beside" else "../../beside")
    assert re.search("holds a link that leaves it, inner/link", str(unusable(staging, "out/folder")))


@pytest.mark.parametrize("changed", ["out", "."])
def test_what_lies_behind_a_link_that_the_script_made_is_no_output(staging: Path, tmp_path: Path, changed: str) -> None:
    (staging / "out/file").write_text("x")
    place = staging / changed
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert "behind a link" in str(unusable(staging, "out/file"))
