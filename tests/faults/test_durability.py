"""What is made durable, and when: by the time the manifest says that a step is done, a power cut can take nothing of it.

A real cut (`test_power_cut.py`) needs root and cannot tell which fsync it was that saved the day; here each is seen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from durable_acts import Act, noted_acts
from model_world import ModelWorld
from plain_model import RAW

from sinagotd.failpoints import Point
from sinagotd.scripts.orders import RECEIPT_NAME


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> list[Act]:
    return noted_acts(monkeypatch)


@contextmanager
def a_run_about_to_end(folder: Path) -> Iterator[tuple[ModelWorld, object]]:
    world = ModelWorld(folder)
    try:
        for path in RAW:
            world.put(path, "ab")
        world.walk()
        world.turn()
        world.advance(10_000)
        world.turn()
        yield world, world.orders[0][1]
    finally:
        world.close()


def test_an_output_is_on_the_disk_before_its_receipt_and_that_before_it_is_told(tmp_path, acts):
    with a_run_about_to_end(tmp_path) as (world, order):
        acts.clear()
        world.end(world.take(0))
        (output,) = (Path(order.staging, path) for path in order.outputs.values())
        receipt = acts.index(Act("rename", str(Path(order.staging, RECEIPT_NAME))))
        before, after = acts[:receipt], acts[receipt:]
        for path in (output, output.parent, Path(order.staging)):
            assert Act("fsync", str(path)) in before
        assert any(act.kind == "fsync" and RECEIPT_NAME in act.path for act in before)
        assert Act("fsync", order.staging) in after


def test_an_output_stands_in_its_place_on_the_disk_before_the_manifest_knows(tmp_path, acts):
    with a_run_about_to_end(tmp_path) as (world, order):
        world.end(world.take(0))
        acts.clear()
        with world.armed(Point.PUBLISHED):
            world.turn()
        assert world.engine.manifest.read.run(order.run_id).outcome is None
        (output,) = (world.data / path for path in order.outputs.values())
        moved = acts.index(Act("rename", str(output)))
        assert Act("fsync", str(output.parent)) in acts[moved:]
        assert Act("fsync", str(world.data)) in acts[moved:], "the folder that was made for it has no name on the disk"


def test_what_takes_its_place_is_the_very_file_that_the_step_wrote(tmp_path):
    with a_run_about_to_end(tmp_path) as (world, order):
        world.end(world.take(0))
        (path,) = order.outputs.values()
        written = Path(order.staging, path).stat()
        world.turn()
        assert (world.data / path).stat().st_ino == written.st_ino
