"""The loop of the daemon on one world, by hand: its runs are done at once, in this thread."""

import time
from contextlib import ExitStack, contextmanager

import structlog
from engine_world import World

from sinagotd.daemon import events
from sinagotd.daemon.loop import Loop, Parts
from sinagotd.daemon.metrics import MetricsFile
from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.site import Site
from sinagotd.daemon.sites import Sites
from sinagotd.daemon.vitals import Vitals
from sinagotd.runner.inline import InlineRunner


class Bench:
    """One world as the only workspace of a loop whose runner runs at once, in this thread."""

    def __init__(self, folder, *, watched=False):
        self.world = World(folder)
        self.watched = watched
        self.inbox = events.Inbox()
        self.runner = InlineRunner(self.inbox.put)
        self.submitted = []
        self.openings = 0
        self.log = structlog.wrap_logger(
            structlog.ReturnLogger(), processors=[self.world._hear], wrapper_class=structlog.BoundLogger
        )
        self.sites = Sites({"w": self.open}, self.inbox, self.runner, self.log, patient=True)
        self.notifier = Notifier(Vitals(self.log))
        self.kept = []
        self.metrics = folder / "sinagotd.prom"
        file = MetricsFile(self.metrics, self.log)
        self.loop = Loop(
            Parts(self.inbox, self.sites, self.runner, self.notifier, self.log, self.kept.append, metrics=file)
        )
        self.sites.begin()

    @contextmanager
    def open(self):
        """What the daemon does when it opens a workspace, with the world's engine."""
        self.openings += 1
        with ExitStack() as stack:
            if self.openings > 1:
                self.world.start()
            stack.callback(self.world.close)
            object.__setattr__(self.world.engine.tools, "submit", self.submit)
            self.site = Site("w", self.world.engine, self.inbox, self.log)
            stack.callback(self.site.stop)
            if self.watched:
                self.site.start()
            yield self.site

    def submit(self, order, priority):
        self.submitted.append(order)
        self.runner.submit(order, priority=priority)

    def walk(self):
        """Have the site walk, and handle what comes of it."""
        self.site.walk()
        self.loop.handle(self.inbox.get(timeout=20))

    def work(self):
        while not self.loop.at_rest:
            for event in self.loop.wait():
                self.loop.handle(event)
            self.sites.open_due(time.monotonic())
            self.loop.tick()

    def said(self, event):
        return [line for line in self.world.lines if line["event"] == event]

    def close(self):
        self.sites.close()
        self.runner.close()
