"""A `World` in which files are as old as the steered clock has it, and which can be killed, starved and unmounted."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engine_world import World
from plain_model import KEYS, RAW, SETTLE_S, STEPS, TOML, path_of, reads, script

from sinagotd.core.keys import StepKey
from sinagotd.engine.staging import staging_root
from sinagotd.failpoints import VARIABLE, Action, Point
from sinagotd.manifest.check import check
from sinagotd.manifest.place import DATABASE
from sinagotd.scan.mounts import root_identity
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.vanished import root_offline
from sinagotd.scan.walk import walk
from sinagotd.scripts.orders import RunOrder
from sinagotd.settings.workspace import load_workspace


class Look(NamedTuple):
    """An output on the disk and the inputs of its step, None where there is none."""

    text: str | None
    inputs: list[str | None]


class ModelWorld(World):
    """The workspace of `plain_model`; what it submitted and nobody carries out any more is a ghost."""

    def __init__(self, folder: Path) -> None:
        self.ghosts: list[RunOrder] = []
        self.claimed: list[RunOrder] = []
        self.elsewhere = folder / "elsewhere"
        super().__init__(folder, toml=TOML.format(mark=0), **{step: script(step, 0) for step in STEPS})
        self.elsewhere.mkdir()
        self.identity = root_identity(self.data)

    def start(self):
        engine = super().start()
        self.advance(0)
        return engine

    def advance(self, seconds: float) -> None:
        """Move both clocks; that of the file system is the real one, so what was just written counts as new."""
        self.clock.advance(seconds)
        self.engine.gatherer.clock_skew_s = time.time() - self.clock.now()

    def submit(self, order: RunOrder, priority: int) -> None:
        super().submit(order, priority)
        self.claimed.append(order)

    def set_mark(self, mark: int) -> None:
        (self.folder / "workspace.toml").write_text(TOML.format(mark=mark))
        self.engine.reconfigure(load_workspace(self.folder))

    def walk(self) -> None:
        """As the daemon does: nothing is decided about a data folder that is not there."""
        identity = root_identity(self.data)
        self.engine.offline = root_offline(
            self.identity, identity, known_records=len(self.engine.records), seen_records=0
        )
        if identity is not None:
            super().walk()

    def turn(self, room: int = 100) -> None:
        """As the daemon does: a turn that the machine refuses is taken again later."""
        try:
            super().turn(room)
        except OSError as fault:
            self.engine.room.refuse(str(fault))

    def take(self, index: int) -> RunOrder:
        """Take an order off the worker's hands."""
        return self.orders.pop(index % len(self.orders))[1]

    def end(self, order: RunOrder) -> None:
        self.orders.insert(0, (0, order))
        self.run_one()

    def kill(self) -> None:
        """As `kill -9`: the manifest is left as its files lie now, the workers' runs are nobody's any more."""
        left = {path: path.read_bytes() for path in self.state.glob(f"{DATABASE}*")}
        self.stack.close()
        for path in self.state.glob(f"{DATABASE}*"):
            path.unlink()
        for path, content in left.items():
            path.write_bytes(content)
        self._begin_anew()

    def restart(self) -> None:
        """As `systemctl restart`: what no worker has begun is taken back, the rest ends and is recorded."""
        back = set(self.engine.take_back())
        for order in [order for _, order in self.orders]:
            if order.run_id in back:
                self.engine.lost(order.run_id, "cancelled")
                self.orders[:] = [other for other in self.orders if other[1] is not order]
        while self.orders:
            self.run_one()
        self.turn(0)
        self.stack.close()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.ghosts += [order for _, order in self.orders]
        self.orders.clear()
        self.hashing.clear()
        self.stack = type(self.stack)()
        self.start()
        self.walk()

    @contextmanager
    def armed(self, point: Point | None) -> Iterator[None]:
        """In this block the disk is full once, at this point."""
        if point is None:
            yield
            return
        token = self.folder / "token"
        token.touch()
        os.environ[VARIABLE] = f"{point}:{Action.DISK_FULL}:{token}"
        try:
            yield
        finally:
            del os.environ[VARIABLE]
            token.unlink(missing_ok=True)

    @contextmanager
    def unmounted(self) -> Iterator[None]:
        self.data.rename(self.folder / "unmounted")
        try:
            yield
        finally:
            assert not self.data.exists(), "somebody made a data folder where none was"
            (self.folder / "unmounted").rename(self.data)

    def list_folder(self, folder: str) -> None:
        """As the daemon does when the watcher hints at a folder."""
        seen = walk(self.data, self.engine.pipeline.reach(), ignored=IgnoredNames(), start=folder)
        self.engine.see(seen.stamps.keys() | self.engine.manifest.read.paths_below(folder))

    def flying(self) -> set[StepKey]:
        """The steps with a run in flight."""
        return {claimed.key for claimed in self.engine.flights.in_flight.values()}

    def is_requested(self, key: StepKey) -> bool:
        past = self.engine.manifest.read.history({key.record}).get(key)
        return past is not None and past.requested

    def looks(self) -> dict[StepKey, Look]:
        return {key: Look(self.read(path_of(*key)), [self.read(path) for path in reads(key)]) for key in KEYS}

    def raws(self) -> dict[str, str]:
        return {path: text for path in RAW if (text := self.read(path)) is not None}

    def leftovers(self) -> list[str]:
        root = staging_root(self.data)
        return sorted(entry.name for entry in root.iterdir()) if root.is_dir() else []

    def faults(self) -> tuple[str, ...]:
        return check(self.state).findings

    def rest(self, *, walks: bool = True) -> None:
        """Look around once; then let time pass as far as the engine says that it waits for something."""
        self.turn(0)
        self.advance(SETTLE_S + 1)  # scripts are polled: a changed one is read once it has stood still
        if walks:
            self.walk()
        for _ in range(200):
            self.hash_now()
            self.turn()
            while self.orders:
                self.run_one()
            if self.hashing or self.engine.wants_turn:
                continue
            next_look = self.engine.next_look
            if next_look is None:
                return
            self.advance(max(0.0, next_look - self.clock.monotonic()) + 0.001)
        raise AssertionError("it never comes to rest")
