"""Opening a workspace (specs of sinagot §§2, 3, 15, 16): which files, which folders, what is refused, and nothing written."""

import logging
import subprocess
import sys

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


def test_records_steps_and_collections_have_the_config_and_the_logger_too(tmp_path):
    ws = clinic(tmp_path)
    for model in (ws.records, ws.RS, ws.records.get("REC-200319-A"), ws.RS.EEG.steps, ws.RS.EEG.steps.get("alpha")):
        assert (model.config, model.logger) == (ws.config, ws.logger)
        model.config = {"own": 1}
        assert (model.config, ws.config["run"]) == ({"own": 1}, {"mode": "main_process"})


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


@pytest.mark.parametrize("odd", [None, 7, [None], ["a", 7]])
def test_what_is_no_path_is_refused(odd):
    with pytest.raises(TypeError, match=r"give the path of a settings file or of its folder, or a list of such paths"):
        Workspace(odd)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("[records\n", "line 1.*not valid TOML"),
        ("[records]\nfile_match = []\n[steps]\nscripts = ['count']\n", "records.id_pattern"),
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


def test_settings_that_only_say_where_things_are_open_and_tell_what_is_missing_when_records_are_asked_for(tmp_path):
    settings = "[path]\ndataset = '.'\nscripts = '../scripts'\n"
    ws = Workspace(written(tmp_path, CLINIC, {"dataset/workspace.toml": settings}) / "dataset")
    assert (ws.data_path, ws.scripts_path) == (tmp_path / "dataset", tmp_path / "scripts")
    missing = r"dataset/workspace.toml: records.id_pattern is missing: write"
    for ask in (ws.records.ids, ws.records.count_detail, ws.steps.status, ws.steps.run, lambda: ws["REC-200319-A"]):
        with pytest.raises(ConfigError, match=missing):
            ask()
    assert "records.id_pattern is missing" in ws.faults[0]
    assert ws._repr_html_().count("records.id_pattern is missing") == 1


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


# what people expect


def test_the_version_stands_in_every_log_line_of_a_run_v_0_2_9(tmp_path):
    class Harbour(Workspace):
        version = "7"

    for kind, version in ((Workspace, "0.1.0"), (Harbour, "7")):
        record = kind(harbour(tmp_path / version).config_path).records.get("REC-20200601")
        assert record.steps.first().script.workspace_version == version
        record.steps.run(progress=False)
        assert {line["workspace_version"] for line in record.logs_json()} == {version}


def test_a_workspace_is_a_context_manager_and_holds_its_records_d63(tmp_path):
    with harbour(tmp_path) as ws:
        assert len(ws) == 3
        assert [record.id for record in ws] == IDS
        assert "REC-20200601" in ws
        assert ws["REC-20200602"].id == "REC-20200602"
        assert "REC-20209999" not in ws
        assert [record.id for record in ws.values()] == [record.id for record in ws.records.values()] == IDS
    assert ws
    scoped = clinic(tmp_path / "clinic")
    assert [repr(record) for record in scoped.RS.EEG.values()] == [repr(record) for record in scoped.RS.EEG.all()]
    assert [record.id for record in scoped.values()] == ["REC-200319-A", "REC-200320-A"]


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
