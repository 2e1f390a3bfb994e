"""A small workspace on a real disk with a real manifest; only the clock and the moment when runs end are steered."""

import itertools
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from sinagotd.core.keys import StepKey
from sinagotd.engine.engine import Engine
from sinagotd.engine.finding import compare
from sinagotd.engine.noting import note_still
from sinagotd.engine.tools import Tools
from sinagotd.manifest.opening import open_manifest
from sinagotd.scan.digests import digest
from sinagotd.scan.listing import Listing
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.walk import walk
from sinagotd.scripts.attempt import attempt
from sinagotd.scripts.inline_host import InlineHost
from sinagotd.settings.ownership import Trust
from sinagotd.settings.workspace import STATE_FOLDER, load_workspace

TOML = """
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["count", "mean"]
"""
COUNT = """
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = ("raw", "{id}.txt")
    PATH_OUT = ("count", "{id}.txt")

    def run(self):
        words = self.path.input.read_text().split()
        if "bad" in words:
            raise ValueError("a bad word")
        self.path.output.write_text(str(len(words)))
"""
MEAN = """
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = ("count", "{id}.txt")
    PATH_OUT = ("mean", "{id}.txt")

    def run(self):
        self.path.output.write_text("mean of " + self.path.input.read_text())
"""


class FakeClock:
    """Moves only when told; both its clocks move together."""

    def __init__(self, now):
        self.seconds = now

    def now(self):
        return self.seconds

    def monotonic(self):
        return self.seconds

    def advance(self, seconds):
        self.seconds += seconds


class World:
    """A workspace with an engine on it. Orders wait in `orders` until `run` ends them; `crash` forgets the engine."""

    def __init__(self, folder: Path, *, toml: str = TOML, trust: Trust | None = None, **scripts: str) -> None:
        self.folder = folder
        self.data = folder / "dataset"
        self.state = self.data / STATE_FOLDER
        (self.data / "raw").mkdir(parents=True)
        self.state.mkdir()
        (folder / "scripts").mkdir()
        (folder / "workspace.toml").write_text(toml)
        for name, text in (scripts or {"count": COUNT, "mean": MEAN}).items():
            self.script(name, text)
        self.clock = FakeClock(2_000_000_000.0)  # later than any file: what is there is old, so settled
        self.ran: list[StepKey] = []
        self.orders: list[tuple[int, object]] = []
        self.lines: list[dict] = []
        self.hashing: list[str] = []
        self.trust = trust
        self.stack = ExitStack()
        self.host = InlineHost()
        self.start()

    def script(self, name, text):
        (self.folder / "scripts" / f"{name}.py").write_text(text)

    def start(self):
        settings = load_workspace(self.folder)
        opened = open_manifest(settings.state_path, at=self.clock.now())
        self.stack.callback(opened.manifest.close)
        log = structlog.wrap_logger(
            structlog.ReturnLogger(), processors=[self._hear], wrapper_class=structlog.BoundLogger
        )
        tools = Tools(
            clock=self.clock,
            log=log,
            submit=self.submit,
            ask=lambda script: self.host.declare(script, settings.scripts_path),
            hash_later=lambda path, _: self.hashing.append(path),
            trust=self.trust,
        )
        self.engine = Engine(settings, opened.manifest, tools)
        self.engine.begin()
        return self.engine

    def submit(self, order, priority):
        self.orders.append((priority, order))

    def _hear(self, _logger, _method, event):
        self.lines.append(event)
        return str(event)

    def crash(self):
        """The process is gone, and with it every order that was not ended; the next one starts."""
        self.close()
        self.orders.clear()
        self.stack = ExitStack()
        self.start()
        self.walk()

    def close(self):
        self.stack.close()
        self.host.close()

    def put(self, path, text):
        """Write a file in place; nobody is told."""
        full = self.data / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)

    def read(self, path):
        full = self.data / path
        return full.read_text() if full.exists() else None

    def walk(self):
        engine = self.engine
        listing = Listing()
        seen = walk(self.data, engine.pipeline.reach(), ignored=IgnoredNames(), listing=listing)
        found = compare(seen, engine.manifest.read.stamps(), engine.pipeline)
        engine.meet(found.records)
        engine.retire(engine.records - found.records)
        engine.see(found.changed)
        note_still(engine, found, listing.told())

    def turn(self, room=100):
        """Turn until nothing new comes of it."""
        for _ in range(50):
            self.engine.turn(room)
            if not self.engine.wants_turn:
                return
        raise AssertionError("the engine never comes to rest")

    def run_one(self, index=0):
        """End one of the submitted runs."""
        _, order = self.orders.pop(index)
        self.ran.append(StepKey(order.record, order.step))
        self.engine.ended(attempt(order, self.host, on_started=lambda _pid, _at: None, on_line=lambda _line: None))

    def settle(self):
        """Walk, and let everything that can run, run."""
        self.walk()
        for _ in itertools.count():
            self.turn()
            if not self.orders:
                return
            while self.orders:
                self.run_one()

    def hash_now(self):
        for path in self.hashing:
            stamp = self.engine.gatherer.stamp(path)
            self.engine.hashed(path, stamp, None if stamp is None else digest(self.data, path))
        self.hashing.clear()

    def standing(self, key):
        return self.engine.manifest.read.standings()[StepKey.parse(key)]

    def state_of(self, key):
        return self.standing(key).state.value

    def reason(self, key):
        return self.standing(key).reason


@contextmanager
def a_world(folder, **more):
    world = World(folder, **more)
    try:
        yield world
    finally:
        world.close()
