import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from script_lab import Lab

from sinagotd.scripts.hosts import Host
from sinagotd.scripts.inline_host import InlineHost
from sinagotd.scripts.step_host import StepHost


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    world = Lab(tmp_path / "scripts", tmp_path / "data")
    world.scripts.mkdir()
    world.data.mkdir()
    return world


@pytest.fixture(scope="session")
def shared_step_host() -> Iterator[StepHost]:
    with StepHost() as host:
        yield host


@pytest.fixture
def step_host(shared_step_host: StepHost) -> StepHost:
    """One process for many tests; after a test that ended it, the next call starts another."""
    return shared_step_host


@pytest.fixture(params=["inline", "process"])
def host(request: pytest.FixtureRequest) -> Host:
    return InlineHost() if request.param == "inline" else request.getfixturevalue("shared_step_host")


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool], limit_s: float = 20) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.01)

    return wait


@pytest.fixture
def alive() -> Callable[[int], bool]:
    def is_alive(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return is_alive
