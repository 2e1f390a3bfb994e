"""Opening a workspace (specs of sinagot §§2, 3, 15, 16): which files, which folders, what is refused, and nothing written."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from reading_world import CLINIC, HARBOUR, clinic, everything_in, harbour, written

from sinagotd import Workspace
from sinagotd.errors import ConfigError, WorkspaceError

IDS = ["REC-20200601", "REC-20200602", "REC-20200603"]


def test_a_workspace_opens_by_its_folder_its_file_a_path_or_a_text(tmp_path):
    written(tmp_path, HARBOUR)
    for place in (tmp_path, str(tmp_path), tmp_path / "workspace.toml", str(tmp_path / "workspace.toml")):
        assert Workspace(place).records.ids() == IDS


def test_a_settings_file_may_have_any_name(tmp_path):
    written(tmp_path, HARBOUR)
    (tmp_path / "workspace.toml").rename(tmp_path / "custom.toml")
    assert Workspace(tmp_path / "custom.toml").records.ids() == IDS


def test_the_attributes_are_those_of_sinagot(tmp_path):
    ws = harbour(tmp_path)
    assert repr(ws) == str(ws) == "<Workspace instance>"
    assert (ws.data_path, ws.scripts_path) == (tmp_path / "dataset", tmp_path / "scripts")
    assert (ws._scripts_path, ws._config_path) == (tmp_path / "scripts", tmp_path / "workspace.toml")
    assert ws.workspace is ws
    assert ws.is_unit_mode
    assert ws.is_unit
    assert ws.close() is None
    assert ws._run_manager.close() is None
    assert ws.logger.name == "sinagot"
    assert not clinic(tmp_path / "clinic").is_unit_mode


def test_a_class_derived_from_it_shows_its_own_name(tmp_path):
    class Harbour(Workspace):
        """Somebody's own."""

    assert repr(Harbour(written(tmp_path, HARBOUR))) == "<Harbour instance>"


def test_the_config_is_a_plain_dict_with_missing_sections_filled_in(tmp_path):
    config = harbour(tmp_path).config
    assert config["records"] == {"id_pattern": "REC-[0-9]{8}"}
    assert config["path"] == {"dataset": "./dataset", "scripts": "./scripts"}
    assert config["run"] == {"mode": "main_process"}


def test_changing_the_config_of_one_workspace_changes_no_other_d26(tmp_path):
    written(tmp_path, HARBOUR)
    first = Workspace(tmp_path)
    first.config["run"]["mode"] = "dask"
    first.config["steps"]["scripts"].append("more")
    assert Workspace(tmp_path).config["run"]["mode"] == "main_process"
    assert Workspace(tmp_path).steps.scripts_names() == ["count", "mean"]


def test_opening_and_reading_write_nothing_d42(tmp_path):
    before = everything_in(written(tmp_path, CLINIC))
    ws = Workspace(tmp_path)
    ws.records.ids(), ws.steps.status(), ws.records.logs(), ws.clinical.data, ws.records.count_detail(), ws.graph().svg
    ws.steps._repr_html_(), ws.records.first().explain(), ws.records.first().HDC.behavior.results.scores, ws.faults
    assert everything_in(tmp_path) == before


def test_a_workspace_without_data_folder_opens_and_says_so_when_asked_for_records_d42(tmp_path):
    ws = Workspace(written(tmp_path, {"workspace.toml": HARBOUR["workspace.toml"]}), data_path="./nowhere")
    with pytest.raises(FileNotFoundError, match=r"there is no data folder .*nowhere: make it"):
        ws.records.ids()
    with pytest.raises(WorkspaceError):
        ws.steps.status()
    with pytest.raises(FileNotFoundError):
        clinic(
            tmp_path / "clinic", **{"workspace.toml": CLINIC["workspace.toml"] + "[path]\ndataset = 'x'"}
        ).clinical.ids()


