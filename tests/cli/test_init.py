import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sinagotd.cli.init import make_workspace
from sinagotd.daemon.lifetime import Service, serve
from sinagotd.daemon.logs import make_log
from sinagotd.settings.daemon import load_daemon

Call = Callable[..., Any]


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_workspace_is_sound_whatever_the_umask(tmp_path: Path, open_umask: None, sinagotd_call: Call) -> None:
    made = sinagotd_call("init", str(tmp_path / "lab"))
    checked = sinagotd_call("check", str(tmp_path / "lab"))

    assert (made.exit_code, checked.exit_code) == (0, 0)
    assert "0 records, 1 step (count)" in checked.stdout


def test_its_script_works_on_a_text_file(tmp_path: Path) -> None:
    make_workspace(tmp_path / "lab")
    (tmp_path / "lab" / "dataset" / "raw" / "REC-1.txt").write_text("one two\nthree\n")

    with (tmp_path / "log").open("w") as log:
        serve(Service(load_daemon(None), [tmp_path / "lab"], inline=True, once=True), make_log("json", stream=log))

    assert (tmp_path / "lab" / "dataset" / "counts" / "REC-1.csv").read_text() == "id,lines,words\nREC-1,2,3\n"


def test_the_next_commands_are_told(tmp_path: Path, sinagotd_call: Call) -> None:
    result = sinagotd_call("init", str(tmp_path / "my lab"))

    assert f"  cd '{tmp_path}/my lab'" in result.stdout.splitlines()
    assert "  sinagotd run" in result.stdout.splitlines()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, sinagotd_call: Call) -> None:
    (tmp_path / "thesis.tex").touch()

    result = sinagotd_call("init", str(tmp_path))

    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path} is not empty: give the path of a new or empty folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_refused(tmp_path: Path, sinagotd_call: Call) -> None:
    (tmp_path / "lab").touch()

    assert sinagotd_call("init", str(tmp_path / "lab")).exit_code == 1
