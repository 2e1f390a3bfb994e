"""P11: who reads a dataset sees a whole version at any moment, while it is published again and again, killed, and out of room."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from counting import Count, Counted
from small_disk import a_small_disk, fill_disk

from sinagotd.datakit.builds import publishing, versions
from sinagotd.datakit.builds.building import build
from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.packing import load_here
from sinagotd.datakit.builds.reading import load_published
from sinagotd.errors import DatasetError

pytestmark = pytest.mark.timeout(0)

READER_RESTS_S = 0.02
SUBJECTS = ("01", "02", "03")
FOLDERS_STAY = timedelta(seconds=5)
FORK = multiprocessing.get_context("fork")
SOURCE = """
from sinagotd.datakit import DataSource


class Number(DataSource):
    tag, patterns, is_timeseries = "number", ("*_number.txt",), False

    def load(self, path, *, context=None):
        return self.stream([], int(path.read_text()), {"scope": "session"})
"""


class Shop:
    """A small tree, and the dataset that is published of it: every cell of a version holds the same number."""

    def __init__(self, folder: Path, out: Path, *, is_folder: bool) -> None:
        self.root = folder / "tree"
        (folder / "mine.py").write_text(SOURCE)
        self.cache = Cache(folder / "cache")
        self.declaration = Declaration(
            "main",
            out / ("main" if is_folder else "main.parquet"),
            roots=(self.root,),
            source_files=(folder / "mine.py",),
            partition_by=("subject",) if is_folder else (),
            keep=20,
        )
        for subject in SUBJECTS:
            (self.root / f"sub-{subject}").mkdir(parents=True)
        self.publish(0)
        began = time.monotonic()
        self.publish(1)
        self.publish_s = time.monotonic() - began

    @property
    def output(self) -> Path:
        return self.declaration.output

    @property
    def published(self) -> int:
        """How many versions there were."""
        with suppress(DatasetError, IndexError):
            return versions.read(self.output).versions[-1].number
        return 0

    def publish(self, number: int) -> None:
        for subject in SUBJECTS:
            (self.root / f"sub-{subject}/sub-{subject}_number.txt").write_text(str(number))
        build(self.declaration, cache=self.cache, load=load_here)

    def publish_for_ever(self) -> None:
        while True:
            with suppress(DatasetError):  # the disk may be full: what readers see then is the point
                self.publish(self.published + 1)


def with_us(output: Path) -> pd.DataFrame:
    return load_published(output)


def plainly(output: Path) -> pd.DataFrame:
    """As a program that knows nothing of us: a file is opened once, a folder looked up once."""
    if output.suffix:
        with output.open("rb") as file:
            return _column(file)
    return _column(os.path.realpath(output))


def as_listed(output: Path) -> pd.DataFrame:
    """Given only a path, pandas and others open a file twice: they want one that stays, which the listing names."""
    listing = versions.read(output)
    (latest,) = (version for version in listing.versions if version.number == listing.latest)
    return _column(output.parent / latest.path)


def _column(source: Any) -> pd.DataFrame:
    table = pq.read_table(source, columns=["number.value"], partitioning=None)
    return table.to_pandas(ignore_metadata=True)


READERS = (with_us, plainly, as_listed, plainly)


def read_for_ever(output: Path, read: Callable[[Path], pd.DataFrame], said: Connection) -> None:
    """Says how often it has read, and what it met that is no whole version or an older one than before."""
    newest, reads = -1, 0
    while True:
        try:
            numbers = set(read(output).iloc[:, 0])
            wrong = "" if len(numbers) == 1 and min(numbers) >= newest else f"after {newest} it read {numbers}"
            newest = max(numbers)
        except Exception as fault:  # noqa: BLE001  whatever a reader meets
            wrong = f"{type(fault).__name__}: {fault}"
        reads += 1
        said.send((reads, wrong))
        time.sleep(READER_RESTS_S)


@contextmanager
def process(target: Callable[..., Any], *words: Any) -> Iterator[Any]:
    """A child that is killed in the end."""
    child = FORK.Process(target=target, args=words, daemon=True)
    child.start()
    try:
        yield child
    finally:
        child.kill()
        child.join()
        child.close()


class Reader:
    """One that reads in a loop, in a process of its own."""

    def __init__(self, output: Path, read: Callable[[Path], pd.DataFrame]) -> None:
        self.said, mouth = FORK.Pipe(duplex=False)
        self.reads = 0
        self.running = process(read_for_ever, output, read, mouth)

    def hear(self, counted: Counted) -> None:
        while self.said.poll():
            self.reads, wrong = self.said.recv()
            if wrong:
                counted.wrong(wrong)


@pytest.fixture(params=[False, True], ids=["a file", "a folder"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(publishing, "_FOLDERS_STAY", FOLDERS_STAY)
    with a_small_disk(tmp_path / "disk", "size=16m") as disk:
        yield Shop(tmp_path, disk, is_folder=request.param)


def test_readers_in_a_loop_meet_whole_versions_only(shop: Shop, count: Count, request: pytest.FixtureRequest) -> None:
    """The one that publishes is killed at random moments, and finds the disk full at others."""
    kind, chance, kills, full = request.node.callspec.id, Random(), 0, 0
    with count("P11", f"published under {len(READERS)} readers: {kind}", share=30, full=10_000) as counted:
        readers = [Reader(shop.output, read) for read in READERS]
        with ExitStack() as stack:
            for reader in readers:
                stack.enter_context(reader.running)
            while shop.published < counted.times or min(reader.reads for reader in readers) < counted.times // 4:
                with process(shop.publish_for_ever):
                    time.sleep(chance.uniform(0.1, 10.0) * shop.publish_s)
                    if chance.random() < 0.3:
                        full += 1
                        ballast = fill_disk(shop.output.parent, chance.choice([0, 4096, 20_000, 100_000]))
                        time.sleep(chance.uniform(0.0, 2.0) * shop.publish_s)
                        ballast.unlink()
                        time.sleep(chance.uniform(0.0, 2.0) * shop.publish_s)
                kills += 1
                for reader in readers:
                    reader.hear(counted)
        reads = sum(reader.reads for reader in readers)
        counted.note = f"{reads:,} reads, {kills:,} kills, {full:,} times full"
    shop.publish(-1 + 10**9)
    assert set(with_us(shop.output).iloc[:, 0]) == {-1 + 10**9}
    left = [path.name for path in shop.output.parent.rglob("*") if path.name.startswith(("staging-", "show-"))]
    assert left == []
