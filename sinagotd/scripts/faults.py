"""The kinds of errors that this package puts into receipts, beside the exceptions of scripts; a value is its stored text."""

import errno
import traceback
from collections.abc import Iterator
from enum import StrEnum
from types import TracebackType

from sinagotd.core.states import Outcome
from sinagotd.scripts.orders import RunError

MAX_TEXT_CHARACTERS = 64 * 1024
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_OF_MACHINE = (*_NO_SPACE, errno.EIO, errno.EROFS, errno.ESTALE, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class ErrorKind(StrEnum):
    """Why a run ended otherwise than by an exception of the script."""

    CODE_CHANGED = "CodeChanged"
    DISK_FULL = "DiskFull"
    HOST_FAILED = "StepHostFailed"
    MEMORY_LIMIT = "MemoryLimitExceeded"
    OUTPUT_MISSING = "OutputMissing"
    OUTPUT_UNUSABLE = "OutputUnusable"
    PROCESS_ENDED = "ProcessEnded"
    TIMED_OUT = "TimedOut"


_OUTCOMES = {
    ErrorKind.CODE_CHANGED: Outcome.TAINTED,
    ErrorKind.DISK_FULL: Outcome.ABANDONED,
    ErrorKind.HOST_FAILED: Outcome.ABANDONED,
    ErrorKind.TIMED_OUT: Outcome.TIMED_OUT,
}


def outcome_of(error: RunError | None) -> Outcome:
    """What is not the machine's fault or a limit's is the step's."""
    if error is None:
        return Outcome.SUCCEEDED
    return next((outcome for kind, outcome in _OUTCOMES.items() if kind == error.type), Outcome.FAILED)


def describe(fault: BaseException, script: str) -> RunError:
    """Put an exception into a receipt; the traceback begins at the first frame of the file `script`."""
    trace = "".join(traceback.format_exception(type(fault), fault, _from_script(fault.__traceback__, script)))
    if is_disk_full(fault):
        return RunError(ErrorKind.DISK_FULL, bounded(_message(fault)), bounded(trace))
    return RunError(type(fault).__name__, bounded(_message(fault)), bounded(trace))


def machine_fault(fault: Exception) -> RunError:
    """Put a fault of the machine into a receipt: no step is charged for it."""
    return RunError(ErrorKind.DISK_FULL if is_disk_full(fault) else ErrorKind.HOST_FAILED, bounded(str(fault)))


def is_of_machine(fault: OSError) -> bool:
    """Whether no script can have brought this about: a disk that fails, is full or read-only, a machine at its limits."""
    return fault.errno in _OF_MACHINE


def is_disk_full(fault: BaseException) -> bool:
    """Whether a full disk or quota is behind this exception, also where the script wrapped it in one of its own."""
    return any(isinstance(link, OSError) and link.errno in _NO_SPACE for link in _chain(fault))


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or fault.__context__


def _from_script(trace: TracebackType | None, script: str) -> TracebackType | None:
    first = trace
    while first is not None and first.tb_frame.f_code.co_filename != script:
        first = first.tb_next
    return first


def _message(fault: BaseException) -> str:
    if isinstance(fault, SystemExit):
        return _exit_sentence(fault.code)
    try:
        return str(fault)
    except Exception as unprintable:  # noqa: BLE001 - a script's own __str__ may raise anything
        return f"its message cannot be printed ({type(unprintable).__name__})"


def _exit_sentence(code: object) -> str:
    if isinstance(code, str):
        return f"the script ended its process (exit code 1): {code}"
    return f"the script ended its process (exit code {code or 0})"


def bounded(text: str) -> str:
    """Cut the middle out of a text that is too long for a receipt."""
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    half = MAX_TEXT_CHARACTERS // 2
    return f"{text[:half]}\n... {len(text) - 2 * half:,} characters left out ...\n{text[-half:]}"
