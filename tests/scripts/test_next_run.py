"""Whatever a script does to its process, the next run finds it as if nothing had happened; and nothing is left of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from script_lab import Lab

from sinagotd.core.states import Outcome
from sinagotd.scripts.attempt import attempt
from sinagotd.scripts.orders import Receipt
from sinagotd.scripts.step_host import StepHost

Alive = Callable[[int], bool]
MIB = 1 << 20

OBSERVED = """
import builtins, json, logging, os, resource, signal, subprocess, sys, time, warnings
print("printed")
print("complained", file=sys.stderr)
umask = os.umask(0)
os.umask(umask)
subprocess.run(["true"], check=True)
self.path.output.write_text("whole")
time.sleep(0.2)
self.logger.info([
    umask, os.getcwd(), os.environ.get("POISON"), [place for place in sys.path if "scripts" not in place], json.dumps([1]), builtins.print.__module__,
    resource.getrlimit(resource.RLIMIT_NOFILE), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0),
    [str(signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD)],
    signal.pthread_sigmask(signal.SIG_BLOCK, ()), sys.getrecursionlimit(), len(sys.meta_path),
    logging.getLogger().isEnabledFor(logging.CRITICAL), any(entry[0] == "error" for entry in warnings.filters),
])
"""

POISONS = {
    "closes its streams": "for descriptor in (0, 1, 2): os.close(descriptor)",
    "puts a file in place of stdout": "os.dup2(os.open('/dev/null', os.O_WRONLY), 1)",
    "takes away the streams of Python": "sys.stdout = sys.stderr = None",
    "leaves files open": "Script.files = [os.open('/dev/null', os.O_RDONLY) for _ in range(200)]",
    "sets an alarm": "import signal; signal.setitimer(signal.ITIMER_REAL, 0.1)",
    "handles signals": "import signal; [signal.signal(number, signal.SIG_IGN) for number in (15, 17)]",
    "blocks signals": "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))",
    "sets the mask of new files": "os.umask(0o777)",
    "lowers a limit": "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2, 2))",
    "lowers its priority": "os.nice(5)",
    "binds itself to one processor": "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])",
    "replaces modules": "sys.modules['json'] = 7; sys.modules['subprocess'] = None",
    "removes the finders of modules": "sys.meta_path.clear()",
    "replaces what is built in": "import builtins; builtins.print = sorted",
    "empties the import path": "sys.path[:] = []",
    "sits in a folder that is gone": "import tempfile; os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())",
    "sets its environment": "os.environ['POISON'] = '1'; del os.environ['PATH']",
    "lowers the limit of recursion": "sys.setrecursionlimit(100)",
    "turns warnings into errors": "import warnings; warnings.simplefilter('error')",
    "switches logging off": "import logging; logging.disable(logging.CRITICAL)",
    "starts threads that never end": "import threading, time; threading.Thread(target=time.sleep, args=(600,)).start()",
    "removes where it writes": "import shutil; shutil.rmtree(self.path.output.parents[1])",
    "takes over the main program": "sys.argv[:] = ['x']; sys.modules['__main__'].__dict__.clear()",
}


@pytest.fixture
def fresh_host() -> Iterator[StepHost]:
    with StepHost() as host:
        yield host


def attempted(lab: Lab, host: StepHost, body: str, name: str) -> Receipt:
    lab.write_run(body, name=f"{name}.py", before="import os, sys")
    lab.lines.clear()
    order = lab.order(f"{name}.py", run_id=name, staging=str(lab.data / ".sinagotd/staging" / name))
    return attempt(order, host, on_started=lambda *_: None, on_line=lab.lines.append)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a script observes in a process that nobody used."""
    home = tmp_path_factory.mktemp("untouched")
    lab = Lab(home / "scripts", home / "data")
    lab.scripts.mkdir()
    with StepHost() as host:
        attempted(lab, host, OBSERVED, "observer")
    return lab.said


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_what_a_script_does_to_its_process_harms_no_later_run(
    lab: Lab, step_host: StepHost, untouched: list[str], poison: str
) -> None:
    bad = attempted(lab, step_host, poison, "bad")
    assert bad.outcome is Outcome.FAILED, bad.error
    good = attempted(lab, step_host, OBSERVED, "observer")
    assert good.outcome is Outcome.SUCCEEDED, good.error
    assert (good.stdout, good.stderr) == ("printed\n", "complained\n")
    assert lab.said == untouched


def test_a_script_that_does_no_harm_keeps_its_process_warm(lab: Lab, fresh_host: StepHost) -> None:
    body = "import csv, warnings; warnings.simplefilter('ignore'); os.umask(0o27); self.path.output.touch()"
    pids = [attempted(lab, fresh_host, f"{body}\n{number}", f"step{number}").pid for number in range(3)]
    assert len(set(pids)) == 1


def test_a_process_that_keeps_much_of_what_the_next_run_may_use_is_replaced(lab: Lab, fresh_host: StepHost) -> None:
    first = lab.run(fresh_host, "pass", memory_bytes=220 * MIB)
    second = lab.run(fresh_host, "Script.kept = b'x' * (100 << 20)", memory_bytes=220 * MIB)
    assert (first.error, second.error) == (None, None)
    assert first.pid == second.pid
    assert lab.run(fresh_host, "pass").pid == second.pid
    told = fresh_host.ready(100 * MIB)
    third = lab.run(fresh_host, "import time; time.sleep(0.5)", memory_bytes=100 * MIB)
    assert third.error is None
    assert told == third.pid != second.pid


def test_a_process_that_a_script_let_grow_without_a_limit_is_replaced(
    lab: Lab, fresh_host: StepHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinagotd.scripts.host_process.KEPT_MEMORY_BYTES", 100 * MIB)
    body = "Script.kept = [*getattr(Script, 'kept', []), b'x' * (30 << 20)]"
    pids = [lab.run(fresh_host, body).pid for _ in range(6)]
    assert 1 < len(set(pids)) < 6


def test_memory_that_runs_out_ends_the_script_before_anything_else(lab: Lab, fresh_host: StepHost) -> None:
    lab.run(fresh_host, "import pathlib; self.logger.info(pathlib.Path('/proc/self/oom_score_adj').read_text())")
    assert int(lab.said[0]) > int(Path("/proc/self/oom_score_adj").read_text())


KILLS_ITS_PARENT = """
import signal, subprocess
sleeper = subprocess.Popen(["sleep", "600"], start_new_session=True)
(self.path.output.parents[4] / "pid").write_text(str(sleeper.pid))
os.kill(os.getppid(), signal.SIGKILL)
"""


def test_a_script_that_kills_its_guard_leaves_nothing_behind_either(
    lab: Lab, fresh_host: StepHost, alive: Alive
) -> None:
    receipt = attempted(lab, fresh_host, KILLS_ITS_PARENT, "bad")
    assert receipt.outcome is Outcome.FAILED
    assert str(receipt.error) == "ProcessEnded: the script ended its process (signal 9, SIGKILL)"
    assert not alive(int((lab.data / "pid").read_text()))
    assert attempted(lab, fresh_host, OBSERVED, "observer").outcome is Outcome.SUCCEEDED


def test_a_script_that_kills_its_own_group_ends_alone(lab: Lab, fresh_host: StepHost) -> None:
    body = "import subprocess; subprocess.Popen(['sleep', '600']); os.killpg(0, 9)"
    assert attempted(lab, fresh_host, body, "bad").outcome is Outcome.FAILED
    assert not [process for process in psutil.Process().children(recursive=True) if process.name() == "sleep"]
