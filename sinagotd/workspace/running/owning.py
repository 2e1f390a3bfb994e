"""Who owns the workspace while it is to run: we, a daemon, or another process that is waited for. It runs nothing."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import psutil

from sinagotd.engine.calling import DAEMON
from sinagotd.errors import LockedError
from sinagotd.manifest.lock import Lock, Owner, owner

COMMAND = "steps.run()"
LOOK_S = 0.2

RUNNING_HERE: ContextVar[tuple[Path, ...]] = ContextVar("RUNNING_HERE", default=())
"""The state folders of the calls of `run()` that this thread is in: a script may open its own workspace again."""


def is_daemon(who: Owner | None) -> bool:
    return who is not None and who.command == DAEMON


def lock_unless_daemon(state_path: Path, *, wait_s: float | None) -> Lock | None:
    """Own this state folder, None if a daemon does. Another owner is named, and waited for, `None` without an end.

    Raises LockedError, which names the owner, after that time, or at once where waiting would never end.
    """
    give_up_at = float("inf") if wait_s is None else time.monotonic() + wait_s
    is_told = False
    while not is_daemon(owner(state_path)):
        try:
            return Lock.acquire(state_path, command=COMMAND, at=time.time())
        except LockedError:
            who = owner(state_path)
            if who is None or is_daemon(who):
                continue
            if time.monotonic() >= give_up_at:
                raise
            _refuse_waiting_for_oneself(state_path, who)
            if not is_told:
                sys.stderr.write(f"waiting for {who}, which owns {state_path}\n")
                is_told = True
            time.sleep(LOOK_S)
    return None


def _refuse_waiting_for_oneself(state_path: Path, who: Owner) -> None:
    """A script that runs a step of its own workspace would wait for itself."""
    if state_path in RUNNING_HERE.get() or who.pid in [parent.pid for parent in psutil.Process().parents()]:
        raise LockedError(f"{state_path} is in use by {who}, which this very step is part of: steps cannot run steps")


@contextmanager
def running_here(state_path: Path) -> Iterator[None]:
    """What is called in this block is part of a run of this workspace."""
    token = RUNNING_HERE.set((*RUNNING_HERE.get(), state_path))
    try:
        yield
    finally:
        RUNNING_HERE.reset(token)
