"""The cluster that the runner starts itself: what is seen of it from outside, and what becomes of its workers."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import dask
import psutil
import pytest
from runner_world import Posts, World, family, is_gone, wait_until

from sinagotd.core.states import Outcome
from sinagotd.errors import RunnerError
from sinagotd.runner.batches import Paces
from sinagotd.runner.dask_runner import DaskRunner
from sinagotd.runner.protocol import RunEnded, RunLost, RunStarted

pytestmark = pytest.mark.cluster

Shared = tuple[DaskRunner, Posts]


def listening() -> list[str]:
    """The addresses on which this process and its descendants listen."""
    processes = [psutil.Process(), *family(os.getpid())]
    sockets = [socket for process in processes for socket in process.net_connections("inet")]
    return [socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN]


def workers_of(runner: DaskRunner) -> list[psutil.Process]:
    """The processes of the cluster that are Dask's workers, not step hosts below them."""
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_nothing_listens_but_on_loopback(shared: Shared) -> None:
    assert set(listening()) == {"127.0.0.1"}


def test_the_http_port_that_dask_insists_on_serves_nothing(shared: Shared) -> None:
    import urllib.error
    import urllib.request

    codes = set()
    sockets = [s for s in psutil.Process().net_connections("inet") if s.status == psutil.CONN_LISTEN]
    for port in {socket.laddr.port for socket in sockets}:
        for page in ("health", "metrics", "info/main/workers.html", "json/counts.json"):
            try:
                codes.add(urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5).status)
            except urllib.error.HTTPError as fault:
                codes.add(fault.code)
                fault.close()
            except OSError:
                pass  # a TLS port hangs up
    assert codes == {404}


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_client_without_the_certificate_is_refused(shared: Shared, scheme: str) -> None:
    stranger = (
        "import sys, dask\n"
        "from distributed import Client, Security\n"
        "security = Security.temporary() if sys.argv[1].startswith('tls') else None\n"
        "try:\n    Client(sys.argv[1], security=security, timeout=1)\n"
        "except OSError:\n    print('refused')\n"
    )
    address = scheduler_address(shared[0]).replace("tls://", f"{scheme}://")
    process = subprocess.run([sys.executable, "-c", stranger, address], capture_output=True, text=True, check=False)
    assert process.stdout.strip() == "refused", process.stderr


def scheduler_address(runner: DaskRunner) -> str:
    link = runner._keeper._link
    assert link is not None
    return str(link.client.scheduler.address)


def test_the_working_folder_and_the_settings_of_dask_are_left_alone(shared: Shared) -> None:
    from distributed import default_client

    assert not Path("dask-scratch-space").exists()
    assert dask.config.get("distributed.worker.profile.enabled") is True
    assert dask.config.get("scheduler", None) is None
    with pytest.raises(ValueError, match="No client"):
        default_client()


def test_among_waiting_orders_the_highest_priority_goes_first(shared: Shared, world: World) -> None:
    runner, posts = shared
    assert runner._keeper._link is not None
    runner._keeper._link._paces = Paces()  # orders of steps that nothing is known of travel alone
    blocker = world.order("hangs", "REC-0", timeout_s=2.0)
    runner.submit(blocker)
    world.pids("REC-0")
    fillers = [world.order("marks", f"REC-1{n}") for n in range(3)]  # each worker has its next order chosen already
    for filler in fillers:
        runner.submit(filler)
    orders = {priority: world.order("marks", f"REC-{priority}") for priority in (1, 5, 3, 4, 2)}
    for priority, order in orders.items():
        runner.submit(order, priority=priority)
    begun = {posts.receipt(order).started_at: priority for priority, order in orders.items()}
    assert [begun[at] for at in sorted(begun)] == [5, 4, 3, 2, 1]
    assert max(begun) < max(posts.receipt(filler).started_at for filler in fillers)
    assert posts.receipt(blocker).outcome is Outcome.TIMED_OUT


def test_an_order_that_waits_can_be_cancelled_and_one_that_runs_cannot(shared: Shared, world: World) -> None:
    runner, posts = shared
    running = world.order("hangs", "REC-0", timeout_s=2.0)
    waiting = world.order("copy")
    runner.submit(running)
    posts.wait_for(running, RunStarted)
    runner.submit(waiting)
    runner.cancel(waiting.run_id)
    runner.cancel(running.run_id)
    assert isinstance(posts.wait_for(waiting, RunEnded, RunLost), RunLost)
    assert posts.receipt(running).outcome is Outcome.TIMED_OUT
    assert not Path(waiting.staging).exists()
    assert len(posts.answers(waiting)) == 1


