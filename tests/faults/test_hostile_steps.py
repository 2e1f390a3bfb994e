"""Steps that do their worst among good ones: the good ones run once each, the bad ones end alone, and nothing is left."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest
from counting import Count, Counted
from lab_world import Lab, a_lab, script

from sinagotd.core.states import Outcome, State

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

TIMEOUT_S = 1
GRACE_S = 5  # on top of a limit, for a run to be ended with all it started
SETTINGS = """\
[records]
id_pattern = "[A-Z]+-[0-9]+"
[steps]
scripts = ["count", "hang"]
[watch]
settle = "200ms"
[run]
memory = "400 MiB"
attempts = {attempts}
backoff = "100ms"
[run.steps.hang]
timeout = "{timeout}s"
[run.opts]
tally = {tally}
"""
TALLY = "with open(self.opts['tally'] + '/' + self.id, 'a') as tally: tally.write('ran\\n')"
HOSTILE = (
    "if text.startswith('hostile'):",
    "    import os, sys",
    "    return exec(text.partition(':')[2], {'os': os, 'sys': sys, 'self': self})",
)
COUNT = script(
    ("raw", "{id}.txt"), ("count", "{id}.txt"), TALLY, *HOSTILE, "self.path.output.write_text(str(len(text.split())))"
)
HANG = script(("slow", "{id}.txt"), ("hang", "{id}.txt"), *HOSTILE)


class Bad(NamedTuple):
    """What a hostile script does, and what people are told."""

    does: str
    says: str


SLEEPER = "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)"
POISON = (
    "sys.modules['subprocess'] = None; sys.path.clear(); sys.meta_path.clear(); os.umask(0o777); os.environ.clear()"
)
FLOOD = "[print('y' * 999, file=file) for _ in range(3000) for file in (sys.stdout, sys.stderr)]"
COUNTS = {
    "raises": Bad("raise ValueError('no such channel')", "ValueError: no such channel"),
    "exits": Bad("os._exit(3)", "exit code 3"),
    "exits as if all were well": Bad("sys.exit(0)", "exit code 0"),
    "crashes": Bad("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "fills memory": Bad("import time; x = b'x' * (900 << 20); time.sleep(600)", "its limit is 400 MiB"),
    "floods its streams": Bad(f"{FLOOD}; os.system('head -c 3000000 /dev/zero'); raise OSError('flooded')", "flooded"),
    "floods its log": Bad("[self.logger.info('z' * 100) for _ in range(3000)]; raise OSError('told')", "told"),
    "writes half and dies": Bad("self.path.output.write_text('ha'); os._exit(4)", "exit code 4"),
    "writes nothing": Bad("pass", "without writing"),
    "removes where it writes": Bad("import shutil; shutil.rmtree(self.path.output.parents[1])", "without writing"),
    "goes away": Bad("import tempfile; os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())", "without writing"),
    "closes its streams": Bad("[os.close(descriptor) for descriptor in (0, 1, 2)]", "without writing"),
    "kills its group": Bad(f"{SLEEPER}; os.killpg(0, 9)", "SIGKILL"),
    "kills its guard": Bad(f"{SLEEPER}; os.kill(os.getppid(), 9)", "SIGKILL"),
    "sets an alarm": Bad("import signal; signal.signal(15, signal.SIG_IGN); signal.alarm(1)", "without writing"),
    "leaves threads": Bad(
        "import threading; threading.Thread(target=threading.Event().wait).start()", "without writing"
    ),
    "poisons its process": Bad(POISON, "without writing"),
    "leaves a daemon": Bad(f"{SLEEPER}; os.fork() or os.setsid(); raise OSError('forked')", "forked"),
}
HANGS = {
    "hangs": "import time; time.sleep(600)",
    "hangs and will not be asked to end": "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)",
    "never lets go of the interpreter": "import ctypes; ctypes.PyDLL(None).sleep(600)",
    "waits for a child that hangs": "import subprocess; subprocess.run(['sleep', '600'])",
    "is busy for ever": "while True: pass",
}


class Hostile(NamedTuple):
    """One hostile step, where its raw file lies, and how its runs end."""

    key: str
    raw: str
    output: str
    what: str
    bad: Bad
    ends: Outcome


def hostile_steps() -> list[Hostile]:
    counts = [
        Hostile(f"BAD-{at}/count", f"raw/BAD-{at}.txt", f"count/BAD-{at}.txt", what, bad, Outcome.FAILED)
        for at, (what, bad) in enumerate(COUNTS.items())
    ]
    says = f"longer than {TIMEOUT_S}s"
    hangs = [
        Hostile(f"HNG-{at}/hang", f"slow/HNG-{at}.txt", "", what, Bad(does, says), Outcome.TIMED_OUT)
        for at, (what, does) in enumerate(HANGS.items())
    ]
    return counts + hangs


def test_hostile_steps_end_alone_among_good_ones(tmp_path: Path, count: Count) -> None:
    tally = tmp_path / "tally"
    tally.mkdir()
    hostile = hostile_steps()
    what = f"{len(hostile)} hostile steps among good ones"
    with count("P8", what, share=20, full=1000) as counted, a_hostile_lab(tmp_path, counted, tally) as lab:
        lab.start()
        make_earlier_outputs(lab, hostile)
        good = [f"REC-{number}" for number in range(counted.times)]
        drop(lab, good, hostile)
        wait_until_all_ended(lab, good, hostile)
        check_good_ones(lab, counted, good, tally)
        for step in hostile:
            check_hostile_one(lab, counted, step)
        check_that_nothing_is_left(lab, counted)
        counted.note = f"longest over its limit {longest_over_limit(lab):.1f} s"
        lab.daemon.stop()


def a_hostile_lab(home: Path, counted: Counted, tally: Path) -> AbstractContextManager[Lab]:
    settings = SETTINGS.format(attempts=attempts(counted), timeout=TIMEOUT_S, tally=json.dumps(str(tally)))
    return a_lab(home, settings, count=COUNT, hang=HANG)


def attempts(counted: Counted) -> int:
    """How often a hostile step is tried: as by default where there is time for it."""
    return 3 if counted.times > 100 else 2


def make_earlier_outputs(lab: Lab, hostile: list[Hostile]) -> None:
    steps = [step for step in hostile if step.output]
    for step in steps:
        lab.put(step.raw, "good at first")
    lab.daemon.wait_until(lambda: all(lab.read(step.output) == "3" for step in steps), "earlier outputs")


def drop(lab: Lab, good: list[str], hostile: list[Hostile]) -> None:
    """The hostile ones come with the first of the good ones, one by one."""
    for number in range(max(len(good), len(hostile))):
        if number < len(good):
            lab.rename_in(f"raw/{good[number]}.txt", "word " * (number + 1))
        if number < len(hostile):
            lab.rename_in(hostile[number].raw, f"hostile:{hostile[number].bad.does}")


def wait_until_all_ended(lab: Lab, good: list[str], hostile: list[Hostile]) -> None:
    wanted = dict.fromkeys([f"{record}/count" for record in good], State.CURRENT)
    wanted |= dict.fromkeys([step.key for step in hostile], State.QUARANTINED)

    def all_ended() -> bool:
        standings = lab.daemon.standings()
        return all(key in standings and standings[key].state is state for key, state in wanted.items())

    lab.daemon.wait_until(all_ended, "the good ones current, the bad ones quarantined", limit_s=400)


def check_good_ones(lab: Lab, counted: Counted, good: list[str], tally: Path) -> None:
    runs = lab.daemon.runs()
    for number, record in enumerate(good):
        outcomes = [str(run.outcome) for run in runs if str(run.key) == f"{record}/count"]
        executed = (tally / record).read_text().count("ran")
        if outcomes != ["succeeded"] or executed != 1:
            counted.wrong(f"{record} was executed {executed} times: {outcomes}")
        if lab.read(f"count/{record}.txt") != str(number + 1):
            counted.wrong(f"{record} has a wrong result")


def check_hostile_one(lab: Lab, counted: Counted, step: Hostile) -> None:
    runs = [run for run in lab.daemon.runs(step.key) if run.outcome is not Outcome.SUCCEEDED]
    if [run.outcome for run in runs] != [step.ends] * attempts(counted):
        counted.wrong(f"{step.what}: {[str(run.outcome) for run in runs]}")
    if any(len(run.stdout) + len(run.stderr) > 200_000 for run in runs):
        counted.wrong(f"{step.what}: all of what it printed is remembered")
    sentence = lab.daemon.standings()[step.key].sentence
    if step.bad.says not in sentence:
        counted.wrong(f"{step.what}: people are told {sentence!r}")
    if lab.read(step.raw) != f"hostile:{step.bad.does}":
        counted.wrong(f"{step.what}: its input was harmed")
    if step.output and lab.read(step.output) != "3":
        counted.wrong(f"{step.what}: its earlier output was harmed")


def check_that_nothing_is_left(lab: Lab, counted: Counted) -> None:
    left = [process for process in lab.daemon.family() if process.name() == "sleep"]
    if left:
        counted.wrong(f"processes are left: {left}")
    staged = list((lab.data / ".sinagotd/staging").iterdir())
    if staged:
        counted.wrong(f"staging is left: {staged}")


def longest_over_limit(lab: Lab) -> float:
    """Seconds by which a run outlived its limit, at worst."""
    ended = [run for run in lab.daemon.runs() if run.outcome is Outcome.TIMED_OUT]
    over = max((run.ended_at or 0) - (run.started_at or 0) for run in ended) - TIMEOUT_S
    assert over < 4 * GRACE_S, "busy as the machine may be"
    return over
