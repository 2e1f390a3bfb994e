"""kill -9 at every named point of the protocols, SIGSTOP inside a run: what was done stays done, the rest is done again."""

import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import psutil
import pytest
from counting import Count, Counted
from kill_world import KillLab, a_kill_lab
from runner_world import World

from sinagotd.core.states import Outcome
from sinagotd.engine.staging import read_receipt
from sinagotd.failpoints import VARIABLE, Action, Point
from sinagotd.scripts.attempt import attempt
from sinagotd.scripts.step_host import StepHost

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

STEPS = 2
LIMIT_S = 60.0
IN_THE_WORKER = {Point.BEGUN: 0, Point.WRITTEN: 1, Point.SECURED: 1, Point.RECEIPTED: 0}
"""The executions that are in vain when the worker dies there: none before the script began, none after the receipt."""
IN_THE_DAEMON = {Point.CLAIMED: 0, Point.CHECKED: 1, Point.MOVED: 1, Point.PUBLISHED: 1, Point.RECORDED: 1}
"""The executions that are in vain when the daemon dies there and the input changes before the next one is started."""
IN_PLACE = (Point.PUBLISHED, Point.RECORDED)
WORKER_TTL_S = 3


class Armed:
    """Every point with every action; each strikes once for every time that it is armed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._tokens = {(point, action): folder / f"{point}-{action}" for point in Point for action in Action}
        self.environment = ";".join(f"{point}:{action}:{token}" for (point, action), token in self._tokens.items())

    def arm(self, point: Point, action: Action = Action.KILL) -> None:
        self._tokens[point, action].touch()

    @property
    def all_struck(self) -> bool:
        return not any(token.exists() for token in self._tokens.values())


@pytest.fixture
def armed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Armed:
    made = Armed(tmp_path / "tokens")
    monkeypatch.setenv(VARIABLE, made.environment)
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", f"{WORKER_TTL_S}s")
    return made


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[KillLab]:
    with a_kill_lab(tmp_path) as made:
        made.nap(0.01)
        made.add(2)
        yield made


def test_every_point_is_struck_somewhere_here() -> None:
    assert IN_THE_WORKER.keys() | IN_THE_DAEMON.keys() == set(Point)


def test_a_worker_that_dies_or_stops_at_a_point_is_replaced_and_its_run_ends_once(
    lab: KillLab, armed: Armed, count: Count
) -> None:
    lab.start()
    assert lab.at_rest() == []
    with count("P5", "kill -9 of a worker at each of its four failpoints", share=4, full=80) as counted:
        for point in islice(cycle(IN_THE_WORKER), counted.times):
            in_vain = strike(lab, armed, counted, point, Action.KILL)
            if in_vain != IN_THE_WORKER[point]:
                counted.wrong(f"{point}: {in_vain} executions in vain")
    with count("P5", "SIGSTOP of a worker inside a run", share=1, full=20) as counted:
        for point in islice(cycle(IN_THE_WORKER), counted.times):
            strike(lab, armed, counted, point, Action.STOP)
    lab.command("manifest", "check", lab.folder)
    lab.daemon.stop()


def strike(lab: KillLab, armed: Armed, counted: Counted, point: Point, action: Action) -> int:
    """Change an input and let a worker be struck at this point of what follows; returns the executions in vain."""
    before = lab.executions().total()
    armed.arm(point, action)
    lab.change()
    counted.wrongs += [f"{point}: {wrong}" for wrong in lab.at_rest()]
    if not armed.all_struck:
        counted.wrong(f"{point} was never reached")
    return lab.executions().total() - before - STEPS


def test_a_daemon_killed_at_a_point_goes_on_from_there(lab: KillLab, armed: Armed, count: Count) -> None:
    with count("P5", "kill -9 of the daemon at each of its five failpoints", share=5, full=100) as counted:
        lab.start("--inline")
        counted.wrongs += lab.at_rest()
        for times, point in enumerate(islice(cycle(IN_THE_DAEMON), counted.times)):
            dead = Death(lab, armed, point)
            if is_changed := times % 2 > 0:
                lab.write(dead.record)
            lab.start(*(["--inline"] if times % 3 else []))
            wrongs = [*dead.wrongs, *lab.at_rest(), *dead.wrongs_after(is_changed=is_changed)]
            counted.wrongs += [f"{point}, input changed: {is_changed}: {wrong}" for wrong in wrongs]
        lab.command("manifest", "check", lab.folder)
        lab.daemon.stop()


class Death:
    """The end of a daemon at a point: of what was made of a change, so many executions and files were there then."""

    def __init__(self, lab: KillLab, armed: Armed, point: Point) -> None:
        self._lab, self._point = lab, point
        self._executions = lab.executions().total()
        armed.arm(point)
        self.record = lab.change()
        lab.daemon.process.wait(LIMIT_S)
        lab.daemon.wait_for_nobody()
        self.wrongs = lab.torn() if armed.all_struck else [f"ended without {point}"]
        self._files = self._outputs()

    def _outputs(self) -> set[tuple[str, int, int]]:
        """The outputs of the step that are in place, each with what tells it from another of the same content."""
        files = [self._lab.data / folder / f"{self.record}.txt" for folder in ("left", "right")]
        return {(file.parent.name, file.stat().st_ino, file.stat().st_mtime_ns) for file in files if file.exists()}

    def wrongs_after(self, *, is_changed: bool) -> Iterator[str]:
        in_vain = self._lab.executions().total() - self._executions - STEPS
        if in_vain != (IN_THE_DAEMON[self._point] if is_changed else 0):
            yield f"{in_vain} executions in vain"
        if self._point in IN_PLACE and not is_changed and self._outputs() != self._files:
            yield "what was published was published again"
        ends = Counter(run.outcome for run in self._lab.daemon.runs(f"{self.record}/pair")[-2:])
        if (self._point is Point.CLAIMED) != (ends[Outcome.ABANDONED] == 1):
            yield f"the runs ended as {dict(ends)}"


def test_a_stopped_step_host_is_ended_by_the_time_limit(tmp_path: Path, count: Count) -> None:
    world = World(tmp_path)
    with (
        count("P5", "SIGSTOP of a step host or its guard inside a run", share=1, full=20) as counted,
        StepHost() as host,
    ):
        for times in range(counted.times):
            victim = psutil.Process(host.ready())
            if times % 2:
                victim = victim.parent()
            order = world.order("hangs", timeout_s=1.0)
            attempt(order, host, on_started=partial(stop_soon, victim), on_line=lambda _: None)
            receipt = read_receipt(world.data, order.run_id)
            if receipt is None or receipt.outcome is not Outcome.TIMED_OUT or victim.is_running():
                counted.wrong(f"{victim}: {receipt}")


def stop_soon(victim: psutil.Process, _pid: int, _at: float) -> None:
    threading.Timer(0.3, victim.suspend).start()
