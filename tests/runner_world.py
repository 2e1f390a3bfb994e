"""Orders over real scripts and files, and a collector of what runners post."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from sinagotd.runner.protocol import RunEnded, RunLost, RunnerEvent
from sinagotd.scripts.code import read_code
from sinagotd.scripts.orders import Receipt, RunOrder

LIMIT_S = 40.0

BODIES = {
    "copy": "self.path.output.write_text(self.path.input.read_text())",
    "raises": "raise ValueError('no such electrode')",
    "forgets": "pass",
    "speaks": "[self.logger.info(f'line {n}') for n in range(5)]; self.path.output.write_text('x')",
    "marks": "import time; self.path.output.write_text(f'{time.time_ns()}')",
    "hangs": (
        "import os, subprocess, time; child = subprocess.Popen(['sleep', '600'], start_new_session=True); "
        "self.path.input.with_suffix('.pids').write_text(f'{os.getpid()} {child.pid}'); time.sleep(600)"
    ),
}


class World:
    """A data folder and a scripts folder; `order` makes an order for one of the scripts in `BODIES`."""

    def __init__(self, root: Path) -> None:
        self.data = root / "dataset"
        self.scripts = root / "scripts"
        (self.data / "raw").mkdir(parents=True)
        (self.data / ".sinagotd").mkdir()
        self.scripts.mkdir()
        for name, body in BODIES.items():
            (self.scripts / f"{name}.py").write_text(
                "from sinagotd import ScriptTemplate\n\n\nclass Script(ScriptTemplate):\n"
                f"    PATH_IN = ('raw', '{{id}}.txt')\n    PATH_OUT = ('out', '{{id}}.txt')\n\n"
                f"    def run(self):\n        {body}\n"
            )

    def order(self, script: str = "copy", record: str = "REC-1", **changes: Any) -> RunOrder:
        run_id = uuid.uuid4().hex
        (self.data / "raw" / f"{record}.txt").write_text(record)
        order = RunOrder(
            run_id=run_id, record=record, step=script, label=script, task=None, modality=None,
            script=f"{script}.py", scripts_path=str(self.scripts),
            code=read_code(self.scripts, f"{script}.py").digest.hex(),
            data_path=str(self.data), staging=str(self.data / ".sinagotd" / "staging" / run_id),
            inputs={"": f"raw/{record}.txt"}, outputs={"": f"out/{record}.txt"},
        )  # fmt: skip
        return replace(order, **changes)

    def pids(self, record: str = "REC-1") -> list[int]:
        """The process of the script `hangs` and that of its child, once it has begun."""
        file = self.data / "raw" / f"{record}.pids"
        wait_until(lambda: file.exists() and len(file.read_text().split()) == 2)
        return [int(word) for word in file.read_text().split()]


class Posts:
    """Keeps every event, from any thread, in the order of posting."""

    def __init__(self) -> None:
        self.events: list[RunnerEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: RunnerEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, order: RunOrder, kind: type | tuple[type, ...] = object) -> list[Any]:
        return [event for event in self.events if event.run_id == order.run_id and isinstance(event, kind)]

    def answers(self, order: RunOrder) -> list[Any]:
        return self.of(order, (RunEnded, RunLost))

    def wait_for(self, order: RunOrder, *kinds: type) -> Any:
        with self._changed:
            assert self._changed.wait_for(lambda: self.of(order, kinds), LIMIT_S), self.of(order)
        return self.of(order, kinds)[0]

    def receipt(self, order: RunOrder) -> Receipt:
        ended = self.wait_for(order, RunEnded, RunLost)
        assert isinstance(ended, RunEnded), ended
        return ended.receipt


def wait_until(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def family(pid: int) -> list[psutil.Process]:
    """All descendants, but for the one that Python itself keeps beside spawned processes until it ends."""
    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if "resource_tracker" not in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
