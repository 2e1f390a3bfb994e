"""A small experiment that changes: a tree, sources of its own, a dataset that is built of it, and the same from scratch."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sinagotd.datakit import Dataset, cell_records
from sinagotd.datakit.builds.building import build
from sinagotd.datakit.builds.built import Built
from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.finding import registry_of
from sinagotd.datakit.builds.packing import load_here
from sinagotd.datakit.saving.reading import load_saved

SOURCES = '''
"""Sources of a test."""
import errno, json
from pathlib import Path
import pandas as pd
from sinagotd.datakit import DataSource, TableSource


class Values(DataSource):
    """A mapping of anything; what is called `fail` fails, and `refuse` fails as a disk does."""
    tag = "facts"
    patterns = ("*_values.json",)
    is_timeseries = False

    def load(self, path, *, context=None):
        held = json.loads(path.read_text())
        if "fail" in held:
            raise ValueError(held["fail"])
        if (Path(__file__).parent / "refuse").exists() and "refuse" in held:
            raise OSError(errno.EIO, "Input/output error")
        return self.stream([], {**held, "times": FACTOR}, {})


class Rows(TableSource):
    """A table that also tells how many values its row has."""
    tag = "table"
    patterns = ("*_rows.csv",)
    requires = ("facts",)

    def build_table(self, path, *, context):
        frame = pd.read_csv(path)
        values = context.get_dependency("facts")
        beside = -1 if values is None else len(values.value)
        return frame.index.to_numpy(), frame.assign(beside=beside), {}


class Notes(TableSource):
    tag = "remarks"
    patterns = ("*_notes.txt",)

    def build_table(self, path, *, context):
        text = path.read_text()
        return [], {"text": text, "length": len(text)}, {}
'''


class World:
    """One experiment in a folder."""

    def __init__(self, folder: Path, **declared: Any) -> None:
        self.folder = folder
        self.root = folder / "tree"
        self.scripts = folder / "scripts"
        self.scripts.mkdir(parents=True)
        (folder / "out").mkdir()
        self.cache = Cache(folder / "cache")
        self.edit_sources(1)
        self.declaration = Declaration(
            "main",
            folder / "out" / "main.parquet",
            roots=(self.root,),
            sources=("facts", "table", "remarks"),
            source_files=(self.scripts / "lab_sources.py",),
        )
        self.declare(**declared)

    def declare(self, **changes: Any) -> None:
        self.declaration = replace(self.declaration, **changes)

    @property
    def output(self) -> Path:
        return self.declaration.output

    def edit_sources(self, factor: int) -> None:
        text = SOURCES.replace("FACTOR", str(factor))
        (self.scripts / "lab_sources.py").write_text(text)

    def path(self, subject: str, name: str) -> Path:
        return self.root / "data" / f"sub-{subject}" / "ses-1" / f"sub-{subject}_ses-1_task-x_{name}"

    def write(self, subject: str, name: str, content: object) -> Path:
        path = self.path(subject, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def fill(self, *subjects: str) -> None:
        for at, subject in enumerate(subjects):
            self.write(subject, "values.json", {"age": at, "name": subject})
            self.write(subject, "rows.csv", f"x,y\n{at},{at / 4}\n{at + 1},2.5\n")
            self.write(subject, "notes.txt", f"seen {subject}")

    def build(self, **options: Any) -> Built:
        return build(self.declaration, cache=self.cache, **{"load": load_here, **options})

    def published(self) -> pd.DataFrame:
        return load_saved(self.output)

    def from_scratch(self) -> pd.DataFrame:
        """What the library makes of the tree now, without any memory."""
        declaration = self.declaration
        dataset = Dataset.from_directory(self.root, sources=declaration.sources, registry=registry_of(declaration))
        return dataset.materialize(strict=False)

    def check(self) -> None:
        """What is published is what it would be from scratch, cells and all that is told about them."""
        published, wanted = self.published(), self.from_scratch()
        pd.testing.assert_frame_equal(published, wanted)
        assert told(published) == told(wanted)


def told(frame: pd.DataFrame) -> list[list[Any]]:
    rows: list[list[Any]] = cell_records(frame).astype(object).fillna("").to_numpy().tolist()
    return rows


def age(path: Path) -> None:
    """Let a file look as if it had not been touched for an hour."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 3_600_000_000_000))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Three rows, each with a file of every source."""
    made = World(tmp_path / "world")
    made.fill("01", "02", "03")
    return made


@pytest.fixture(scope="session")
def new_world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Makes an empty world; for tests that need many."""
    return lambda **declared: World(tmp_path_factory.mktemp("world") / "w", **declared)
