"""What the tests of scan/ share: a reach made of texts, the usual ignored names, and waiting for a condition."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import sinagotd
from sinagotd.core.ids import IdPattern
from sinagotd.core.patterns import Template
from sinagotd.core.reach import Reach
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.watcher import Watcher

IGNORED = IgnoredNames()


def reach_of(*templates: str) -> Reach:
    parsed = [Template.parse(text, constants={}, entities=()) for text in templates]
    return Reach(parsed, IdPattern(r"REC-\d+"))


def wait_until(condition: Callable[[], object], *, limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class Seen:
    """Drains a watcher until what is waited for has been hinted at."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self.files: dict[str, bool] = {}
        self.folders: set[str] = set()
        self.lost: list[str] = []

    def drain(self) -> None:
        hints = self._watcher.drain()
        for path, arrived in hints.files.items():
            self.files[path] = arrived
        self.folders |= hints.folders
        self.lost += [hints.lost] if hints.lost else []

    def until(self, condition: Callable[["Seen"], object]) -> "Seen":
        def met() -> object:
            self.drain()
            return condition(self)

        wait_until(met)
        return self


def python_in(*before: str, script: str, folder: Path) -> list[str]:
    """Give the command line that runs `script` with `folder` as its argument, `before` in front of the interpreter."""
    paths = [str(Path(sinagotd.__file__).parents[1]), str(Path(__file__).parent)]
    return [
        *before,
        sys.executable,
        "-W",
        "error",
        "-c",
        f"import sys; sys.path[:0] = {paths!r}\n{script}",
        str(folder),
    ]
