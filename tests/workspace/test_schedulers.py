"""Where steps run and what runs after what (specs §§10, 14). D… are Sinagot's defects (specs §18)."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import psutil
import pytest
from runner_world import family
from running_world import COPY, COUNT, SCOPED, UNIT, World, outcomes

from sinagotd.errors import ConfigError, RunnerError
from sinagotd.workspace.opened import Wanted
from sinagotd.workspace.running import RunOptions, run_steps

DASK = ("[run]", 'mode = "dask"')
STAMPS = "import time\nbegan = time.time(); time.sleep(0.4)\nself.path.output.write_text(f'{began} {time.time()}')"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.raw("REC-1", "REC-2")
    return world


@pytest.fixture
def scoped(tmp_path: Path) -> World:
    """EEG: clean and alpha; behavior: scores, which reads what clean of the same task made."""
    world = World(tmp_path, toml=SCOPED)
    world.script("EEG/clean", COUNT, writes=("clean-{task}", "{id}.txt"))
    world.script("EEG/alpha", COPY, reads=("clean-{task}", "{id}.txt"), writes=("alpha-{task}", "{id}.txt"))
    world.script("behavior/scores", COPY, reads=("alpha-{task}", "{id}.txt"), writes=("scores", "{id}.txt"))
    world.raw("REC-1", "REC-2")
    return world


@pytest.mark.parametrize("scheduler", ["processes", "threads", "multiprocessing", "threading", "single-threaded", "sync"])  # fmt: skip
def test_every_local_scheduler_runs_unit_mode_d18(world: World, scheduler: str) -> None:
    world.settings(*DASK, "[dask.scheduler]", f'type = "{scheduler}"')
    assert set(outcomes(world.run()).values()) == {"succeeded"}
    assert world.read("mean/REC-2.txt") == "3"


def test_independent_steps_and_records_run_at_the_same_time_d14(tmp_path: Path) -> None:
    world = World(tmp_path, toml=UNIT.format(steps='"count", "more"'))
    world.settings(*DASK, "[dask.cluster]", "n_workers = 2")
    world.raw("REC-1")
    world.script("count", STAMPS)
    world.script("more", STAMPS)
    assert world.run()
    (began, ended), (other_began, other_ended) = (_span(world, step) for step in ("count", "more"))
    assert max(began, other_began) < min(ended, other_ended)


def test_one_pool_serves_all_records_d14(world: World) -> None:
    world.script("count", "import os\nself.path.output.write_text(str(os.getpid()))")
    world.raw(*(f"REC-{number}" for number in range(3, 12)))
    world.settings("[dask.cluster]", "n_workers = 2")
    world.run(scheduler="processes", unit=(None, None, "count"))
    assert 1 <= len({file.read_text() for file in (world.data / "count").iterdir()}) <= 2


def test_every_host_keeps_to_one_core_unless_somebody_wants_otherwise(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.script("count", "import os\nself.path.output.write_text(os.environ['OMP_NUM_THREADS'])")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    world.run("REC-1", scheduler="processes")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    world.run("REC-2", scheduler="processes")
    assert (world.read("mean/REC-1.txt"), world.read("mean/REC-2.txt")) == ("1", "3")


def test_in_the_main_process_steps_run_in_this_very_process_one_after_the_other(world: World) -> None:
    world.script("count", f"import os; self.logger.info(str(os.getpid()))\n{STAMPS}")
    world.run()
    assert str(psutil.Process().pid) in world.messages("count")
    spans = [tuple(map(float, file.read_text().split())) for file in (world.data / "count").iterdir()]
    assert all(max(a[0], b[0]) >= min(a[1], b[1]) for a, b in combinations(spans, 2))


def test_ctrl_c_ends_the_hosts_and_leaves_nothing_in_flight(world: World) -> None:
    begun = world.folder / "begun"
    world.script("count", f"open({str(begun)!r}, 'w').close()\nimport time; time.sleep(600)")
    ours = set(family(os.getpid()))

    def interrupt() -> None:
        while not begun.exists():
            time.sleep(0.02)
        signal.raise_signal(signal.SIGINT)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            world.run(scheduler="processes")
    assert set(family(os.getpid())) <= ours
    with world.opened().reading() as read:
        assert read.in_flight() == []
        assert {run.outcome for run in read.runs()} == {"cancelled"}
        assert not any(past.vain for past in read.history(["REC-1", "REC-2"]).values())
    logs = [[(line["step_status"], line["message"]) for line in world.log(record)] for record in ("REC-1", "REC-2")]
    lasts = {log[-1] for log in logs if (20, "Processing run") in log}
    assert lasts == {(10, "Run cancelled: the call of run() was cut short")}
    world.script("count", COUNT)
    assert set(outcomes(world.run()).values()) == {"succeeded"}


def test_two_workspaces_run_side_by_side_in_one_process(tmp_path: Path) -> None:
    worlds = [World(tmp_path / name) for name in ("one", "other")]
    for world in worlds:
        world.raw(*(f"REC-{number}" for number in range(8)))
        world.script("count", f"from sinagot.utils import StepStatus\n{COUNT}")
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(run_steps, world.opened(), Wanted(), RunOptions()) for world in worlds]
    assert [call.result().counts for call in calls] == [{"succeeded": 16}] * 2


@pytest.mark.parametrize("scheduler", ["main_process", "processes"])
def test_two_steps_that_read_the_raw_file_are_both_run_d15(tmp_path: Path, scheduler: str) -> None:
    world = World(tmp_path)
    world.raw("REC-1")
    world.script("mean", COPY)
    assert outcomes(world.run(scheduler=scheduler)) == {"REC-1/count": "succeeded", "REC-1/mean": "succeeded"}


@pytest.mark.parametrize("scheduler", ["main_process", "processes"])
def test_a_step_may_need_what_any_earlier_step_made_d16(tmp_path: Path, scheduler: str) -> None:
    world = World(tmp_path, toml=UNIT.format(steps='"late", "b", "count"'))
    world.raw("REC-1")
    world.script("b", COPY, reads=("count", "{id}.txt"))
    world.script("late", COPY, reads=("count", "{id}.txt"))
    assert set(outcomes(world.run(scheduler=scheduler)).values()) == {"succeeded"}


@pytest.mark.parametrize("scheduler", ["main_process", "processes"])
def test_what_depends_on_another_modality_waits_for_it_d17(scoped: World, scheduler: str) -> None:
    assert set(outcomes(scoped.run(scheduler=scheduler)).values()) == {"succeeded"}
    assert scoped.read("scores/REC-1.txt") == "3"


def test_a_scope_runs_its_own_steps_only(scoped: World) -> None:
    assert set(outcomes(scoped.run(unit=("MMN", None, None)))) == {"REC-1/MMN/EEG/clean", "REC-2/MMN/EEG/clean"}
    assert outcomes(scoped.run("REC-1", unit=(None, "behavior", None))) == {"REC-1/RS/behavior/scores": "blocked"}
    assert scoped.read("alpha-RS/REC-1.txt") is None
    assert outcomes(scoped.run("REC-1", unit=(None, None, "clean"))) == {
        "REC-1/RS/EEG/clean": "succeeded", "REC-1/MMN/EEG/clean": "current",
    }  # fmt: skip


def test_an_output_outside_of_the_data_folder_is_refused_and_costs_its_own_step_only_d22(world: World) -> None:
    world.script("count", COUNT, writes=("..", "{id}.txt"))
    world.script("mean", COPY)
    result = world.run("REC-1", scheduler="processes")
    assert outcomes(result) == {"REC-1/count": "quarantined", "REC-1/mean": "succeeded"}
    assert "it must stay in the data folder" in result.runs[0].why
    assert not (world.folder / "REC-1.txt").exists()


def test_a_task_without_a_usable_modality_harms_nobody_d22(scoped: World) -> None:
    scoped.settings("[tasks.HDC]", "modalities = []")
    assert scoped.run(scheduler="processes")
    assert scoped.run(unit=("HDC", None, None)).runs == ()


def test_unknown_modes_and_schedulers_are_refused_d23(world: World) -> None:
    with pytest.raises(ConfigError, match=r"there is no scheduler 'procceses'.*processes"):
        world.run(scheduler="procceses")
    world.settings("[dask.scheduler]", 'type = "cloud"', "[run]", 'mode = "cloud"')
    with pytest.raises(ConfigError, match=r"dask\.scheduler\.type") as fault:
        world.run()
    assert "run.mode" in str(fault.value)


def test_a_number_of_workers_must_be_one(world: World) -> None:
    world.settings("[dask.cluster]", 'n_workers = "many"')
    with pytest.raises(ConfigError, match=r"dask\.cluster\.n_workers = 'many'"):
        world.run(scheduler="processes")


def test_a_scheduler_that_anybody_could_use_is_refused(world: World) -> None:
    world.settings("[dask.cluster]", 'address = "tcp://10.0.0.1:8786"')
    with pytest.raises(RunnerError, match="tls"):
        world.run(scheduler="distributed")


def test_what_the_cluster_is_not_told_is_warned_of(world: World) -> None:
    world.settings("[dask.cluster]", "n_workers = 1", 'memory_limit = "1GB"', 'address = "tcp://10.0.0.1:1"')
    with pytest.warns(UserWarning, match="memory_limit"), pytest.raises(RunnerError):
        world.run(scheduler="distributed")


@pytest.mark.cluster
def test_a_distributed_run_is_waited_for_reported_and_leaves_no_process_behind_d20(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.settings(*DASK, "[dask.scheduler]", 'type = "distributed"', "[dask.cluster]", "n_workers = 1")
    world.script("mean", "raise ValueError(self.id)", reads=("count", "{id}.txt"))
    opened, before = world.opened(), {child.pid for child in family(os.getpid())}
    result = world.run()
    assert [run.outcome for run in result.runs] == ["succeeded", "failed"] * 2
    assert "ValueError: REC-1" in world.messages("mean")
    assert opened.settings.dask.cluster == {"n_workers": 1}
    assert capfd.readouterr().err == ""
    assert {child.pid for child in family(os.getpid())} <= before


def _span(world: World, step: str) -> tuple[float, float]:
    began, ended = (world.read(f"{step}/REC-1.txt") or "").split()
    return float(began), float(ended)
