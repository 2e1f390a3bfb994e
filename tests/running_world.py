"""A small workspace to run: raw files of words, scripts made of a few lines, and the call of `run()` as people make it."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

from sinagotd.settings.workspace import load_workspace
from sinagotd.workspace.opened import Wanted, opened
from sinagotd.workspace.running import RunOptions, RunResult, run_steps

UNIT = """
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = [{steps}]
"""
SCOPED = """
[records]
id_pattern = "REC-[0-9]+"
[tasks.RS]
modalities = ["EEG", "behavior"]
[tasks.MMN]
modalities = ["EEG"]
[modalities.behavior]
scripts = ["scores"]
[modalities.EEG]
scripts = ["clean"]
task_scripts = {RS = ["alpha"]}
"""
SCRIPT = """
from sinagot import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = {reads!r}
    PATH_OUT = {writes!r}

    def run(self):
        {body}
"""
COPY = "self.path.output.write_text(self.path.input.read_text())"
COUNT = "self.path.output.write_text(str(len(self.path.input.read_text().split())))"
RAISE = "raise ValueError('a bad word')"
RAW = ("raw", "{id}.txt")


class World:
    """`count` reads the raw file and `mean` what `count` made, unless other scripts are written."""

    def __init__(self, folder: Path, toml: str = UNIT.format(steps='"count", "mean"')) -> None:
        self.folder = folder
        self.data = folder / "dataset"
        (self.data / "raw").mkdir(parents=True)
        (folder / "scripts").mkdir()
        (folder / "workspace.toml").write_text(toml)
        self.script("count", COUNT)
        self.script("mean", COPY, reads=("count", "{id}.txt"))

    def script(self, name: str, body: str, *, reads: Any = RAW, writes: Any = None) -> Path:
        """Write a script; `name` may hold the folder of its modality. Without `writes` it makes `<label>/<id>.txt`."""
        path = self.folder / "scripts" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        writes = writes or (path.stem, "{id}.txt")
        path.write_text(SCRIPT.format(reads=reads, writes=writes, body=body.replace("\n", "\n        ")))
        return path

    def settings(self, *lines: str) -> None:
        with (self.folder / "workspace.toml").open("a") as file:
            file.write("\n".join(["", *lines, ""]))

    def raw(self, *records: str, words: str = "a b c") -> None:
        for record in records:
            (self.data / "raw" / f"{record}.txt").write_text(words)

    def opened(self) -> Any:
        return opened(load_workspace(self.folder))

    def run(self, *records: str, unit: tuple[str | None, str | None, str | None] = (None, None, None), **options: Any) -> RunResult:  # fmt: skip
        """Run all records, or these; `unit` is task, modality and label. What it prints is in `self.said`."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                return run_steps(self.opened(), Wanted(records or None, *unit), RunOptions(**options))
            finally:
                self.said = printed.getvalue().splitlines()

    def messages(self, step: str | None = None) -> list[str]:
        """What was said last, without record and time."""
        told = [line.split("\u00a0", 1)[1].split(" : ", 1) for line in self.said]
        return [message for name, message in told if step in (None, name)]

    def log(self, record: str) -> list[dict[str, Any]]:
        file = self.data / "LOG" / f"{record}.log"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def read(self, path: str) -> str | None:
        file = self.data / path
        return file.read_text() if file.exists() else None


def outcomes(result: RunResult) -> dict[str, str]:
    return {run.name: run.outcome for run in result.runs}