def test_a_run_that_is_not_answered_yet_cannot_be_submitted_again(shared: Shared, world: World) -> None:
    runner, posts = shared
    order = world.order("hangs", timeout_s=1.0)
    runner.submit(order)
    with pytest.raises(RunnerError, match="submitted twice"):
        runner.submit(order)
    posts.receipt(order)


def test_a_flood_of_lines_is_thinned_on_its_way_and_whole_in_the_receipt(shared: Shared, world: World) -> None:
    runner, posts = shared
    script = world.scripts / "speaks.py"
    script.write_text(script.read_text().replace("range(5)", "range(3000)"))
    order = world.order("speaks")
    runner.submit(order)
    receipt = posts.receipt(order)
    told = len(posts.of(order)) - 2
    assert len(receipt.lines) == 3000
    assert 0 < told <= 50 * (2 + receipt.ended_at - receipt.started_at)


def test_a_killed_worker_costs_its_run_and_nothing_else(shared: Shared, world: World) -> None:
    runner, posts = shared
    order, behind = world.order("hangs"), world.order("copy", "REC-2")
    runner.submit(order)
    script, child = world.pids()
    runner.submit(behind)
    [worker] = workers_of(runner)
    worker.kill()
    lost = posts.wait_for(order, RunEnded, RunLost)
    assert isinstance(lost, RunLost)
    assert "died" in lost.why
    wait_until(lambda: is_gone(script) and is_gone(child))
    answer = posts.wait_for(behind, RunEnded, RunLost)
    if isinstance(answer, RunLost):  # it was on that worker already; the engine submits it anew
        behind = world.order("copy", "REC-3")
        runner.submit(behind)
    assert posts.receipt(behind).outcome is Outcome.SUCCEEDED
    assert len(posts.answers(order)) == 1


def test_closing_answers_everything_and_leaves_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {child.pid for child in family(os.getpid())}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    posts = Posts()
    runner = DaskRunner(posts, workers=2)
    orders = [world.order("hangs"), *(world.order("copy", f"REC-{n}") for n in range(2, 9))]
    for order in orders:
        runner.submit(order)
    script, child = world.pids()
    runner.close()
    assert [len(posts.answers(order)) for order in orders] == [1] * len(orders)
    assert {child.pid for child in family(os.getpid())} <= before
    assert is_gone(script)
    assert is_gone(child)
    assert not any(tmp_path.glob("sinagotd-*"))
    runner.close()
    with pytest.raises(RunnerError, match="closed"):
        runner.submit(world.order())


def test_closing_while_the_workers_start_leaves_no_process_either(world: World) -> None:
    before = {child.pid for child in family(os.getpid())}
    posts, order = Posts(), world.order()
    runner = DaskRunner(posts, workers=1)
    runner.submit(order)
    wait_until(lambda: {child.pid for child in family(os.getpid())} > before)
    runner.close()
    assert {child.pid for child in family(os.getpid())} <= before
    assert [type(event) for event in posts.answers(order)] == [RunLost]


def test_a_runner_that_never_ran_anything_starts_and_closes_nothing(world: World) -> None:
    before = family(os.getpid())
    runner = DaskRunner(Posts(), workers=1)
    assert runner.window >= 1
    runner.close()
    assert family(os.getpid()) == before


OWNER = """
import sys, time
from pathlib import Path
sys.path[:0] = [{tests!r}]
from runner_world import Posts, World
from sinagotd.runner.dask_runner import DaskRunner

if __name__ == "__main__":
    world = World(Path({root!r}))
    runner = DaskRunner(Posts(), workers=1)
    runner.submit(world.order("hangs"))
    time.sleep(600)
"""


def test_nothing_outlives_an_owner_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "owner.py"
    file.write_text(OWNER.format(tests=str(Path(__file__).parents[1]), root=str(tmp_path / "world")))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(temporary)}
    with subprocess.Popen([sys.executable, str(file)], env=environ, cwd=tmp_path) as owner:
        pids_file = tmp_path / "world" / "dataset" / "raw" / "REC-1.pids"
        wait_until(lambda: pids_file.exists() and len(pids_file.read_text().split()) == 2)
        everything = {child.pid for child in psutil.Process(owner.pid).children(recursive=True)}
        everything |= {int(word) for word in pids_file.read_text().split()}
        assert len(everything) >= 5  # a worker, a guard, a host, a child, Python's tracker
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    wait_until(lambda: all(is_gone(pid) for pid in everything), limit_s=10)
    assert {path.name for path in tmp_path.iterdir()} == {"owner.py", "tmp", "world"}
    assert [path.name[:9] for path in temporary.iterdir()] == ["sinagotd-"]
