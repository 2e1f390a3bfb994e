"""Watches the trees that datasets are made of. A hint only makes a dataset dirty: what changed is seen by its next build."""

from collections.abc import Callable, Iterable
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from sinagotd.core.reach import Reach
from sinagotd.scan.health import Hints
from sinagotd.scan.mounts import is_network
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.watcher import Watcher
from sinagotd.settings.workspace import STATE_FOLDER


class Root:
    """One tree. `mine` are outputs, which say nothing new: neither they, nor what lies in or beside them by their names."""

    def __init__(self, path: Path, mine: Iterable[Path], wake: Callable[[], None], log: FilteringBoundLogger) -> None:
        self.path = path
        self._log = log
        outputs = [str(each.relative_to(path).with_suffix("")) for each in mine if each.is_relative_to(path)]
        self._mine = tuple(output + mark for output in outputs for mark in "./")
        self._mode = "watching"
        self._watcher = Watcher(
            path, Reach.everywhere(), ignored=IgnoredNames(), wake=wake, canary_folder=path / STATE_FOLDER
        )

    def start(self) -> None:
        if is_network(self.path):
            self._tell("scanning", "it is on a network mount")
        else:
            self._watcher.start()

    def stop(self) -> None:
        self._watcher.stop()

    def changed(self) -> bool:
        """Whether anything was hinted at since the last call."""
        return self._is_news(self._watcher.drain())

    def check(self, now: float) -> None:
        """Look after the watching; `now` is monotonic seconds."""
        if not is_network(self.path):
            health = self._watcher.check(now)
            self._tell(health.mode, health.why)

    def _is_news(self, hints: Hints) -> bool:
        return bool(hints.lost) or any(not f"{path}/".startswith(self._mine) for path in (*hints.files, *hints.folders))

    def _tell(self, mode: str, why: str | None) -> None:
        if mode != self._mode:
            self._mode = mode
            self._log.warning("root_watching", root=str(self.path), mode=mode, why=why)
