"""What this machine allows, and what that means for what is promised. Changes and prints nothing."""

import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sinagotd.cli.text import counted, size

CAP_LEASE = 28  # capability.h
CLOCK_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
OLDEST_SYSTEMD = 252
SMALLEST_QUEUE = 4096
LEAST_MEMORY_BYTES = 1 << 30
FILES, FILES_PER_WORKER = 200, 20


class Verdict(StrEnum):
    """What a limit means: nothing to do, something to know, something to mend."""

    FINE = "fine"
    WARNING = "warning"
    FAULT = "fault"


class Limit(NamedTuple):
    """One limit, and a sentence with its figures."""

    what: str
    verdict: Verdict
    says: str


class Need(NamedTuple):
    """What the workspaces and the service's settings ask of a machine. `workers` are those on this machine."""

    workspaces: int
    folders: int
    workers: int


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the kernel tells its limits: `proc` is proc(5)."""

    proc: Path = Path("/proc")

    def limits(self, need: Need) -> Iterator[Limit]:
        yield self._watches(need)
        yield self._instances(need)
        yield self._queue()
        yield _open_files(need)
        yield self._writers()
        if need.workers:
            yield self._memory(need)
        yield _user()
        yield _clock()
        yield _systemd()

    def _watches(self, need: Need) -> Limit:
        most = self._number("sys/fs/inotify/max_user_watches")
        says = f"{counted(most, 'folder')} can be watched by this user, these workspaces need {need.folders:,}"
        if need.folders <= most * 0.8:
            return Limit("watches", Verdict.FINE, says)
        rest = "where they do not suffice, changes are looked for instead: raise fs.inotify.max_user_watches"
        return Limit("watches", Verdict.WARNING, f"{says}; {rest}")

    def _instances(self, need: Need) -> Limit:
        most = self._number("sys/fs/inotify/max_user_instances")
        says = f"{most:,} watchers for this user, one for each of {counted(need.workspaces, 'workspace')}"
        if need.workspaces <= most // 2:
            return Limit("watchers", Verdict.FINE, says)
        return Limit("watchers", Verdict.WARNING, f"{says}: raise fs.inotify.max_user_instances")

    def _queue(self) -> Limit:
        most = self._number("sys/fs/inotify/max_queued_events")
        verdict = Verdict.FINE if most >= SMALLEST_QUEUE else Verdict.WARNING
        return Limit("bursts", verdict, f"{most:,} changes can wait; after more at once everything is looked at anew")

    def _writers(self) -> Limit:
        capabilities = next((line for line in self._lines("self/status") if line.startswith("CapEff:")), "CapEff: 0")
        can_ask = bool(int(capabilities.split()[1], 16) >> CAP_LEASE & 1) and self._number("sys/fs/leases-enable") > 0
        if can_ask:
            return Limit("writers", Verdict.FINE, "whoever on this machine still has a file open for writing is seen")
        says = (
            "of files of other users it is not seen whether they are still open for writing: they have arrived when they are "
            "quiet for `settle`. Give CAP_LEASE as the unit does, or have them renamed into place"
        )
        return Limit("writers", Verdict.WARNING, says)

    def _memory(self, need: Need) -> Limit:
        lines = dict(line.split(":", 1) for line in self._lines("meminfo"))
        each = int(lines["MemAvailable"].split()[0]) * 1024 // need.workers
        says = f"{size(each)} are free for each of {counted(need.workers, 'worker')}"
        if each >= LEAST_MEMORY_BYTES:
            return Limit("memory", Verdict.FINE, says)
        return Limit("memory", Verdict.WARNING, f"{says}: start fewer, or limit a step by `memory` under [run.steps]")

    def _number(self, name: str) -> int:
        return int(next(iter(self._lines(name)), "0"))

    def _lines(self, name: str) -> list[str]:
        try:
            return (self.proc / name).read_text().splitlines()
        except OSError:
            return []


def _open_files(need: Need) -> Limit:
    most, wanted = resource.getrlimit(resource.RLIMIT_NOFILE)[0], FILES + FILES_PER_WORKER * need.workers
    says = f"{most:,} files can be open at once in a process, some {wanted:,} may be"
    if most >= wanted:
        return Limit("open files", Verdict.FINE, says)
    return Limit("open files", Verdict.WARNING, f"{says}: raise `ulimit -n`, or LimitNOFILE= of the unit")


def _user() -> Limit:
    if os.geteuid() != 0:
        return Limit("user", Verdict.FINE, f"user {os.geteuid()}: scripts may do what this user may")
    return Limit("user", Verdict.WARNING, "root: scripts may do everything. Run the service as a user of its own")


def _clock() -> Limit:
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256))  # all zero: it changes nothing
    if state != CLOCK_UNSYNCHRONISED:
        return Limit("clock", Verdict.FINE, "it is kept right; whatever is due goes by a clock that nobody sets")
    return Limit("clock", Verdict.WARNING, "nobody keeps it right: times in logs may be wrong, nothing else")


def _systemd() -> Limit:
    program = shutil.which("systemctl")
    if program is None:
        return Limit("systemd", Verdict.WARNING, "it is not here: whoever starts the service must restart it, too")
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.split()
    version = int(told[1]) if len(told) > 1 and told[1].isdecimal() else 0
    if version >= OLDEST_SYSTEMD:
        return Limit("systemd", Verdict.FINE, f"version {version}")
    return Limit("systemd", Verdict.WARNING, f"version {version}: the unit is written for {OLDEST_SYSTEMD} or later")
