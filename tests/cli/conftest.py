"""Small real workspaces, and the command line called on them."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from study_world import Study

from sinagotd.cli.main import sinagotd
from sinagotd.daemon.lifetime import Service, serve
from sinagotd.daemon.logs import make_log
from sinagotd.settings.daemon import load_daemon

SETTINGS = """\
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["count", "mean"]
[watch]
settle = "0s"
[run]
attempts = 1
"""

COUNT = """\
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = ("raw", "{id}.txt")
    PATH_OUT = ("counts", "{id}.txt")

    def run(self):
        text = self.path.input.read_text()
        if text == "bad":
            raise ValueError("cannot [bold]count[/] this")
        self.logger.info("counting %s", self.id)
        self.path.output.parent.mkdir(parents=True, exist_ok=True)
        self.path.output.write_text(str(len(text.split())))
"""

MEAN = COUNT.replace('"counts"', '"means"').replace('"raw"', '"counts"')


@dataclass(frozen=True)
class Bench:
    """A workspace in a folder, and hands to work on it."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "dataset"

    @property
    def state(self) -> Path:
        return self.data / ".sinagotd"

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def drop(self, **records: str) -> None:
        for number, text in records.items():
            self.write(f"dataset/raw/REC-{number.strip('r')}.txt", text)

    def work(self) -> None:
        """What `sinagotd run --once --inline` does."""
        serve(Service(load_daemon(None), [self.path], inline=True, once=True), quiet_log())

    def __call__(self, *arguments: str) -> Result:
        return call(*arguments, str(self.path))

    def on(self, *arguments: str) -> Result:
        """For the commands that name records, not a path."""
        return call(*arguments, "--workspace", str(self.path))


def quiet_log() -> Any:
    return make_log("json", "INFO", stream=io.StringIO())


def call(*arguments: str) -> Result:
    return CliRunner().invoke(sinagotd, list(arguments), prog_name="sinagotd")


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def make_bench(tmp_path: Path) -> Callable[[str], Bench]:
    def make(name: str = "lab") -> Bench:
        bench = Bench(tmp_path / name)
        bench.write("workspace.toml", SETTINGS)
        bench.write("scripts/count.py", COUNT)
        bench.write("scripts/mean.py", MEAN)
        bench.data.joinpath("raw").mkdir(parents=True)
        return bench

    return make


@pytest.fixture
def bench(make_bench: Callable[[str], Bench]) -> Bench:
    return make_bench("lab")


@pytest.fixture
def worked(bench: Bench) -> Bench:
    """Two good records, and one whose first step fails; everything has run."""
    bench.drop(r1="one two three", r2="four", r3="bad")
    bench.work()
    return bench


@pytest.fixture
def sinagotd_call() -> Callable[..., Result]:
    return call


@pytest.fixture
def json_of() -> Callable[[Result], Any]:
    return parsed


@pytest.fixture(scope="session")
def built_once(tmp_path_factory):
    study = Study(tmp_path_factory.mktemp("study"))
    assert study.build()["status"] == "published"
    return study.folder


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


@pytest.fixture
def built(built_once, tmp_path):
    """The same dataset as built before, moved here as a whole."""
    folder = tmp_path / "study-of-its-own"
    shutil.copytree(built_once, folder, symlinks=True)
    study = Study.__new__(Study)
    study.folder, study.output = folder, folder / "tables/harbor.parquet"
    return study
