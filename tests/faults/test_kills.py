"""kill -9 of whatever the daemon consists of, at random moments: nothing is lost, half-written or committed twice."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import psutil
import pytest
from counting import Count, Counted
from kill_world import KillLab, a_kill_lab, kill
from lab_world import WORKERS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

EVERY = 10
ARRIVAL_S = 0.3
SIGN_LIMIT_S = 60.0
BACK_LIMIT_S = 60.0
FILES_TO_SPARE = 20


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillLab]:
    """One for all tests: it goes on from wherever it was left."""
    with a_kill_lab(tmp_path_factory.mktemp("kills")) as made:
        made.add(10)
        made.start()
        yield made


def hit(lab: KillLab, counted: Counted, blow: Callable[[], bool]) -> None:
    """Change inputs and strike at random moments; look at every output after each blow, at everything after some."""
    began, blows, amid_runs, again = time.monotonic(), 0, 0, len(lab.executed_again())
    while blows < counted.times:
        for _ in range(lab.chance.randrange(1, 8)):
            lab.change()
        wait_a_moment(lab)
        is_amid_runs = lab.has_runs_in_flight()
        if not blow():
            continue
        blows += 1
        amid_runs += is_amid_runs
        counted.wrongs += lab.torn()
        if blows % EVERY == 0 or blows == counted.times:
            counted.wrongs += lab.at_rest()
    lab.command("manifest", "check", lab.folder)
    again = len(lab.executed_again()) - again
    counted.note = f"{(time.monotonic() - began) / blows:.1f} s each, {amid_runs} amid runs, {again} executed again"


def wait_a_moment(lab: KillLab) -> None:
    """A random one: any, or soon after a claim, or, more often, soon after a script began."""
    begun = lab.executions().total()
    signs = (lambda: True, lab.has_runs_in_flight, *[lambda: lab.executions().total() > begun] * 2)
    sign, give_up_at = lab.chance.choice(signs), time.monotonic() + SIGN_LIMIT_S
    while not sign() and time.monotonic() < give_up_at:
        time.sleep(0.005)
    time.sleep(lab.chance.uniform(0, 0.4))


def test_a_killed_worker_costs_its_run_and_no_more(lab: KillLab, count: Count) -> None:
    with count("P5", "kill -9 of a Dask worker at random moments", share=2, full=70) as counted:
        hit(lab, counted, lambda: kill(lab.workers(), lab.chance))


def test_a_killed_step_host_costs_its_run_and_no_more(lab: KillLab, count: Count) -> None:
    with count("P5", "kill -9 of a step host or its guard at random moments", share=2, full=70) as counted:
        hit(lab, counted, lambda: kill(lab.hosts(), lab.chance))


def test_a_killed_daemon_goes_on_where_it_was(lab: KillLab, count: Count) -> None:
    with count("P5", "kill -9 of the daemon at random moments", share=2, full=70) as counted:
        hit(lab, counted, lambda: kill_daemon(lab, counted))


def kill_daemon(lab: KillLab, counted: Counted) -> bool:
    """Kill it, now and then before it is ready, and start the next one at once or when its offspring is gone."""
    killed = lab.daemon
    killed.send(signal.SIGKILL)
    killed.process.wait()
    counted.wrongs += lab.torn()
    if lab.chance.random() < 0.5:
        killed.wait_for_nobody()
    lab.launch()
    if lab.chance.random() < 0.8:
        lab.daemon.wait_for_line("ready")
    killed.wait_for_nobody()
    return True


def test_killed_workers_come_back_however_many_and_cost_the_daemon_nothing(tmp_path: Path, count: Count) -> None:
    with (
        count("P9", "kill -9 of a Dask worker in a run of many steps", share=1, full=100) as counted,
        a_kill_lab(tmp_path) as lab,
    ):
        lab.nap(ARRIVAL_S)
        lab.start()
        until_all_work(lab)
        daemon = psutil.Process(lab.daemon.pid)
        files, memory = daemon.num_fds(), daemon.memory_info().rss
        back_after_s = [kill_a_worker(lab) for _ in range(counted.times)]
        lab.nap(0.01)
        counted.wrongs += lab.at_rest()
        more = daemon.memory_info().rss - memory
        if daemon.num_fds() > files + FILES_TO_SPARE:
            counted.wrong(f"the daemon had {files} files open and has {daemon.num_fds()}")
        back = (
            f"{2 * len(lab.versions)} steps, back after {median(back_after_s):.1f} s, at most {max(back_after_s):.1f} s"
        )
        counted.note = f"{back}; daemon {memory >> 20} MB, {more >> 20:+} MB"


def kill_a_worker(lab: KillLab) -> float:
    """Strike at a random moment; returns after how many seconds all workers are at work again."""
    time.sleep(lab.chance.uniform(0, 1))
    assert kill(lab.workers(), lab.chance)
    return until_all_work(lab)


def until_all_work(lab: KillLab) -> float:
    """Bring more and more to do until every worker has a step host; returns how long that took, in seconds."""
    began = time.monotonic()
    while not all_work(lab):
        assert time.monotonic() < began + BACK_LIMIT_S, "the workers did not come back"
        lab.add()
        time.sleep(ARRIVAL_S)
    return time.monotonic() - began


def all_work(lab: KillLab) -> bool:
    workers = {worker.pid for worker in lab.workers()}
    return len(workers & {host.ppid() for host in lab.hosts()}) == WORKERS
