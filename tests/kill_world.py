"""A lab whose inputs never rest while parts of its daemon are killed, and what must hold of it at any moment and in the end."""

import json
import secrets
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psutil
import pytest
from daemon_process import Daemon
from lab_world import RAW, WORKERS, Lab
from runner_world import is_gone, wait_until

from sinagotd.core.states import Outcome
from sinagotd.manifest.rows import RunRow

SETTINGS = """\
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["pair", "join"]
[watch]
settle = "100ms"
scan_interval = "3s"
[run]
attempts = 20
backoff = "50ms"
backoff_max = "50ms"
[run.opts]
journal = {journal}
nap = {nap}
"""
LINES = 100
JOURNALLED = f"""\
import time

def make(script, text, *outputs):
    "Every output names its run and what it was made from; half-written, it lacks its end."
    parts = outputs[0].parts
    nap_s = float(open(script.opts["nap"]).read())
    run = parts[parts.index("staging") + 1]
    with open(script.opts["journal"], "a") as journal:
        journal.write(run + chr(10))
    for output in outputs:
        with output.open("w") as file:
            for _ in range(2):
                file.write((run + " " + text + chr(10)) * {LINES // 2})
                file.flush()
                time.sleep(nap_s / 2 / len(outputs))
            file.write("end" + chr(10))

def first_line(*inputs):
    lines = {{file.read_text().splitlines()[0] for file in inputs}}
    return lines.pop() if len(lines) == 1 else "mixed " + str(lines)
"""
SCRIPT = """\
from journal import first_line, make
from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    PATH_IN = {source}
    PATH_OUT = {target}

    def run(self):
        {body}
"""
LEFT, RIGHT, JOINED = ("left", "{id}.txt"), ("right", "{id}.txt"), ("join", "{id}.txt")
BOTH = {"left": LEFT, "right": RIGHT}
SCRIPTS = {
    "journal": JOURNALLED,
    "pair": SCRIPT.format(
        source=RAW, target=BOTH, body="make(self, first_line(self.path.input), *self.path.output.values())"
    ),
    "join": SCRIPT.format(
        source=BOTH, target=JOINED, body="make(self, first_line(*self.path.input.values()), self.path.output)"
    ),
}
STEPS = ("pair", "join")
FOLDERS = ("left", "right", "join")
MOST_RECORDS = 30
REST_LIMIT_S = 90.0