def test_a_missing_settings_file_is_told_as_such(tmp_path):
    for place in (tmp_path / "nothing", tmp_path, tmp_path / "none.toml", [tmp_path, tmp_path / "more.toml"]):
        with pytest.raises(FileNotFoundError, match=r"there is no settings file"):
            Workspace(place)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("[records\n", "line 1.*not valid TOML"),
        ("[steps]\nscripts = ['count']\n", "records.id_pattern"),
        ("[records]\nid_pattern = '['\n", "records.id_pattern.*not a regular expression"),
        ("[records]\nid_pattern = 'a'\n[steps]\nscripts = 'count'\n", r"steps.scripts"),
        ("[records]\nid_pattern = 'a'\n[steps]\nscripts = ['../out']\n", r"steps.scripts"),
        ("[records]\nid_pattern = 'a'\n[run]\nmode = 'dsk'\n", "run.mode"),
        ("[records]\nid_pattern = 'a'\n[dask.scheduler]\ntype = 'procesess'\n", "dask.scheduler.type"),
        ("[records]\nid_pattern = 'a'\n[modalities.EEG.models]\nplugin = 'pandsa'\n", "plugin"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_with_file_and_key_d23_d38_d62(tmp_path, settings, says):
    written(tmp_path, {"workspace.toml": settings})
    with pytest.raises(ConfigError, match=rf"(?s){tmp_path}/workspace.toml.*{says}"):
        Workspace(tmp_path)


def test_typos_and_unknown_names_are_told_as_faults_d62(tmp_path):
    toml = CLINIC["workspace.toml"].replace('modalities = ["clinical", "EEG"]', 'modalities = ["clinicl", "EEG"]', 1)
    ws = clinic(tmp_path, **{"workspace.toml": toml + "[recrods]\nx = 1\n"})
    told = "\n".join(ws.faults)
    assert "clinicl" in told
    assert "recrods" in told
    assert ws.records.ids() == ["REC-200319-A", "REC-200320-A"]


def test_a_broken_script_is_told_and_costs_only_its_own_step_d62(tmp_path):
    ws = harbour(tmp_path, **{"scripts/mean.py": "class Script(:\n"})
    assert ws.records.ids() == IDS
    assert [fault for fault in ws.faults if "mean.py" in fault]
    assert ws.steps.status().step_status.tolist() == [10, 40] * 3


def test_workspaces_stand_side_by_side_d24_d28(tmp_path):
    first, second = harbour(tmp_path / "harbour"), clinic(tmp_path / "clinic")
    third = clinic(tmp_path / "third", **{"workspace.toml": CLINIC["workspace.toml"].replace("MMN", "ODD")})
    assert first.records.ids() == IDS
    assert second.MMN.ids() == ["REC-200319-A", "REC-200320-A"]
    assert not hasattr(third, "MMN")
    assert not hasattr(first, "EEG")
    assert len(second.steps.status()) == len(third.steps.status()) == 12


def test_a_workspace_with_modalities_alone_opens_beside_one_with_tasks_d24(tmp_path):
    clinic(tmp_path / "clinic")
    alone = written(tmp_path / "alone", {"workspace.toml": "[records]\nid_pattern = 'a'\n[modalities.EEG]\n"})
    (alone / "dataset").mkdir()
    ws = Workspace(alone)
    assert ws.records.ids() == []
    assert len(ws.steps.status()) == 0
    assert any("tasks" in fault for fault in ws.faults)


def test_opening_leaves_the_logger_and_its_handlers_alone_d28_d44_d45(tmp_path):
    logger = logging.getLogger("sinagot")
    handler = logging.NullHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    try:
        harbour(tmp_path).steps.status()
        assert logger.handlers == [handler]
        assert logger.level == logging.WARNING
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize("log", ["name = 'lab'", "format = '%(message)s'", "level = 'debug'", ""])
def test_a_log_table_may_hold_any_of_its_keys_d46(tmp_path, log):
    ws = harbour(tmp_path, **{"workspace.toml": HARBOUR["workspace.toml"] + f"[log]\n{log}\n"})
    assert ws.logger.name == ("lab" if "lab" in log else "sinagot")


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


# what people expect


def test_a_workspace_is_a_context_manager_and_holds_its_records_d63(tmp_path):
    with harbour(tmp_path) as ws:
        assert len(ws) == 3
        assert [record.id for record in ws] == IDS
        assert "REC-20200601" in ws
        assert ws["REC-20200602"].id == "REC-20200602"
        assert "REC-20209999" not in ws
    assert ws


def test_a_workspace_without_records_is_still_true(tmp_path):
    written(tmp_path, {"workspace.toml": HARBOUR["workspace.toml"], "dataset/x": ""}, {"scripts/a.py": ""})
    assert Workspace(tmp_path)


def test_importing_the_package_brings_the_workspace_only_when_it_is_asked_for_d61():
    ask = "'sinagotd.workspace' in sys.modules, sinagotd.Workspace and 'pandas' in sys.modules"
    code = f"import sys, sinagotd; print({ask})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]


def test_a_manifest_kept_elsewhere_is_told_with_the_cure(tmp_path):
    sign = '{"state_path": "/srv/state/x", "config": "/etc/sinagotd.toml"}'
    written(tmp_path, HARBOUR, {"dataset/.sinagotd/kept-elsewhere.json": sign})
    with pytest.raises(ConfigError, match=r'/srv/state/x: write Workspace\(\.\.\., service="/etc/sinagotd.toml"\)'):
        Workspace(tmp_path)


def test_the_settings_of_a_service_say_where_the_manifest_is(tmp_path):
    written(tmp_path, HARBOUR, {"sinagotd.toml": f"[state]\nfolder = '{tmp_path}/states'\n"})
    ws = Workspace(tmp_path, service=tmp_path / "sinagotd.toml")
    assert ws.opened.state_path.parent == tmp_path / "states"
    assert ws.records.ids() == IDS
