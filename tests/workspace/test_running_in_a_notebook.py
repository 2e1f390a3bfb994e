"""`steps.run` as people call it, on workspaces shaped like the two that everybody knows: a harbour, and tasks with modalities."""

from pathlib import Path
from typing import Any

import pytest
from running_world import COPY, COUNT, SCOPED, World

from sinagotd import Workspace
from sinagotd.errors import ConfigError, WorkspaceError

MODES = ["main_process", "threads", "processes"]


@pytest.fixture
def scoped(tmp_path: Path) -> World:
    world = World(tmp_path, toml=SCOPED)
    world.script("EEG/clean", COUNT, reads=("raw", "{id}-{task}.mff"), writes=("done", "{id}-{task}.txt"))
    world.script("EEG/alpha", COPY, reads=("done", "{id}-{task}.txt"), writes=("done", "{id}-{task}-alpha.txt"))
    inputs = {"data": ("HDC", "{id}", "data.txt"), "report": ("HDC", "{id}", "report.txt")}
    world.script("behavior/scores", "self.path.output.write_text('scores')", reads=inputs, writes=("HDC", "{id}.csv"))
    for record, task in (("REC-1", "RS"), ("REC-1", "MMN"), ("REC-2", "MMN")):
        (world.data / "raw" / f"{record}-{task}.mff").write_text("a b")
    for name in ("data", "report"):
        (world.data / "HDC" / "REC-1").mkdir(parents=True, exist_ok=True)
        (world.data / "HDC" / "REC-1" / f"{name}.txt").write_text("")
    return world


def use(world: World, mode: str) -> Workspace:
    if mode != "main_process":
        world.settings(
            "[run]", 'mode = "dask"', "[dask.scheduler]", f'type = "{mode}"', "[dask.cluster]", "n_workers = 2"
        )
    return Workspace(world.folder)


def statuses(model: Any) -> dict[str, int]:
    frame = model.steps.status()
    names = frame[["record_id", "task", "modality", "step_label"]].itertuples(index=False)
    return {
        "/".join(str(part) for part in name if part): code for name, code in zip(names, frame.step_status, strict=True)
    }


@pytest.mark.parametrize("mode", MODES)
def test_a_harbour_is_counted_in_every_mode(tmp_path: Path, mode: str) -> None:
    world = World(tmp_path)
    world.raw("REC-1", "REC-2")
    workspace = use(world, mode)
    assert set(workspace.steps.status().step_status) == {0, 10}
    result = workspace.steps.run()
    assert result.counts == {"succeeded": 4}
    assert set(workspace.steps.status().step_status) == {30}
    assert workspace.records.get("REC-1").steps.run().counts == {"current": 2}


@pytest.mark.parametrize("mode", MODES)
def test_tasks_and_modalities_run_scope_by_scope_in_every_mode(scoped: World, mode: str) -> None:
    workspace = use(scoped, mode)
    assert [run.name for run in workspace.RS.EEG.steps.run().runs] == ["REC-1/RS/EEG/clean", "REC-1/RS/EEG/alpha"]
    record = workspace.records.get("REC-1")
    assert record.MMN.steps.run().counts == {"succeeded": 1}
    assert record.EEG.steps.run().counts == {"current": 3}
    assert workspace.steps.run().counts["succeeded"] == 2
    after = statuses(workspace)
    assert after["REC-2/MMN/EEG/clean"] == after["REC-1/RS/behavior/scores"] == 30
    assert after["REC-2/RS/EEG/clean"] == after["REC-2/RS/behavior/scores"] == 0


def test_a_step_runs_itself_and_only_itself(scoped: World) -> None:
    workspace = Workspace(scoped.folder)
    step = workspace.records.get("REC-1").RS.EEG.steps.get("clean")
    assert step.run().counts == {"succeeded": 1}
    assert step.status() == 30
    assert statuses(workspace.RS.EEG) == {"REC-1/RS/EEG/clean": 30, "REC-1/RS/EEG/alpha": 10}
    assert step.run(force=True).counts == {"succeeded": 1}
    assert workspace.EEG.steps.get("clean").run().counts == {"succeeded": 2, "current": 1, "waiting": 1}
    assert workspace.EEG.steps.run("clean").counts == {"current": 3, "waiting": 1}


def test_a_failure_shows_in_status_and_logs_and_debug_raises_it(scoped: World) -> None:
    scoped.script("EEG/alpha", "raise RuntimeError(self.label)", reads=("done", "{id}-{task}.txt"), writes=("done", "x-{id}-{task}.txt"))  # fmt: skip
    workspace = Workspace(scoped.folder)
    scope = workspace.records.get("REC-1").RS.EEG
    assert not scope.steps.run()
    assert statuses(scope)["REC-1/RS/EEG/alpha"] == 40
    newest = scope.steps.get("alpha").logs().iloc[0]
    assert (newest.step_status, newest.message) == (40, "RuntimeError: alpha")
    with pytest.raises(RuntimeError, match="alpha"):
        scope.steps.run(debug=True)


def test_what_cannot_be_asked_for_is_refused(scoped: World) -> None:
    workspace = Workspace(scoped.folder)
    with pytest.raises(WorkspaceError, match="there is no step 'alpha'"):
        workspace.MMN.EEG.steps.run("alpha")
    with pytest.raises(ConfigError, match="there is no scheduler"):
        workspace.steps.run(scheduler="cloud")
    with pytest.raises(TypeError):
        workspace.steps.run(forse=True)
    for odd in (7, ["clean"]):
        with pytest.raises(WorkspaceError, match="there is no step"):
            workspace.steps.run(odd)
    with pytest.raises(ConfigError, match="there is no scheduler 7"):
        workspace.steps.run(scheduler=7)
    for odd in ("5", -1):
        with pytest.raises(WorkspaceError, match=f"wait = {odd!r}: write a number of seconds"):
            workspace.steps.run(wait=odd)


def test_a_scope_without_steps_is_a_no_op_d55(tmp_path: Path) -> None:
    world = World(tmp_path, toml=SCOPED.replace('scripts = ["scores"]', "scripts = []"))
    world.script("EEG/clean", COUNT, writes=("clean-{task}", "{id}.txt"))
    world.script("EEG/alpha", COPY, reads=("clean-{task}", "{id}.txt"), writes=("alpha-{task}", "{id}.txt"))
    world.raw("REC-1")
    workspace = Workspace(tmp_path)
    assert workspace.behavior.steps.run().runs == ()
    assert workspace.records.get("REC-1").behavior.steps.run()
