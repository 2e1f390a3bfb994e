"""What runs inside a Dask worker: a launcher that hands an order to a warm step host. It never runs a script itself."""

import json
import os
import socket
import threading
import time
from dataclasses import asdict
from typing import Any, cast

from distributed import Worker, WorkerPlugin, get_worker
from distributed.utils import sync

from sinagotd import __version__
from sinagotd.runner.entry import forget_keys
from sinagotd.runner.lane import Lane
from sinagotd.scripts.attempt import attempt
from sinagotd.scripts.orders import LogLine, RunOrder

PLUGIN = "sinagotd-step-hosts"
LINES_PER_S = 50
LONGEST_TOLD = 16 * 1024  # the scheduler keeps the last events of every topic
ATTACH_LIMIT_S = 30


def launch(text: str, topic: str) -> str:
    """Run one order, given as JSON, and return its receipt as JSON. What happens meanwhile is told on `topic`.

    Most receipts are told as well, since events arrive sooner than results; an event may be lost, a result is not.
    """
    order = RunOrder(**json.loads(text))
    worker = get_worker()
    voice = Voice(worker, topic, order.run_id)
    receipt = attempt(order, step_hosts(worker).mine(), on_started=voice.started, on_line=voice.said).to_json()
    voice.ended(receipt)
    forget_keys()
    return receipt


def about() -> str:
    """Tell which sinagotd a worker has; a worker that cannot import this module cannot answer."""
    return __version__


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


class Voice:
    """Tells of one run, of its lines at most `LINES_PER_S`: they are for display, the receipt has what was kept back."""

    def __init__(self, worker: Worker, topic: str, run_id: str) -> None:
        self._worker = worker
        self._topic = topic
        self._run_id = run_id
        self._second = 0
        self._told = 0

    def started(self, pid: int, at: float) -> None:
        self._tell({"host": socket.gethostname(), "pid": pid, "at": at})

    def said(self, line: LogLine) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._told = second, 0
        self._told += 1
        if self._told <= LINES_PER_S:
            self._tell({"line": asdict(line)})

    def ended(self, receipt: str) -> None:
        if len(receipt) <= LONGEST_TOLD:
            self._tell({"receipt": receipt})

    def _tell(self, message: dict[str, Any]) -> None:
        self._worker.log_event(self._topic, {"run_id": self._run_id, **message})
