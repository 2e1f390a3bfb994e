"""What runs inside a Dask worker: a launcher that hands orders to a warm step host. It never runs a script itself."""

import json
import os
import threading
from functools import partial
from typing import cast

from distributed import Worker, WorkerPlugin, get_worker
from distributed.utils import sync

from sinagotd import __version__
from sinagotd.runner.batch import Batch
from sinagotd.runner.entry import forget_keys
from sinagotd.runner.lane import Lane
from sinagotd.runner.thrift import give_memory_back
from sinagotd.runner.voice import HOLD_S, Voice
from sinagotd.scripts.orders import RunOrder

PLUGIN = "sinagotd-step-hosts"
ATTACH_LIMIT_S = 30
HEARTBEAT_S = 2


def launch(texts: list[str], topic: str) -> list[str]:
    """Run orders, given as JSON, and return their receipts as JSON. What happens meanwhile is told on `topic`.

    Most receipts are told as well, since events arrive sooner than results; an event may be lost, a result is not.
    """
    worker = get_worker()
    voice = Voice(partial(worker.log_event, topic), hold_s=HOLD_S if len(texts) > 1 else 0.0)
    receipts = Batch([RunOrder(**json.loads(text)) for text in texts], voice).run(step_hosts(worker).mine())
    voice.hurry()
    forget_keys()
    return receipts


def about() -> str:
    """Tell which sinagotd a worker has; a worker that cannot import this module cannot answer."""
    return __version__


class CalmWorker(Worker):
    """Tells the scheduler that it lives every `HEARTBEAT_S`; a small cluster is asked to do so twice a second."""

    async def heartbeat(self) -> None:
        await super().heartbeat()
        self.periodic_callbacks["heartbeat"].callback_time = HEARTBEAT_S * 1000


class StepHosts(WorkerPlugin):
    """The step hosts of one worker: one for each of its threads, warm, closed with the worker.

    A worker that is `ours` is ended by its owner alone: what a terminal or `kill` sends to the owner's process group,
    Ctrl-C above all, must not cut off its runs.
    """

    def __init__(self, *, ours: bool = False) -> None:
        self.name = PLUGIN
        self._ours = ours
        self._lanes: dict[int, Lane] = {}

    def setup(self, worker: Worker) -> None:  # noqa: ARG002 - the signature of WorkerPlugin
        if self._ours:
            os.setpgrp()
            give_memory_back()

    def mine(self) -> Lane:
        """Return the host of the calling thread."""
        thread = threading.get_ident()
        if thread not in self._lanes:
            self._lanes[thread] = Lane()
        return self._lanes[thread]

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - the signature of WorkerPlugin
        while self._lanes:
            _, lane = self._lanes.popitem()
            lane.close()


def step_hosts(worker: Worker) -> StepHosts:
    """Return the worker's step hosts. A worker that somebody else started gets them with its first order."""
    if PLUGIN not in worker.plugins:
        sync(worker.loop, _attach, worker, callback_timeout=ATTACH_LIMIT_S)
    return cast("StepHosts", worker.plugins[PLUGIN])


async def _attach(worker: Worker) -> None:
    """Runs on the worker's loop, so that two threads cannot both attach: the second would close the hosts of the first."""
    if PLUGIN not in worker.plugins:
        await worker.plugin_add(StepHosts(), name=PLUGIN)
