import re
from pathlib import Path

import pytest
import tomli

from sinagotd.settings.daemon import DaemonFile, load_daemon
from sinagotd.settings.datasets import DatasetSection
from sinagotd.settings.run import RunSettings
from sinagotd.settings.sample import daemon_sample, workspace_sample
from sinagotd.settings.sections import Place
from sinagotd.settings.watch import WatchSettings
from sinagotd.settings.workspace import load_workspace
from sinagotd.settings.workspace_file import LogSettings

ROOT = Path(__file__).parents[2]


def uncommented(text):
    """The sample as it is when every setting in it is switched on."""
    return re.sub(r"^#(?! )", "", text, flags=re.MULTILINE)


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "workspace.toml"
        path.write_text(text)
        return load_workspace(path)

    return load


def test_the_sample_file_is_what_the_declarations_say():
    assert (ROOT / "config" / "sinagotd.toml").read_text() == daemon_sample()


def test_every_setting_of_the_service_is_in_its_sample_at_its_default(tmp_path):
    path = tmp_path / "sinagotd.toml"
    path.write_text(uncommented(daemon_sample()))
    service = load_daemon(path)
    assert service.warnings == ()
    table = tomli.loads(path.read_text())
    assert DaemonFile.read(table | {"datasets": {}}, Place(tmp_path)) == DaemonFile()
    shown = service.raw
    assert shown.keys() == DaemonFile.settings.keys()
    assert shown["datasets"]["harbor"].keys() == DatasetSection.settings.keys()
    for name in ("cluster", "log", "state", "control", "intervals", "cells"):
        assert shown[name].keys() == type(getattr(service, name)).settings.keys()


def test_the_sample_of_a_workspace_loads_as_it_is(load):
    workspace = load(workspace_sample("REC-[\\d]{8}", ["count", "mean"]))
    assert workspace.id_pattern == "REC-[\\d]{8}"
    assert [script.label for script in workspace.units[0].scripts] == ["count", "mean"]
    assert (workspace.run, workspace.watch, workspace.log) == (RunSettings(), WatchSettings(), LogSettings())
    assert workspace.warnings == ()


def test_the_sample_of_a_workspace_leaves_the_folders_at_their_default(load, tmp_path):
    workspace = load(workspace_sample("x", []))
    assert workspace.scripts_path == tmp_path / "scripts"
    assert workspace.data_path == tmp_path / "dataset"


def test_a_pattern_with_quotes_comes_back_from_the_sample(load):
    pattern = "a\"b'[\\w]\\.é"
    assert load(workspace_sample(pattern, [])).id_pattern == pattern


def test_every_setting_of_a_workspace_is_in_its_sample(load):
    workspace = load(uncommented(workspace_sample("x", ["count"])))
    raw = workspace.raw
    assert raw["run"].keys() == RunSettings.settings.keys()
    assert raw["watch"].keys() == WatchSettings.settings.keys()
    assert raw["path"].keys() == {"dataset", "scripts", "state"}
    assert raw["run"] | {"steps": {}} == {
        name: each.kind.write(each.default) for name, each in RunSettings.settings.items()
    }
    assert workspace.units[0].task == "RS"
    assert not [warning for warning in workspace.warnings if "is not a setting" in warning]
