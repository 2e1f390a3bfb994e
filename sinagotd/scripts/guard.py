"""Stands between a step host and whoever started it, and ends everything that the host started. Runs no code of others.

A script can hold its process busy for ever, leave its session, or crash; then nobody in it can clean up. So the host is
the child of this small process, which waits for two things only: that the host ends, or that the request pipe is closed
because its owner wants so or is dead. (A death signal would not do: it follows the owner's thread, not its process.)
"""

import os
import resource
import select
import signal
from collections.abc import Callable
from typing import NoReturn

from sinagotd.scripts.processes import adopt_orphans, be_ended_first, die_with, end_children


def guarded(serve: Callable[[], None], *, requests: int, replies: int) -> NoReturn:
    """Run `serve` in a child with a session of its own, clean up after it, and end as it ended."""
    adopt_orphans()
    wakeups = _wakeup_at_child_death()
    guard = os.getpid()
    host = os.fork()
    if host == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        die_with(guard)
        adopt_orphans()
        be_ended_first()
        os.setsid()
        serve()
        os._exit(0)
    os.close(replies)
    end_as(_wait(host, requests, wakeups))


def _wakeup_at_child_death() -> int:
    wakeups, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return wakeups


def _wait(host: int, requests: int, wakeups: int) -> int:
    """Wait for the end of the host or of its owner; returns the host's wait status when nothing is left."""
    poll = select.poll()
    poll.register(requests, 0)  # only its hang-up
    poll.register(wakeups, select.POLLIN)
    while True:
        ready = dict(poll.poll())
        ended, status = os.waitpid(host, os.WNOHANG)
        if ended or requests in ready:
            break
        os.read(wakeups, 4096)
    if not ended:
        os.kill(host, signal.SIGKILL)
        _, status = os.waitpid(host, 0)
    end_children()
    return status


def end_as(status: int) -> NoReturn:
    """End this process as another one ended: with its exit code, or by its signal but without a core file."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0 and -code != signal.SIGKILL:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(-code, signal.SIG_DFL)
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)
