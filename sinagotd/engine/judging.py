"""What a receipt is worth: whether the run that it tells of came to nothing, and why. Publishes and records nothing."""

import errno
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from sinagotd.core.facts import Stamp
from sinagotd.core.states import Outcome
from sinagotd.manifest.rows import Remembered
from sinagotd.scan.findings import Unreadable
from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.orders import Receipt, RunError

INPUT_CHANGED = "InputChanged"
UNPUBLISHED = "Unpublished"

_IN_THE_WAY = (
    errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY, errno.EACCES, errno.EPERM, errno.ELOOP,
    errno.ENAMETOOLONG,
)  # fmt: skip

StampOf = Callable[[str], Stamp | None]


class Judged(NamedTuple):
    """How a run is recorded; `in_vain` says why that tells nothing of its step, "" if it does."""

    receipt: Receipt
    in_vain: str = ""


def judge(receipt: Receipt, inputs: Iterable[Remembered], stamp_of: StampOf) -> Judged:
    """A run whose inputs moved meanwhile is tainted if it succeeded; if it failed, that may be why."""
    if receipt.outcome is Outcome.SUCCEEDED or receipt.outcome.blames_the_step:
        return _if_inputs_stood(receipt, inputs, stamp_of)
    if receipt.error is not None and receipt.error.type in (ErrorKind.CODE_CHANGED, ErrorKind.HOST_FAILED):
        return Judged(receipt, receipt.error.message)
    return Judged(receipt)


def unpublished(receipt: Receipt, fault: OSError) -> Judged:
    """An output was taken away before it could be published, or something is in its way; nothing was moved."""
    why = str(fault) if fault.strerror is None else f"cannot publish {fault.filename}: {fault.strerror}"
    return Judged(replace(receipt, outcome=Outcome.ABANDONED, error=RunError(UNPUBLISHED, why)), why)


def concerns_one_step(fault: OSError) -> bool:
    """Whether this fault lies with the places of the outputs, not with the machine: other steps can go on."""
    return fault.errno is None or fault.errno in _IN_THE_WAY


def _if_inputs_stood(receipt: Receipt, inputs: Iterable[Remembered], stamp_of: StampOf) -> Judged:
    moved = next((path for path, was, _ in inputs if _has_moved(path, was, stamp_of)), None)
    if moved is None:
        return Judged(receipt)
    why = f"{moved} changed while the step ran"
    return tainted(receipt, why) if receipt.outcome is Outcome.SUCCEEDED else Judged(receipt, why)


def tainted(receipt: Receipt, why: str) -> Judged:
    """The run succeeded, and its result must not be published."""
    error = RunError(INPUT_CHANGED, f"{why}: its result is thrown away")
    return Judged(replace(receipt, outcome=Outcome.TAINTED, error=error), why)


def _has_moved(path: str, was: Stamp, stamp_of: StampOf) -> bool:
    """Whether an input was written meanwhile; content that is the same again may have been other when it was read."""
    try:
        return stamp_of(path) != was
    except Unreadable:
        return True
