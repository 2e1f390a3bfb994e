"""A reader at any moment finds a whole dataset: while builds are killed, while the disk is full, while a source kills its process."""

import errno
import multiprocessing
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sinagotd.datakit.builds.built import Status
from sinagotd.datakit.builds.isolating import load_isolated
from sinagotd.datakit.builds.reading import load_published
from sinagotd.errors import DatasetError

KILLS = 16
LIMIT_S = 30
SMALL_DISK = "size=6m"


def generation(frame: pd.DataFrame) -> int:
    """The generation that all rows of a published dataset are of."""
    (text,) = set(frame["remarks", "text"])
    assert len(frame) == 3
    return int(text)


def build_for_ever(world: Any, start: int) -> None:
    """Write one generation after the other into all files, and build each."""
    number = start
    while True:
        for subject in ("01", "02", "03"):
            world.write(subject, "notes.txt", str(number))
        world.build()
        number += 1


@pytest.mark.timeout(180)
@pytest.mark.parametrize("partition_by", [(), ("subject",)])
def test_a_reader_in_a_loop_finds_whole_versions_while_builds_are_killed(
    world: Any, partition_by: tuple[str, ...]
) -> None:
    """kill -9 at random moments: no reader meets half a file or half a folder, or goes back to an older version."""
    world.declare(partition_by=partition_by, output=world.output.with_name("main" if partition_by else "main.parquet"))
    for subject in ("01", "02", "03"):
        world.write(subject, "notes.txt", "0")
    world.build()
    world.write("01", "values.json", {"age": 5})
    took_s = world.build().took_s
    random_wait = random.Random(7)  # the moments differ with the machine all the same
    fork = multiprocessing.get_context("fork")
    seen = [0]
    for turn in range(KILLS):
        child = fork.Process(target=build_for_ever, args=(world, seen[-1] + KILLS))
        child.start()
        before, started = seen[-1], time.monotonic()
        end = started + took_s * random_wait.uniform(0.1, 3)
        while time.monotonic() < end or (turn % 4 == 0 and seen[-1] == before and time.monotonic() < started + LIMIT_S):
            seen.append(generation(load_published(world.output)))
        child.kill()
        child.join()
        child.close()
        seen.append(generation(load_published(world.output)))
    assert seen == sorted(seen)
    assert len(set(seen)) > KILLS // 4
    world.build()
    left = [entry.name for entry in world.output.parent.rglob("*") if entry.name.startswith(("staging-", "show-"))]
    assert left == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", SMALL_DISK, "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk wants the right to mount: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path, left_bytes: int) -> Path:
    """Fill a disk until so much is left."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        file.write(bytes(max(0, free - left_bytes)))
    return ballast


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
        ballast = fill(small_disk, left)
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
    from sinagotd.datakit.builds.cache import Cache

    world.cache = Cache(small_disk / "cache")
    fill(small_disk, 0)
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
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    world.write("02", "notes.txt", "newer")
    with pytest.raises(DatasetError, match="cannot be published") as raised:
        world.build()
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == errno.EROFS
    assert len(world.published()) == 3
