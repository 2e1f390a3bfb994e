"""Named places in the protocols where a test may end, stop or starve the process. Unless a test asks, nothing happens."""

import errno
import os
import signal
from enum import StrEnum
from pathlib import Path

VARIABLE = "SINAGOTD_FAILPOINT"
"""The environment variable `point:action:token`, or several with `;` between; workers inherit it from the daemon."""


class Point(StrEnum):
    """The value is the name; the text beside it says what has just happened there."""

    CLAIMED = "claimed"  # daemon: the run is taken in the manifest, not yet submitted
    BEGUN = "begun"  # worker: the run is announced, the script not yet called
    WRITTEN = "written"  # worker: the script is done, its outputs may not be on the disk yet
    SECURED = "secured"  # worker: the outputs are on the disk, the receipt is not
    RECEIPTED = "receipted"  # worker: the receipt is on the disk, the daemon does not know
    CHECKED = "checked"  # daemon: the run is still the claimed one and its inputs stand as they did
    MOVED = "moved"  # daemon: one output was renamed into place
    PUBLISHED = "published"  # daemon: all outputs are in place and on the disk, the manifest does not know
    RECORDED = "recorded"  # daemon: the manifest knows, the staging folder is still there


class Action(StrEnum):
    """What happens at the point, once: to whoever removes the token file first."""

    KILL = "kill"
    STOP = "stop"
    DISK_FULL = "disk_full"


def failpoint(point: Point) -> None:
    """Strike here if the environment names this point and its token file is there.

    Raises OSError (ENOSPC) for the action `disk_full`.
    """
    for wanted in os.environ.get(VARIABLE, "").split(";"):
        if wanted.startswith(f"{point}:"):
            _, action, token = wanted.split(":", 2)
            _strike(Action(action), Path(token))


def _strike(action: Action, token: Path) -> None:
    try:
        token.unlink()
    except FileNotFoundError:
        return
    if action is Action.DISK_FULL:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(token))
    os.kill(os.getpid(), signal.SIGKILL if action is Action.KILL else signal.SIGSTOP)
