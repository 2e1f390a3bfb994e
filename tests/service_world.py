"""A service with a workspace and a tree, the datasets that its daemon keeps of them, and what readers see of these."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
from lab_world import Lab

from sinagotd.datakit import load_dataset

SERVICE = """
[datasets.counts]
workspace = "lab"
sources = ["count"]
output = "tables/{name}.parquet"
quiet = "200ms"
at_most_every = "100ms"

[datasets.scores]
roots = ["study"]
output = "tables/{name}.parquet"
quiet = "200ms"
at_most_every = "100ms"
timeout = "60s"
cell_timeout = "5s"
sources_from = ["mine.py"]
"""
SOURCE = """
import os, time
from sinagotd.datakit import DataSource


class Score(DataSource):
    tag, patterns, is_timeseries = "score", ("*_score.txt",), False

    def load(self, path, *, context=None):
        text = path.read_text()
        if text == "dies":
            os._exit(9)
        if text == "hangs":
            time.sleep(3600)
        return self.stream([], int(text), {"scope": "session"})
"""


class Service:
    """A lab whose daemon keeps two datasets as well."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.folder = lab.folder.parent
        self.config = self.folder / "sinagotd.toml"
        self.declare(SERVICE)
        (self.folder / "mine.py").write_text(SOURCE)
        (self.folder / "study").mkdir()

    def declare(self, text: str) -> None:
        self.config.write_text(text)

    def score(self, number: int, text: str) -> None:
        file = self.folder / f"study/sub-{number}/sub-{number}_score.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def start(self) -> None:
        self.lab.start("--config", self.config)

    def table(self, name: str) -> Path:
        return self.folder / f"tables/{name}.parquet"

    def values(self, name: str, tag: str) -> list[object]:
        """The published values of a source, by row; nothing before the first version."""
        if not self.table(name).exists():
            return []
        frame = load_dataset(self.table(name))
        if (tag, "value") not in frame.columns:
            return [None] * len(frame)
        return [None if pd.isna(value) else int(value) for value in frame[tag, "value"]]

    def wait_for(self, name: str, tag: str, values: list[object]) -> None:
        self.lab.daemon.wait_until(lambda: self.values(name, tag) == values, f"{name} is {values}", 90.0)

    def last_line(self, event: str, name: str) -> dict[str, object]:
        """It is written when readers see the version already."""
        self.lab.daemon.wait_until(lambda: self._lines(event, name), f"a line {event} of {name}")
        return self._lines(event, name)[-1]

    def _lines(self, event: str, name: str) -> list[dict[str, object]]:
        return [line for line in self.lab.daemon.lines(event) if line["dataset"] == name]

    def run_once(self, code: int) -> str:
        command = [sys.executable, "-m", "sinagotd", "run", "--once", "--workers", "2", "--config", self.config]
        done = subprocess.run([*command, self.lab.folder], capture_output=True, text=True, timeout=150, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout
