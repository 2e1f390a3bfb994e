import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from sinagotd.cli.faults import guarded
from sinagotd.cli.main import COMMANDS
from sinagotd.errors import ConfigError, WorkspaceError

Call = Callable[..., Any]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_the_same_in_the_list_and_in_its_own_help(name: str) -> None:
    command = import_module(f"sinagotd.cli.{name}").command

    assert isinstance(command, click.Command)
    assert command.get_short_help_str(limit=1000) == COMMANDS[name]


def test_help_names_every_command_and_imports_none_of_them() -> None:
    probe = "import sys; from sinagotd.cli.main import sinagotd; sinagotd.main(['--help'], standalone_mode=False); "
    listed = "print(sorted(name for name in sys.modules if name in sys.argv[1:]))"
    heavy = ["rich", "structlog", "dask", "pandas", "watchdog", "sinagotd.cli.plan", "sinagotd.engine"]

    shown = subprocess.run([sys.executable, "-c", probe + listed, *heavy], capture_output=True, text=True, check=True)

    assert all(name in shown.stdout for name in COMMANDS)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_commands_that_look_import_no_daemon_and_no_cluster() -> None:
    heavy = {"dask", "distributed", "pandas", "watchdog", "apscheduler", "sinagotd.runner", "sinagotd.daemon"}
    looking = ", ".join(f"sinagotd.cli.{name}" for name in ("plan", "status", "explain", "check", "logs"))
    probe = f"import sys, json, {looking}; print(json.dumps(sorted(sys.modules)))"

    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert heavy.isdisjoint(json.loads(loaded.stdout))


def test_the_version_is_told(sinagotd_call: Call) -> None:
    assert sinagotd_call("--version").stdout.startswith("sinagotd, version ")


def test_an_unknown_command_is_a_usage_error(sinagotd_call: Call) -> None:
    result = sinagotd_call("plann")

    assert result.exit_code == 2
    assert "No such command 'plann': did you mean plan?" in result.stderr


def test_an_unknown_option_is_a_usage_error(sinagotd_call: Call) -> None:
    assert sinagotd_call("plan", "--colour").exit_code == 2


def test_every_fault_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise ConfigError("a: is wrong", "b\nc: is wrong too")

    assert guarded(command) == 1
    assert capsys.readouterr() == ("", "a: is wrong\nb\\nc: is wrong too\n")


def test_a_file_name_in_an_error_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise WorkspaceError("no record '\x1b[2J\udcff[red]x'")

    assert guarded(command) == 1
    assert capsys.readouterr().err == "no record '\\x1b[2J\\udcff[red]x'\n"


def test_a_fault_of_the_machine_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded((tmp_path / "gone").read_text) == 1
    assert capsys.readouterr().err == f"{tmp_path}/gone: No such file or directory\n"


def test_ctrl_c_ends_with_130() -> None:
    def command() -> int:
        raise KeyboardInterrupt

    assert guarded(command) == 130


def test_a_bug_is_reported_into_a_file_and_no_traceback_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def command() -> int:
        raise IndexError("list index out of range")

    assert guarded(command) == 3

    (report,) = tmp_path.iterdir()
    said = capsys.readouterr().err
    assert said == f"this is a bug in sinagotd: IndexError: list index out of range (report written to {report})\n"
    assert "Traceback" in report.read_text()


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        [sys.executable, "-m", "sinagotd", "init", str(tmp_path / "lab")],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, b"")


def test_output_that_the_terminal_cannot_show_is_written_out(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}

    command = [sys.executable, "-m", "sinagotd", "init", str(tmp_path / "Жаба")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)

    assert ended.returncode == 0
    assert "\\u0416\\u0430\\u0431\\u0430" in ended.stdout


def test_an_output_that_cannot_be_written_is_told_in_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "sinagotd", "doctor", "--json"]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd="/")
    assert (ran.returncode, ran.stderr) == (1, "the output cannot be written: No space left on device\n")
