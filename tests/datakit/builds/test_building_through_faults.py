"""What builds do on a disk that is full or read-only, and beside a source that ends or hangs its process.

Readers in a loop while builds are killed: `faults/test_publishing.py`.
"""

import errno
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_disk import a_small_disk, fill_disk, remount

from sinagotd.datakit.builds.built import Status
from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.isolating import load_isolated
from sinagotd.errors import DatasetError


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with a_small_disk(tmp_path / "disk") as disk:
        yield disk


def test_a_full_disk_leaves_what_was_published_and_work_resumes_when_there_is_room(
    world: Any, small_disk: Path
) -> None:
    """Whatever room is left, the output is the old version or the new one, and both open."""
    world.declare(output=small_disk / "main.parquet")
    noise = random.Random(1)
    said: list[str] = []
    world.build()
    for turn, left in enumerate([0, 4096, 16384, 65536, 131072, 262144]):
        published = world.published()
        world.write("02", "notes.txt", f"{turn} " + noise.randbytes(60_000).hex())
        ballast = fill_disk(small_disk, left)
        try:
            world.build()
        except DatasetError as fault:
            said.append(str(fault))
            pd.testing.assert_frame_equal(world.published(), published)
        else:
            world.check()
        ballast.unlink()
        assert world.build().status in (Status.PUBLISHED, Status.UNCHANGED)
        world.check()
    assert len(said) > 1
    assert all("no room" in told for told in said)


def test_a_cache_on_a_full_disk_keeps_nothing_and_stops_nothing(world: Any, small_disk: Path) -> None:
    world.cache = Cache(small_disk / "cache")
    fill_disk(small_disk, 0)
    assert world.build().status == Status.PUBLISHED
    world.check()


DEADLY = """
import os, sys
from sinagotd.datakit import TableSource

class Deadly(TableSource):
    tag = "deadly"
    patterns = ("*_notes.txt",)

    def build_table(self, path, *, context):
        text = path.read_text()
        if "die" in text:
            os._exit(3)
        if "hang" in text and os.path.exists(__file__ + ".slow"):
            while True:
                pass
        return [], {"text": text}, {}
"""


@pytest.fixture
def deadly_world(world: Any) -> Any:
    (world.scripts / "deadly.py").write_text(DEADLY)
    files = (*world.declaration.source_files, world.scripts / "deadly.py")
    world.declare(source_files=files, sources=("facts", "deadly"))
    return world


def test_a_source_that_ends_its_process_costs_its_own_cell(deadly_world: Any) -> None:
    world = deadly_world
    world.write("02", "notes.txt", "die")
    built = world.build(load=load_isolated)
    assert [(problem.row[0], problem.source) for problem in built.problems] == [("02", "deadly")]
    assert "its process died" in (built.problems[0].message or "")
    assert world.published()["facts", "age"].tolist() == [0, 1, 2]
    assert world.build().cells_loaded == 0, "it is not tried again before it changes"


def test_a_source_that_hangs_is_stopped_by_its_time_limit_and_tried_again(deadly_world: Any) -> None:
    world = deadly_world
    world.declare(timeout_s=0.5)
    world.write("02", "notes.txt", "hang")
    slow = world.scripts / "deadly.py.slow"
    slow.touch()
    built = world.build()
    assert [(problem.row[0], problem.source) for problem in built.problems] == [("02", "deadly")]
    slow.unlink()
    assert world.build().problems == ()


def test_an_output_on_a_disk_that_was_made_read_only_is_said(world: Any, small_disk: Path) -> None:
    world.declare(output=small_disk / "main.parquet")
    world.build()
    remount(small_disk, "ro")
    world.write("02", "notes.txt", "newer")
    with pytest.raises(DatasetError, match="cannot be published") as raised:
        world.build()
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == errno.EROFS
    assert len(world.published()) == 3
