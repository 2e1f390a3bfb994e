"""What only a process of its own can do: limits, crashes, floods, leftovers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from script_lab import Lab

from sinagotd.core.states import Outcome
from sinagotd.errors import ScriptError
from sinagotd.scripts.hosts import HostReply
from sinagotd.scripts.orders import LogLine
from sinagotd.scripts.step_host import StepHost

Eventually = Callable[[Callable[[], bool]], None]
Alive = Callable[[int], bool]
ROOT = Path(__file__).parents[2]
MIB = 1 << 20


def message_of(reply: HostReply) -> str:
    assert reply.error is not None
    return reply.error.message


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("import os; os._exit(0)", "exit code 0"),
        ("import ctypes; ctypes.string_at(0)", "signal 11, SIGSEGV"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9, SIGKILL"),
        ("import os; os.killpg(0, 15)", "signal 15, SIGTERM"),
        ("import os; os.abort()", "signal 6, SIGABRT"),
    ],
)
def test_a_script_that_ends_its_process_fails_alone(lab: Lab, step_host: StepHost, body: str, how: str) -> None:
    reply = lab.run(step_host, f"print('last words')\n{body}")
    assert reply.outcome is Outcome.FAILED
    assert message_of(reply) == f"the script ended its process ({how})"
    assert reply.stdout == "last words\n"
    assert lab.run(step_host, "pass").outcome is Outcome.SUCCEEDED


def test_a_crash_leaves_the_place_of_the_crash_on_stderr(lab: Lab, step_host: StepHost) -> None:
    reply = lab.run(step_host, "import ctypes; ctypes.string_at(0)")
    assert "step.py" in reply.stderr


def test_ctrl_c_inside_a_script_is_a_failure(lab: Lab, step_host: StepHost) -> None:
    reply = lab.run(step_host, "raise KeyboardInterrupt")
    assert reply.outcome is Outcome.FAILED
    assert reply.error is not None
    assert reply.error.type == "KeyboardInterrupt"


@pytest.mark.parametrize(
    "body", ["while True: pass", "import time; time.sleep(60)", "input(); import time; time.sleep(60)"]
)
def test_a_script_that_hangs_is_stopped(lab: Lab, step_host: StepHost, body: str) -> None:
    began = time.monotonic()
    reply = lab.run(step_host, body.replace("input()", "import sys; sys.stdin.read()"), timeout_s=0.5)
    assert reply.outcome is Outcome.TIMED_OUT
    assert message_of(reply) == "it ran longer than 0.5s"
    assert time.monotonic() - began < 20


def test_a_script_that_never_lets_go_of_the_interpreter_is_stopped(lab: Lab, step_host: StepHost) -> None:
    body = "import ctypes; ctypes.PyDLL(None).sleep(60)"
    assert lab.run(step_host, body, timeout_s=0.5).outcome is Outcome.TIMED_OUT


CHILDREN = """
import os, subprocess, sys, time
pids = [subprocess.Popen(["sleep", "600"], start_new_session=new).pid for new in (False, True)]
daemon = os.fork()
if daemon == 0:
    os.setsid()
    if os.fork() == 0:
        open({pidfile!r}, "w").write(str(os.getpid()))
        while True: time.sleep(600)
    os._exit(0)
