"""Datasets in the daemon by hand: real settings, real watches, a clock that is told, and builds that end as the test says."""

import json
from contextlib import suppress
from pathlib import Path
from queue import Empty

import structlog

from sinagotd.core.states import Outcome
from sinagotd.daemon import events
from sinagotd.daemon.datasets.desk import Remembered
from sinagotd.daemon.datasets.keeping import Datasets
from sinagotd.runner.protocol import RunEnded
from sinagotd.scripts.orders import Receipt
from sinagotd.settings.daemon import load_daemon

PUBLISHED = {"status": "published", "why": "it is new", "version": 1, "rows": 2, "problems": 0}
UNCHANGED = PUBLISHED | {"status": "unchanged", "why": "nothing changed"}
LIMIT_S = 20.0
QUIET_S = 0.5


class ByHand:
    """A runner whose runs end when the test says so."""

    window = 4
    trouble = ""

    def __init__(self):
        self.orders = []
        self.priorities = []

    def submit(self, order, *, priority=0):
        self.orders.append(order)
        self.priorities.append(priority)


class World:
    """A service with datasets and no workspace; time stands still until it is told to go on."""

    def __init__(self, folder):
        self.folder = folder
        self.now = 1_000_000.0
        self.lines = []
        self.inbox = events.Inbox()
        self.runner = ByHand()
        self.log = structlog.wrap_logger(
            structlog.ReturnLogger(), processors=[self._hear], wrapper_class=structlog.BoundLogger
        )
        self.datasets = None

    def begin(self, *names, more="", once=False, **settings):
        """Start with these datasets, as a new process would."""
        self.end()
        self.declare(*names, more=more, **settings)
        (self.folder / "study").mkdir(exist_ok=True)
        self.settings = load_daemon(self.folder)
        self.datasets = Datasets(self.settings, self.inbox, self.runner, self.log, once=once, clock=lambda: self.now)
        self.datasets.start()
        return self

    def declare(self, *names, more="", **settings):
        """Write these datasets into the settings of the service."""
        text = more
        for name in names:
            keys = {"roots": ["study"], "output": "tables/{name}.parquet"} | settings
            text += f"[datasets.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        (self.folder / "sinagotd.toml").write_text(text)

    def end(self):
        if self.datasets is not None:
            self.datasets.stop()

    def _hear(self, _logger, method, event):
        self.lines.append(event | {"level": method})
        return ""

    def turn(self, *sites, after=0.0):
        """Let it take a turn, `after` seconds; gives the orders that it submitted."""
        self.now += after
        before = len(self.runner.orders)
        self.datasets.turn(sites)
        return self.runner.orders[before:]

    def report(self, order, report):
        """The build of this order comes to its end."""
        staging = Path(order.staging)
        staging.mkdir(parents=True)
        (staging / order.outputs[""]).write_text(json.dumps(report))
        assert self.datasets.hear(RunEnded(order.run_id, Receipt(order.run_id, Outcome.SUCCEEDED)))

    def built(self, report=PUBLISHED, *, after=0.0):
        (order,) = self.turn(after=after)
        self.report(order, report)
        return order

    def fails(self, error, *, after=0.0):
        (order,) = self.turn(after=after)
        self.datasets.hear(RunEnded(order.run_id, Receipt(order.run_id, Outcome.FAILED, error=error)))

    def write(self, path, text="x"):
        """Write a file, and hand on what the watcher says of it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def hear_touch(self):
        assert self.datasets.hear(self.inbox.get(timeout=LIMIT_S))

    def hear_all(self):
        """As long as the watcher has something to say; at least once."""
        self.hear_touch()
        with suppress(Empty):
            while True:
                assert self.datasets.hear(self.inbox.get(timeout=QUIET_S))

    def said(self, event):
        return [line for line in self.lines if line["event"] == event]

    def known(self, name="harbor"):
        return Remembered.read(self.folder / f"tables/.sinagotd/datasets/{name}.json")


class AtWork:
    """A workspace as far as datasets look at it."""

    def __init__(self, file, *, at_rest):
        self.settings = type("Settings", (), {"config_path": file})
        self.at_rest = at_rest
