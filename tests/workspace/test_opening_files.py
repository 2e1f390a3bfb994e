"""Which settings files and folders a workspace is made of, and its version (specs of sinagot §§2, 16; defect D41)."""

from pathlib import Path

import pytest
from reading_world import CLINIC, HARBOUR, harbour, written

from sinagotd import Workspace

IDS = ["REC-20200601", "REC-20200602", "REC-20200603"]


# folders


def test_arguments_win_over_the_settings(tmp_path):
    settings = HARBOUR["workspace.toml"] + "[path]\ndataset = 'a'\nscripts = 'b'\n"
    written(tmp_path, HARBOUR, {"workspace.toml": settings})
    ws = Workspace(tmp_path, "./dataset", tmp_path / "scripts")
    assert ws.records.ids() == IDS
    assert Workspace(tmp_path, data_path="dataset").scripts_path == tmp_path / "b"


@pytest.mark.parametrize("text", ["dataset", "./dataset", "deep/../dataset", Path("./dataset")])
def test_a_relative_path_starts_from_the_settings_file_however_it_is_written_d41(tmp_path, monkeypatch, text):
    written(tmp_path, HARBOUR)
    monkeypatch.chdir("/")
    assert Workspace(tmp_path, data_path=text).data_path == tmp_path / "dataset"
    (tmp_path / "workspace.toml").write_text(HARBOUR["workspace.toml"] + f"[path]\ndataset = '{text}'\n")
    assert Workspace(tmp_path).data_path == tmp_path / "dataset"


def test_a_home_folder_and_the_folder_above_are_what_they_say_d41(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path / "inner", HARBOUR)
    assert Workspace(tmp_path / "inner", data_path="..").data_path == tmp_path
    assert Workspace("~/inner").data_path == tmp_path / "inner/dataset"


def test_a_path_table_with_one_key_leaves_the_other_at_its_default_d41(tmp_path):
    toml = HARBOUR["workspace.toml"]
    ws = harbour(tmp_path, **{"workspace.toml": f"{toml}[path]\nscripts = './scripts'\n"})
    assert ws.data_path == tmp_path / "dataset"
    assert ws.records.ids() == IDS


def test_three_files_in_three_places_mean_the_same_folders(tmp_path):
    toml = HARBOUR["workspace.toml"]
    places = {".": ("./dataset", "./scripts"), "dataset": (".", "../scripts"), "scripts": ("../dataset", ".")}
    files = {
        f"{at}/workspace.toml": f"{toml}[path]\ndataset = '{data}'\nscripts = '{scripts}'\n"
        for at, (data, scripts) in places.items()
    }
    written(tmp_path, HARBOUR, files)
    opened = [Workspace(tmp_path / at) for at in places]
    assert {(ws.data_path, ws.scripts_path) for ws in opened} == {(tmp_path / "dataset", tmp_path / "scripts")}
    assert all(ws.records.ids() == IDS for ws in opened)


# several files, versions


def test_several_files_are_merged_and_the_first_says_where_paths_start_v_0_3_0(tmp_path):
    overlay = "[info]\nversion = '0.3.0'\n[tasks.NEW]\nmodalities = ['EEG']\n[modalities.EEG]\nscripts = ['alpha']\n"
    written(tmp_path, CLINIC, {"elsewhere/overlay.toml": overlay})
    ws = Workspace([tmp_path, tmp_path / "elsewhere/overlay.toml"])
    assert ws.data_path == tmp_path / "dataset"
    assert ws.tasks == ("RS", "MMN", "HDC", "NEW")
    assert ws.NEW.EEG.steps.scripts_names() == ["alpha"]
    assert ws.RS.EEG.steps.scripts_names() == ["alpha"]
    assert ws.version == "0.3.0"


def test_several_files_work_in_unit_mode_too(tmp_path):
    written(tmp_path, HARBOUR, {"less.toml": "[steps]\nscripts = ['count']\n"})
    assert Workspace((tmp_path, tmp_path / "less.toml")).steps.scripts_names() == ["count"]


def test_info_and_version_come_from_the_settings_or_a_class_v_0_2_9(tmp_path):
    class Harbour(Workspace):
        version = "7"

    ws = harbour(tmp_path)
    assert (ws.version, ws.info) == ("0.1.0", {"version": "0.1.0"})
    assert Harbour(tmp_path).version == "7"
    (tmp_path / "workspace.toml").write_text(HARBOUR["workspace.toml"] + "[info]\nversion = '2'\nlab = 'x'\n")
    assert Workspace(tmp_path).info == {"version": "2", "lab": "x"}
