from collections.abc import Iterator
from pathlib import Path

import pytest
from runner_world import Posts, World

from sinagotd.runner.dask_runner import DaskRunner


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="session")
def shared() -> Iterator[tuple[DaskRunner, Posts]]:
    """One cluster with one worker for all tests that leave it usable: its start takes seconds."""
    posts = Posts()
    runner = DaskRunner(posts, workers=1)
    runner.start()
    yield runner, posts
    runner.close()
