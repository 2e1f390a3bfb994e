import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import watchdog.observers.inotify_c  # noqa: F401 - before `as_nobody`, who may not be able to read it
from scan_world import IGNORED, reach_of

from sinagotd.scan.health import Patience
from sinagotd.scan.watcher import Watcher


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / ".sinagotd/staging").mkdir(parents=True)
    return folder


@pytest.fixture
def woken() -> threading.Semaphore:
    """Counts the wakes."""
    return threading.Semaphore(0)


Watch = Callable[..., Watcher]


@pytest.fixture
def watch(data: Path, woken: threading.Semaphore) -> Iterator[Watch]:
    """Start a watcher on the data folder; all of them are stopped at the end."""
    watchers = []

    def start(*templates: str, wake: Callable[[], object] = woken.release, patience: Patience | None = None) -> Watcher:
        watcher = Watcher(
            data,
            reach_of(*templates or ("raw/{id}.txt",)),
            ignored=IGNORED,
            wake=wake,  # type: ignore[arg-type]
            canary_folder=data / ".sinagotd",
            patience=patience,
        )
        watchers.append(watcher)
        watcher.start()
        return watcher

    yield start
    for watcher in watchers:
        watcher.stop()


@pytest.fixture
def as_nobody() -> Callable[[], AbstractContextManager[None]]:
    """Give up root's rights for the length of a `with`; who is not root has none to give up."""

    @contextmanager
    def unprivileged() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return unprivileged


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that nobody can reach too, which those of pytest are not."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