class KillLab(Lab):
    """Two steps, the first with two outputs, which the second reads. `chance` decides whatever is left to chance."""

    def __init__(self, home: Path, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.journal = home / "journal"
        self._nap = home / "nap"
        self.versions: dict[str, list[int]] = {}
        self._version = 0
        settings = SETTINGS.format(journal=json.dumps(str(self.journal)), nap=json.dumps(str(self._nap)))
        super().__init__(home, settings, **SCRIPTS)
        self.nap(0.05)

    def nap(self, seconds: float) -> None:
        """From now on an execution takes this long."""
        self._nap.write_text(str(seconds))

    def tail(self) -> str:
        return f"the seed of what was left to chance: {self.seed}\n{super().tail()}"

    # its hands

    def add(self, count: int = 1) -> None:
        """Drop the raw files of new records."""
        for _ in range(count):
            self.write(f"REC-{len(self.versions) + 1}")

    def change(self) -> str:
        """A new record, or other content for one that is there; returns which."""
        is_new = len(self.versions) < MOST_RECORDS and self.chance.random() < 0.5
        record = f"REC-{len(self.versions) + 1}" if is_new else self.chance.choice(list(self.versions))
        self.write(record)
        return record

    def write(self, record: str) -> None:
        """Give this record a raw file that it never had, in place or by rename."""
        self._version += 1
        self.versions.setdefault(record, []).append(self._version)
        write = self.chance.choice([self.put, self.rename_in])
        write(f"raw/{record}.txt", f"{record} v{self._version}\n")

    # its daemon

    def launch(self) -> Daemon:
        """Start a daemon and wait for nothing."""
        self._daemons.append(Daemon(self.folder, "--workers", WORKERS))
        return self.daemon

    def workers(self) -> list[psutil.Process]:
        return [process for process in self.daemon.family() if "spawn_main" in _words(process)]

    def hosts(self) -> list[psutil.Process]:
        """The processes of the step hosts and the guards before them."""
        return [process for process in self.daemon.family() if "sinagotd.scripts.host" in _words(process)]

    def has_runs_in_flight(self) -> bool:
        with self.daemon.reading() as read:
            return bool(read.in_flight())

    # what must hold

    def torn(self) -> list[str]:
        """The outputs that are no whole result of any input that their record ever had."""
        return [
            f"{folder}/{record}.txt is no whole result: {text[:80]!r}"
            for folder in FOLDERS
            for record, versions in self.versions.items()
            if (text := self.read(f"{folder}/{record}.txt")) is not None and _version(text, record) not in versions
        ]

    def unfinished(self) -> list[str]:
        """What is not current or not made from the inputs that are there now."""
        standings = self.daemon.standings()
        missing = {f"{record}/{step}" for record in self.versions for step in STEPS} - standings.keys()
        unsettled = [
            f"{key} is {now.state}: {now.sentence}" for key, now in standings.items() if now.state != "current"
        ]
        return [*(f"{key} is unknown" for key in missing), *unsettled, *self._superseded(), *self._left_over()]

    def _superseded(self) -> Iterator[str]:
        for record, versions in self.versions.items():
            left, right, joined = (self.read(f"{folder}/{record}.txt") or "" for folder in FOLDERS)
            if left != right or _version(left, record) != versions[-1]:
                yield f"left and right of {record} are {left[:40]!r} and {right[:40]!r}, their input is v{versions[-1]}"
            if joined.partition("\n")[0].partition(" ")[2] != left.partition("\n")[0]:
                yield f"join/{record}.txt is {joined[:60]!r}, its inputs are {left[:40]!r}"

    def at_rest(self) -> list[str]:
        """Wait until nothing is unfinished; returns what does not hold then."""
        try:
            self.daemon.wait_until(lambda: not self.unfinished(), "all results there and current", REST_LIMIT_S)
        except AssertionError as fault:
            return [f"{fault}: {self.unfinished()[:5]}"]
        runs = self.daemon.runs()
        return [*self.torn(), *_twice(runs), *self._not_as_recorded(runs)]

    def executions(self) -> Counter[str]:
        """How often each run was executed, by run id."""
        return Counter(self.journal.read_text().split() if self.journal.exists() else ())

    def executed_again(self) -> list[str]:
        """The runs that were executed more than once: Dask does so when a worker dies before its result is fetched."""
        return [run_id for run_id, times in self.executions().items() if times > 1]

    def _not_as_recorded(self, runs: list[RunRow]) -> Iterator[str]:
        """What lies there must be of the run that the manifest says it is of."""
        made = {(run.key.record, folder): run.run_id for run in _succeeded(runs) for folder in _folders(run)}
        for (record, folder), run_id in made.items():
            if not (self.read(f"{folder}/{record}.txt") or "").startswith(run_id):
                yield f"{folder}/{record}.txt is not of run {run_id}, which the manifest says it is of"

    def _left_over(self) -> list[str]:
        return [f"{folder} was left in staging" for folder in (self.data / ".sinagotd" / "staging").glob("*")]


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _version(text: str, record: str) -> int | None:
    """The version of the raw file that an output was made from; None if it is not whole or not of this record."""
    first, *lines = text.splitlines()[:-1] or [""]
    words = first.split()
    is_whole = text.endswith("\nend\n") and set(lines) == {first} and len(lines) == LINES - 1
    return int(words[-1][1:]) if is_whole and words[-2] == record else None


def _succeeded(runs: list[RunRow]) -> list[RunRow]:
    return [run for run in runs if run.outcome is Outcome.SUCCEEDED]


def _folders(run: RunRow) -> list[str]:
    return [path.partition("/")[0] for path in run.outputs]


def _twice(runs: list[RunRow]) -> list[str]:
    """No input is ever given the same content twice, so no fingerprint may succeed twice."""
    successes = Counter((run.key, run.fingerprint) for run in _succeeded(runs))
    return [f"{key} succeeded {times} times with the same inputs" for (key, _), times in successes.items() if times > 1]


def kill(processes: list[psutil.Process], chance: Random) -> bool:
    """Kill one of them and wait for its end; False if there was none or it ended by itself."""
    if not processes:
        return False
    victim = chance.choice(processes)
    try:
        victim.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    wait_until(lambda: is_gone(victim.pid))
    return True


@contextmanager
def a_kill_lab(home: Path) -> Iterator[KillLab]:
    """With a folder of its own for temporary files, as a killed daemon leaves some."""
    temporary = home / "tmp"
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        lab = KillLab(home, secrets.randbelow(1_000_000))
        try:
            yield lab
        finally:
            lab.close()
