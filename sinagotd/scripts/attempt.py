"""One attempt at an order: run, check and digest of the outputs, receipt. It publishes nothing."""

import os
import platform
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import sinagotd
from sinagotd.atomic import fsync_folder, fsync_tree, write_atomically
from sinagotd.errors import ScriptError
from sinagotd.failpoints import Point, failpoint
from sinagotd.scripts.content import digest_path
from sinagotd.scripts.faults import ErrorKind, describe, is_of_machine, machine_fault, outcome_of
from sinagotd.scripts.hosts import Host, HostReply
from sinagotd.scripts.logs import OnLine
from sinagotd.scripts.orders import RECEIPT_NAME, LogLine, Receipt, RunError, RunOrder
from sinagotd.scripts.outputs import folders_to, unusable
from sinagotd.scripts.staging import claimed, emptied, left_receipt, make_folder

MAX_LINES = 10_000

OnStarted = Callable[[int, float], None]
"""Told the pid in which the script runs, and when it began in epoch seconds."""


def attempt(order: RunOrder, host: Host, *, on_started: OnStarted, on_line: OnLine) -> Receipt:
    """Carry out an order and leave its receipt in the staging folder, after the outputs, all of it on the disk.

    A run that left its receipt already is not run again. What goes wrong is in the receipt, never raised: a full
    disk, a folder that cannot be written and another worker that is still at this run end as abandoned.
    """
    return carry_out(order, host, on_started=on_started, on_line=on_line)()


def carry_out(order: RunOrder, host: Host, *, on_started: OnStarted, on_line: OnLine) -> Callable[[], Receipt]:
    """Do the first half of `attempt`: when it returns the script has ended.

    What is returned does the second half and has to be called once, in any thread: it waits for the disk, and
    meanwhile the host may be at another order.
    """
    lines = _Lines(on_line)
    with ExitStack() as held:
        refused = held.enter_context(claimed(order.staging))
        if refused is not None:
            return partial(_receipt, order, HostReply(error=refused), time.time(), lines)
        if (left := left_receipt(order.staging)) is not None:
            return lambda: left
        ran = _ran(order, host, on_started, lines)
        return partial(_secured, order, ran, held.pop_all())


def _ran(order: RunOrder, host: Host, on_started: OnStarted, lines: "_Lines") -> Receipt:
    """How the script ended, without outputs yet."""
    fault = emptied(order.staging)
    if fault is not None:
        return _receipt(order, HostReply(error=fault), time.time(), lines)
    started_at = time.time()
    try:
        pid = host.ready(order.memory_bytes)
    except (ScriptError, OSError) as unready:
        return _receipt(order, HostReply(error=machine_fault(unready)), started_at, lines)
    on_started(pid, started_at)
    failpoint(Point.BEGUN)
    reply = host.call(order, on_line=lines.take)
    failpoint(Point.WRITTEN)
    return _receipt(order, reply, started_at, lines)


def _secured(order: RunOrder, ran: Receipt, held: ExitStack) -> Receipt:
    """Make outputs and receipt survive a power cut, in this order, then let go of the folder."""
    with held:
        if ran.error is None:
            outputs, error = _secured_outputs(order)
            ran = replace(ran, outputs=outputs, error=error, outcome=outcome_of(error))
        return _written(order.staging, ran)


def _secured_outputs(order: RunOrder) -> tuple[dict[str, str], RunError | None]:
    """Digest the outputs and bring them to the disk."""
    staging, outputs = order.staging, order.outputs.values()
    missing = [path for path in outputs if not os.path.lexists(f"{staging}/{path}")]
    if missing:
        sentence = f"it ended without writing {', '.join(missing)}: write to self.path.output"
        return {}, RunError(ErrorKind.OUTPUT_MISSING, sentence)
    if why := next((why for path in outputs if (why := unusable(staging, path))), None):
        return {}, RunError(ErrorKind.OUTPUT_UNUSABLE, why)
    try:
        digests = {path: digest_path(f"{staging}/{path}").hex() for path in outputs}
        _fsync(staging, digests)
    except OSError as fault:
        return {}, machine_fault(fault) if is_of_machine(fault) else describe(fault, order.script)
    return digests, None


def _fsync(staging: str, outputs: Iterable[str]) -> None:
    folders: set[str] = set()
    for path in outputs:
        fsync_tree(f"{staging}/{path}")
        folders.update(folders_to(staging, path))
    for folder in folders:
        fsync_folder(folder)


def _written(staging: str, receipt: Receipt) -> Receipt:
    try:
        failpoint(Point.SECURED)
        make_folder(staging, within=os.path.dirname(os.path.dirname(staging)))  # the script may have removed it
        write_atomically(f"{staging}/{RECEIPT_NAME}", receipt.to_json().encode())
    except OSError as fault:
        error = machine_fault(fault)
        return replace(receipt, outcome=outcome_of(error), error=error, outputs={})
    failpoint(Point.RECEIPTED)
    return receipt


def _receipt(order: RunOrder, reply: HostReply, started_at: float, lines: "_Lines") -> Receipt:
    return Receipt(
        run_id=order.run_id,
        outcome=reply.outcome,
        started_at=started_at,
        ended_at=time.time(),
        cpu_s=reply.cpu_s,
        peak_memory_bytes=reply.peak_memory_bytes,
        host=socket.gethostname(),
        pid=reply.pid,
        error=reply.error,
        stdout=reply.stdout,
        stderr=reply.stderr,
        lines=lines.kept(),
        versions={"python": platform.python_version(), "sinagotd": sinagotd.__version__},
    )


class _Lines:
    """Hands on every line, and keeps the first ones for the receipt."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._kept: list[LogLine] = []
        self._left_out = 0

    def take(self, line: LogLine) -> None:
        if len(self._kept) < MAX_LINES:
            self._kept.append(line)
        else:
            self._left_out += 1
        self._on_line(line)

    def kept(self) -> tuple[LogLine, ...]:
        if not self._left_out:
            return tuple(self._kept)
        last = self._kept[-1]
        note = LogLine(last.seq + 1, last.time, "WARNING", f"{self._left_out:,} more lines are left out here")
        return (*self._kept, note)
