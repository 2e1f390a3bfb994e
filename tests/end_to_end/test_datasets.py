"""Datasets that a real daemon keeps: of a workspace and of a tree, built in step hosts beside the steps."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from lab_world import Lab

from sinagotd.datakit import load_dataset

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

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
        self.config.write_text(SERVICE)
        (self.folder / "mine.py").write_text(SOURCE)
        (self.folder / "study").mkdir()

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


@pytest.fixture
def service(lab: Lab) -> Service:
    return Service(lab)


def test_results_and_files_become_rows_and_an_edit_a_new_version(service: Service) -> None:
    service.score(1, "10")
    service.lab.put("raw/REC-1.txt", "one two")
    service.start()
    service.wait_for("counts", "count", [2])
    service.wait_for("scores", "score", [10])
    service.lab.put("raw/REC-2.txt", "one")
    service.score(1, "11")
    service.score(2, "20")
    service.wait_for("counts", "count", [2, 1])
    service.wait_for("scores", "score", [11, 20])
    assert service.last_line("dataset_built", "scores")["cells_loaded"] in (1, 2)
    staging = service.folder / "tables/.sinagotd/datasets/staging"
    service.lab.daemon.wait_until(lambda: not any(staging.iterdir()), "no staging left")


def test_a_source_that_dies_or_hangs_costs_its_own_cell(service: Service) -> None:
    for number, text in enumerate(("1", "dies", "hangs", "4"), start=1):
        service.score(number, text)
    service.start()
    service.wait_for("scores", "score", [1, None, None, 4])
    assert service.last_line("dataset_built", "scores")["failed"] == 2


def test_a_killed_daemon_goes_on_where_it_was_and_readers_notice_nothing(service: Service) -> None:
    service.score(1, "1")
    service.start()
    service.wait_for("scores", "score", [1])
    for value in range(2, 5):
        service.score(1, str(value))
        time.sleep(0.3 * value)
        service.lab.daemon.kill()
        assert pq.read_table(service.table("scores")).num_rows == 1
        service.start()
    service.wait_for("scores", "score", [4])


def test_once_builds_every_dataset_and_says_if_one_failed(service: Service) -> None:
    service.score(1, "7")
    service.lab.put("raw/REC-1.txt", "one two three")
    assert "dataset_built" in service.run_once(0)
    assert (service.values("counts", "count"), service.values("scores", "score")) == ([3], [7])
    (service.folder / "mine.py").write_text("this is no python")
    service.run_once(1)
    assert service.values("scores", "score") == [7]


def test_the_daemon_itself_does_not_grow_with_a_dataset(service: Service) -> None:
    for number in range(300):
        service.score(number, str(number))
    service.start()
    before = _memory_bytes(service.lab.daemon.pid)
    service.wait_for("scores", "score", sorted(range(300), key=str))
    assert _memory_bytes(service.lab.daemon.pid) - before < 50 * 1024**2
    maps = Path(f"/proc/{service.lab.daemon.pid}/maps").read_text()
    assert "pyarrow" not in maps
    assert "pandas" not in maps


def _memory_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