os.waitpid(daemon, 0)
while not (os.path.exists({pidfile!r}) and open({pidfile!r}).read()): time.sleep(0.01)
self.logger.info([*pids, int(open({pidfile!r}).read())])
{then}
"""


@pytest.mark.parametrize(
    ("then", "outcome"),
    [
        ("pass", Outcome.SUCCEEDED),
        ("1/0", Outcome.FAILED),
        ("os._exit(1)", Outcome.FAILED),
        ("while True: pass", Outcome.TIMED_OUT),
    ],
)
def test_nothing_that_a_script_started_outlives_it(
    lab: Lab, step_host: StepHost, alive: Alive, then: str, outcome: Outcome
) -> None:
    body = CHILDREN.format(pidfile=str(lab.data / "pid"), then=then)
    assert lab.run(step_host, body, timeout_s=3 if outcome is Outcome.TIMED_OUT else 60).outcome is outcome
    pids = [int(pid) for pid in lab.said[0].strip("[]").split(",")]
    assert len(pids) == 3
    assert not [pid for pid in pids if alive(pid)]


def test_a_daemon_is_ended_even_where_it_is_all_that_is_left(lab: Lab, step_host: StepHost, alive: Alive) -> None:
    body = """
    import os, subprocess
    code = "sleep 600 >/dev/null 2>&1 & echo $!"
    self.logger.info(subprocess.run(["setsid", "sh", "-c", code], capture_output=True, text=True).stdout)
    """
    assert lab.run(step_host, body).outcome is Outcome.SUCCEEDED
    assert not alive(int(lab.said[0]))


def test_a_forked_process_that_comes_back_out_of_run_answers_nothing(lab: Lab, step_host: StepHost) -> None:
    body = "import os\nself.logger.info('both' if os.fork() else 'child')\nprint('x')"
    for _ in range(2):
        assert lab.run(step_host, body).outcome is Outcome.SUCCEEDED
    assert lab.said == ["both", "both"]


def test_a_script_may_use_a_pool_of_processes(lab: Lab, step_host: StepHost) -> None:
    before = "from multiprocessing import get_context\ndef twice(x): return 2 * x"
    body = "with get_context('fork').Pool(2) as pool: self.logger.info(pool.map(twice, [1, 2]))"
    assert lab.run(step_host, body, before=before).outcome is Outcome.SUCCEEDED
    assert lab.said == ["[2, 4]"]


def test_a_host_in_which_threads_are_left_behind_is_replaced(lab: Lab, step_host: StepHost) -> None:
    before = step_host.ready()
    body = "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    assert lab.run(step_host, body).outcome is Outcome.SUCCEEDED
    assert step_host.ready() != before


def test_a_warm_host_is_used_again_and_recycled_in_time(lab: Lab) -> None:
    lab.write_run("pass")
    with StepHost(recycle_after=2) as host:
        pids = [host.call(lab.order(), on_line=lab.lines.append).pid for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_host_that_died_while_idle_is_replaced_without_blame(lab: Lab, step_host: StepHost) -> None:
    lab.write_run("pass")
    for _ in range(3):
        os.kill(step_host.ready(), signal.SIGKILL)
        assert step_host.call(lab.order(), on_line=lab.lines.append).outcome is Outcome.SUCCEEDED


def test_five_megabytes_on_each_stream_are_kept_as_tails(lab: Lab, step_host: StepHost) -> None:
    body = """
    import os, subprocess, sys, ctypes
    for number in range(50_000): print(f"{number:099d}")
    print("end", file=sys.stderr)
    subprocess.run(["sh", "-c", "head -c 5000000 /dev/zero | tr '\\\\0' x >&2; echo sub >&2"], check=True)
    os.write(1, b"raw\\n")
    ctypes.CDLL(None).puts(b"from C")
    """
    reply = lab.run(step_host, body)
    assert reply.outcome is Outcome.SUCCEEDED, reply.error
    assert reply.stdout.startswith("... 4,934,4")
    assert reply.stdout.endswith(f"{49_999:099d}\nraw\nfrom C\n")
    assert reply.stderr.endswith("xxxsub\n")
    assert len(reply.stdout) < 70_000
    assert len(reply.stderr) < 70_000


def test_one_run_does_not_see_what_another_printed(lab: Lab, step_host: StepHost) -> None:
    lab.run(step_host, "print('first')")
    assert lab.run(step_host, "print('second', end='')").stdout == "second"


def test_stdin_is_empty(lab: Lab, step_host: StepHost) -> None:
    lab.run(step_host, "import sys; self.logger.info(repr(sys.stdin.read()))")
    assert lab.said == ["''"]


def test_a_script_that_closes_its_streams_harms_no_later_run(lab: Lab, step_host: StepHost) -> None:
    assert lab.run(step_host, "import sys; sys.stdout.close()").outcome is Outcome.SUCCEEDED
    assert lab.run(step_host, "print('x')").stdout == "x\n"


@pytest.mark.parametrize("where", ["here", "in a child"])
def test_a_script_that_takes_too_much_memory_is_stopped(lab: Lab, step_host: StepHost, where: str) -> None:
    take = "import time; x = b'x' * (300 << 20); time.sleep(60)"
    body = take if where == "here" else f'import subprocess, sys; subprocess.run([sys.executable, "-c", "{take}"])'
    reply = lab.run(step_host, body, memory_bytes=100 * MIB, timeout_s=50)
    assert reply.outcome is Outcome.FAILED
    assert reply.error is not None
    assert reply.error.type == "MemoryLimitExceeded"
    assert reply.error.message.endswith("MiB, its limit is 100 MiB")
    assert reply.peak_memory_bytes > 100 * MIB


def test_memory_that_forked_processes_share_counts_once(lab: Lab, step_host: StepHost) -> None:
    body = """
    import os, time
    shared = b"x" * (80 << 20)
    for _ in range(4):
        if os.fork() == 0:
            time.sleep(600)
    time.sleep(0.7)
    """
    assert lab.run(step_host, body, memory_bytes=200 * MIB).outcome is Outcome.SUCCEEDED


def test_processor_time_and_peak_memory_are_those_of_the_run(lab: Lab, step_host: StepHost) -> None:
    spin = "import time; t = time.process_time()\nwhile time.process_time() < t + 0.3: pass"
    big = lab.run(step_host, f"x = b'x' * (150 << 20)\n{spin}")
    child = lab.run(step_host, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}])")
    small = lab.run(step_host, "pass")
    stopped = lab.run(step_host, "while True: pass", timeout_s=0.5)
    assert big.cpu_s >= 0.3
    assert child.cpu_s >= 0.3
    assert small.cpu_s < 0.2
    assert 0.05 < stopped.cpu_s < 5
    assert big.peak_memory_bytes > 150 * MIB > small.peak_memory_bytes > MIB


def test_what_the_listener_raises_reaches_the_caller_and_ends_the_run(lab: Lab, step_host: StepHost) -> None:
    def fail(line: LogLine) -> None:
        raise RuntimeError(line.message)

    lab.write_run("self.logger.info('x')\nwhile True: pass")
    with pytest.raises(RuntimeError, match="x"):
        step_host.call(lab.order(), on_line=fail)
    assert lab.run(step_host, "pass").outcome is Outcome.SUCCEEDED


def test_threads_may_log_at_the_same_time(lab: Lab, step_host: StepHost) -> None:
    body = """
    import logging, threading
    def work():
        for _ in range(100):
            self.logger.info("i" * 9000)
            logging.getLogger("other").warning("w" * 9000)
    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    """
    assert lab.run(step_host, body).outcome is Outcome.SUCCEEDED
    assert sorted(line.seq for line in lab.lines) == list(range(800))
    assert {len(line.message) for line in lab.lines} == {9000}


def test_the_environment_is_the_one_that_was_given(lab: Lab) -> None:
    environ = {**os.environ, "ONLY": "here", "PYTHONPATH": "/kept"}
    with StepHost(environ=environ) as host:
        lab.run(host, "import os; self.logger.info([os.environ['ONLY'], os.environ['PYTHONPATH']])")
    assert lab.said == ["['here', '/kept']"]


def test_a_declaration_that_takes_too_long_is_a_sentence(lab: Lab, step_host: StepHost) -> None:
    lab.write("step.py", "while True: pass")
    with pytest.raises(ScriptError, match=r"^step\.py: cannot be imported: TimedOut: it ran longer than 0.3s"):
        step_host.declare("step.py", lab.scripts, timeout_s=0.3)


def test_a_host_that_cannot_start_is_the_machines_fault(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write_run("pass")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with StepHost() as host:
        reply = host.call(lab.order(), on_line=lab.lines.append)
        assert reply.outcome is Outcome.ABANDONED
        assert message_of(reply).startswith("the step host did not start")


OWNER = """
import sys, threading
from pathlib import Path
sys.path[:0] = [{root!r}, {tests!r}]
from script_lab import Lab
from sinagotd.scripts.step_host import StepHost
lab = Lab(Path({scripts!r}), Path({data!r}))
host = StepHost()
starter = threading.Thread(target=host.ready)
starter.start(), starter.join()
print(host.ready(), flush=True)
lab.run(host, {body!r})
"""


def test_an_owner_killed_hard_takes_the_host_and_all_it_started_along(
    lab: Lab, eventually: Eventually, alive: Alive
) -> None:
    body = CHILDREN.format(pidfile=str(lab.data / "pid"), then="import ctypes; ctypes.PyDLL(None).sleep(600)")
    code = OWNER.format(
        root=str(ROOT), tests=str(ROOT / "tests"), scripts=str(lab.scripts), data=str(lab.data), body=body
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        host = int(owner.stdout.readline())
        eventually(lambda: (lab.data / "pid").exists() and (lab.data / "pid").read_text() != "")
        family = [process.pid for process in psutil.Process(owner.pid).children(recursive=True)]
        assert host in family
        assert len(family) >= 5
        assert all(alive(pid) for pid in family)
        owner.kill()
    eventually(lambda: not [pid for pid in family if alive(pid)])


def test_a_host_starts_from_a_thread_that_ends(lab: Lab) -> None:
    """A death signal would follow that thread; see guard.py."""
    import threading

    with StepHost() as host:
        starter = threading.Thread(target=host.ready)
        starter.start()
        starter.join()
        pid = host.ready()
        assert lab.run(host, "import time; time.sleep(0.3)").pid == pid


def test_a_closed_host_leaves_no_process_and_no_descriptor(lab: Lab) -> None:
    before = psutil.Process().num_fds()
    with StepHost() as host:
        lab.run(host, "pass")
        family = psutil.Process(host.ready()).parents()[0]
        assert family.is_running()
    assert psutil.Process().num_fds() == before
    assert not family.is_running()
