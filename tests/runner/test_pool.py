"""The step hosts of one machine: they do not wait for the disk, and what waits for it is not lost."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from runner_world import Posts, World

from sinagotd.core.states import Outcome
from sinagotd.runner.pool import PoolRunner
from sinagotd.runner.protocol import RunEnded, RunLost, RunStarted

SOON_S = 30


@contextmanager
def a_slow_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Nothing gets onto the disk before this is set; it is in the end."""
    ready, fsync = threading.Event(), os.fsync

    def slow(descriptor: int) -> None:
        assert ready.wait(SOON_S)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    try:
        yield ready
    finally:
        ready.set()


@pytest.fixture
def pool() -> Iterator[tuple[PoolRunner, Posts]]:
    posts = Posts()
    runner = PoolRunner(posts, workers=1)
    yield runner, posts
    runner.close()


def test_a_host_is_at_the_next_run_while_the_one_before_waits_for_the_disk(
    pool: tuple[PoolRunner, Posts], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, posts = pool
    first, second = world.order("copy", "REC-1"), world.order("copy", "REC-2")
    with a_slow_disk(monkeypatch) as ready:
        runner.submit(first)
        runner.submit(second)
        posts.wait_for(second, RunStarted)
        assert not any(isinstance(event, RunEnded) for event in posts.of(first))
        ready.set()
        assert [posts.receipt(order).outcome for order in (first, second)] == [Outcome.SUCCEEDED] * 2


def test_what_waits_for_the_disk_when_a_runner_is_closed_is_answered_by_its_receipt(
    pool: tuple[PoolRunner, Posts], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, posts = pool
    first, second = world.order("copy", "REC-1"), world.order("hangs", "REC-2")
    with a_slow_disk(monkeypatch) as ready:
        runner.submit(first)
        runner.submit(second)
        posts.wait_for(second, RunStarted)
        threading.Timer(0.2, ready.set).start()
        runner.close()
    assert posts.receipt(first).outcome is Outcome.SUCCEEDED


def test_a_disk_that_hangs_does_not_keep_a_runner_open(
    pool: tuple[PoolRunner, Posts], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, posts = pool
    monkeypatch.setattr("sinagotd.runner.pool.CLOSE_LIMIT_S", 0.5)
    first, second = world.order("copy", "REC-1"), world.order("hangs", "REC-2")
    with a_slow_disk(monkeypatch):
        runner.submit(first)
        runner.submit(second)
        posts.wait_for(second, RunStarted)
        runner.close()
        assert "closed" in posts.wait_for(first, RunLost).why
