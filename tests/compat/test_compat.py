"""Programs that were written for Sinagot 0.2.5 run against this library (specs §1), and a real Sinagot is not touched."""

import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from daemon_process import ROOT
from running_world import COPY, SCOPED, World

import sinagotd.compat
from sinagotd.scripts.sinagot_names import MODULES, SinagotNames

PROGRAM = """
import sys
from sinagot import ScriptTemplate, Workspace, __version__
from sinagot.models import Record, RecordCollection

ws = Workspace(sys.argv[1])
ws.steps.run()
print(repr(ws), len(ws.records.ids()), isinstance(next(ws.records.all()), Record), __name__)
print(ws.steps.status().step_status.tolist())
"""
SUITE = """
from pathlib import Path
import pytest
from sinagot import Workspace
from sinagot.models.exceptions import NotFoundError


def test_status():
    ws = Workspace(Path(__file__).parent)
    assert set(ws.steps.status()["step_status"]) == {10, 0}
    with pytest.raises(NotFoundError):
        ws.steps.get("nothing")
"""


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    assert not [name for name in sys.modules if name.split(".")[0] == "sinagot"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.raw("REC-1")
    return world


def python(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *map(str, words)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in MODULES.items() for name in names])
def test_every_documented_name_resolves_to_ours(module: str, name: str) -> None:
    with sinagotd.compat.install():
        found = getattr(importlib.import_module(module), name)
        home = MODULES[module][name].partition(":")[0]
        assert found is getattr(importlib.import_module(home), MODULES[module][name].partition(":")[2])


def test_the_modules_list_what_they_offer_and_miss_the_rest_clearly() -> None:
    with sinagotd.compat.install():
        sinagot = importlib.import_module("sinagot")
        assert sinagot.__all__ == ["Workspace", "ScriptTemplate"]
        assert "Record" in dir(importlib.import_module("sinagot.models"))
        assert importlib.util.find_spec("sinagot.models") is not None
        with pytest.raises(AttributeError, match="module 'sinagot' has no attribute 'Nothing'"):
            sinagot.Nothing  # noqa: B018 - looking is what is tested
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("sinagot.nothing")


def test_subset_is_the_collection_and_the_faults_are_ours() -> None:
    with sinagotd.compat.install():
        models = importlib.import_module("sinagot.models")
        assert models.Subset is models.RecordCollection
        assert importlib.import_module("sinagot.config").ConfigurationError is models.ConfigurationError
        status = importlib.import_module("sinagot.utils").StepStatus
        assert [int(code) for code in status] == [0, 10, 20, 30, 40, 41]
        assert importlib.import_module("sinagot.utils").LOG_ORIGIN == "log_from"


def test_installing_is_undone_by_uninstalling_once_for_each_time() -> None:
    sinagotd.compat.install()
    with sinagotd.compat.install():
        assert "sinagot.models" in sys.modules
    assert "sinagot.models" in sys.modules
    sinagotd.compat.uninstall()
    assert "sinagot" not in sys.modules
    sinagotd.compat.uninstall()


def test_a_real_sinagot_stands_again_afterwards_and_is_never_uninstalled(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        real = ModuleType("sinagot")
        patch.setitem(sys.modules, "sinagot", real)
        with sinagotd.compat.install():
            assert sys.modules["sinagot"] is not real
        assert sys.modules["sinagot"] is real
        sinagotd.compat.uninstall()
        assert sys.modules["sinagot"] is real


def test_scripts_run_within_a_program_leave_its_names_installed(world: World) -> None:
    with sinagotd.compat.install():
        ours = sys.modules["sinagot"]
        assert world.run()
        assert sys.modules["sinagot"] is ours
        with SinagotNames().installed():
            pass
        assert sys.modules["sinagot"] is ours


@pytest.mark.parametrize("scheduler", ["main_process", "processes"])
def test_scripts_may_use_every_name_also_late_and_in_workers(world: World, scheduler: str) -> None:
    path = world.script(
        "count", "from sinagot.utils import StepStatus\nself.path.output.write_text(str(int(StepStatus.DONE)))"
    )
    path.write_text(
        "from sinagot.models import Record\nfrom sinagot.plugins.models.pandas import MODELS\n" + path.read_text()
    )
    assert world.run(scheduler=scheduler)
    assert world.read("count/REC-1.txt") == "30"


def test_a_program_runs_with_its_arguments(world: World) -> None:
    program = world.folder / "program.py"
    program.write_text(PROGRAM)
    ran = python("-m", "sinagotd.compat", program, world.folder)
    assert ran.stdout.splitlines()[-2:] == ["<Workspace instance> 1 True __main__", "[30, 30]"], ran.stderr
    assert ran.returncode == 0


@pytest.mark.cluster
def test_a_program_may_run_on_a_cluster_of_its_own(world: World) -> None:
    world.settings(
        "[run]", 'mode = "dask"', "[dask.scheduler]", 'type = "distributed"', "[dask.cluster]", "n_workers = 1"
    )
    program = world.folder / "program.py"
    program.write_text(PROGRAM)
    ran = python("-m", "sinagotd.compat", program, world.folder)
    assert ran.stdout.splitlines()[-1:] == ["[30, 30]"], ran.stdout + ran.stderr


def test_a_test_suite_runs_as_a_module(world: World) -> None:
    suite = world.folder / "test_suite.py"
    suite.write_text(SUITE)
    ran = python("-m", "sinagotd.compat", "-m", "pytest", "-q", "-p", "no:cacheprovider", suite)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_wrong_arguments_are_told_how_it_is_used() -> None:
    assert (python("-m", "sinagotd.compat").returncode, python("-m", "sinagotd.compat", "--what").returncode) == (2, 2)
    for module in ("sinagod", "sinagot.modls.records"):
        ran = python("-m", "sinagotd.compat", "-m", module)
        assert (ran.returncode, ran.stderr) == (1, f"python -m sinagotd.compat: there is no module {module}\n")
    missing = python("-m", "sinagotd.compat", "nothing.py")
    assert (missing.returncode, missing.stderr) == (
        1,
        "python -m sinagotd.compat: cannot read nothing.py: No such file or directory\n",
    )


def test_the_managers_hand_on_and_a_picture_can_be_had_d19(tmp_path: Path) -> None:
    from sinagotd import Workspace
    from sinagotd.compat.managers import DaskDistributedScheduler, DaskGraph, DaskLocalScheduler, DaskRunManager

    world = World(tmp_path, toml=SCOPED)
    world.script("EEG/clean", COPY, writes=("clean-{task}", "{id}.txt"))
    world.script("EEG/alpha", COPY, reads=("clean-{task}", "{id}.txt"), writes=("alpha-{task}", "{id}.txt"))
    world.raw("REC-1")
    workspace = Workspace(tmp_path)
    manager = DaskRunManager(workspace)
    assert "clean" in manager.visualize(workspace.records.get("REC-1")).dot
    assert isinstance(manager.visualize(), DaskGraph)
    assert manager.run(workspace.EEG)
    for each in (manager, DaskLocalScheduler("threads"), DaskDistributedScheduler({})):
        each.close()
