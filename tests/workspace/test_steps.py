"""Steps and collections of steps (specs of sinagot §§5, 8, defects D38, D39, D60): names, scripts, what is not listed."""

import pytest
from reading_world import COPY, clinic, harbour, log_line, script, small, written

from sinagotd import ScriptTemplate
from sinagotd.errors import ScriptError, WorkspaceError
from sinagotd.workspace.faults import NotFoundError
from sinagotd.workspace.step import ScopedStep, Step

A = "REC-200319-A"


def test_names_first_count_and_get_in_unit_mode(tmp_path):
    steps = harbour(tmp_path).steps
    assert steps.scripts_names() == ["count", "mean"]
    assert steps.first().label == "count"
    assert steps.count() == len(steps) == 2
    assert steps.get("mean") == steps["mean"] == list(steps)[1]
    assert "mean" in steps
    assert "median" not in steps


def test_names_first_count_and_get_with_a_modality(tmp_path):
    ws = clinic(tmp_path)
    assert ws.RS.EEG.steps.scripts_names() == ["preprocess", "alpha"]
    assert ws.MMN.EEG.steps.scripts_names() == ["preprocess"]
    assert ws.EEG.steps.scripts_names() == ["preprocess", "alpha"]
    assert ws.RS.EEG.steps.first().label == "preprocess"
    assert ws.MMN.EEG.steps.count() == 1
    assert ws.clinical.steps.first() is None
    assert ws.clinical.steps.scripts_names() == []


def test_a_modality_in_all_tasks_lists_the_scripts_of_each_task(tmp_path):
    toml = clinic(tmp_path).config_path.read_text()
    ws = clinic(
        tmp_path, **{"workspace.toml": toml.replace("task_scripts.RS", 'task_scripts.MMN = ["alpha"]\ntask_scripts.RS')}
    )
    assert ws.EEG.steps.scripts_names() == ["preprocess", "alpha", "alpha"]


def test_without_a_modality_the_answers_are_dicts_of_those_that_go_with_the_scope(tmp_path):
    ws = clinic(tmp_path)
    record = ws.records.get(A)
    assert ws.RS.steps.scripts_names() == {"EEG": ["preprocess", "alpha"], "clinical": []}
    assert list(ws.steps.count()) == ["EEG", "behavior", "clinical", "gathered"]
    assert record.HDC.steps.count() == {"EEG": 1, "behavior": 2, "clinical": 0}
    found = ws.steps.get("scores")
    assert found["EEG"] is None
    assert repr(found["behavior"]) == "<ScopedStep instance | task: None, modality: behavior, label: scores>"
    assert record.steps.first()["behavior"].label == "scores"
    assert [step.label for step in record.HDC.steps] == ["preprocess", "scores", "norm"]


@pytest.mark.parametrize("name", ["median", "../outside", "clean.v2", "count.py", "", None])
def test_a_step_that_is_not_listed_is_not_found_d38(tmp_path, name):
    ws = harbour(tmp_path, **{"scripts/median.py": script("a", "{id}b"), "outside.py": script("a", "{id}b")})
    with pytest.raises(NotFoundError, match=r"there is no step .* in <RecordCollection instance>"):
        ws.steps.get(name)
    with pytest.raises(WorkspaceError):
        ws.records.first().steps[name]


def test_a_script_of_another_task_is_not_had_by_its_name_d38(tmp_path):
    with pytest.raises(NotFoundError, match=r"'alpha' in <RecordCollection instance | task: MMN"):
        clinic(tmp_path).MMN.EEG.steps.get("alpha")


def test_a_listed_step_without_its_file_is_not_found(tmp_path):
    ws = harbour(tmp_path)
    (tmp_path / "scripts/mean.py").unlink()
    with pytest.raises(NotFoundError, match=r"there is no script .*scripts/mean.py: write it"):
        ws.steps.get("mean")
    assert ws.records.count() == 3
    assert ws.steps.status().step_status.tolist() == [10, 40] * 3


def test_a_step_has_its_script_with_paths_and_label(tmp_path):
    ws = clinic(tmp_path)
    step = ws.records.get(A).HDC.behavior.steps.get("scores")
    made = step.script
    assert made.path.input == ws.data_path / f"HDC/{A}/report.txt"
    assert made.path.output == ws.data_path / f"DONE/{A}/HDC/scores.csv"
    assert (made.id, made.task, made.modality, made.label) == (A, "HDC", "behavior", "scores")
    assert (step.id, step.task, step.modality, step.model.id) == (A, "HDC", "behavior", A)
    assert step.script_class.PATH_IN == ("HDC", "{id}", "report.txt")
    assert made.data_exist.output == {made.path.output: True}


def test_a_step_of_a_collection_has_no_id(tmp_path):
    step = clinic(tmp_path).HDC.behavior.steps.get("scores")
    assert step.id is None
    assert "None" in str(step.script.path.input)


def test_options_of_the_settings_reach_the_script_d40(tmp_path):
    ws = small(tmp_path, ("{kind}", "{id}.txt"), ["raw/REC-001.txt"])
    with pytest.raises(NotFoundError, match=r"count.py.*unknown placeholder {kind}"):
        ws.records.ids()
    settings = (tmp_path / "workspace.toml").read_text() + '[run.opts]\nkind = "raw"\nrate = 5\n'
    (tmp_path / "workspace.toml").write_text(settings)
    ws = type(ws)(tmp_path)
    assert ws.records.ids() == ["REC-001"]
    made = ws.records.first().steps.first().script
    assert made.opts == {"kind": "raw", "rate": 5}
    assert made.path.input.name == "REC-001.txt"


def test_a_step_is_made_of_a_name_or_a_class_and_of_nothing_else(tmp_path):
    ws = harbour(tmp_path)
    record = ws.records.first()
    assert Step("count", record).label == "count"
    assert Step(ws.steps.get("mean").script_class, record).label == "mean"
    for odd in (7, None, ["count"]):
        with pytest.raises(AttributeError, match=r"a step is made of the name"):
            Step(odd, record)
    with pytest.raises(NotFoundError, match=r"there is no script"):
        Step("median", record)
    with pytest.raises(NotFoundError, match=r"there is no script"):
        ScopedStep("../EEG/alpha", clinic(tmp_path / "clinic").behavior)


def test_a_step_made_of_a_class_tells_its_status_by_its_files_and_the_log(tmp_path):
    class Script(ScriptTemplate):
        PATH_IN = ("raw", "{id}-raw.csv")
        PATH_OUT = ("own", "{id}.txt")

    ws = harbour(tmp_path)
    step = Step(Script, ws.records.first())
    assert step.label == "test_steps"
    assert step.status() == 10
    assert Step(Script, ws.records.get("REC-20209999")).status() == 0
    written(tmp_path, {"dataset/LOG/REC-20200601.log": log_line("test_steps", 40)})
    assert step.status() == 40
    written(tmp_path, {"dataset/own/REC-20200601.txt": ""})
    assert step.status() == 30


def test_an_edited_script_is_picked_up_and_an_unchanged_one_runs_once_d60(tmp_path):
    count_itself = f"with open({str(tmp_path / 'counted')!r}, 'a') as file:\n    file.write('x')\n"
    counting = script("raw/{id}.txt", "{id}.a", top=count_itself)
    ws = small(tmp_path, "raw/{id}.txt", ["raw/REC-001.txt"])
    file = tmp_path / "scripts/count.py"
    file.write_text(counting)
    for _ in range(3):
        ws.steps.status(), ws.records.ids()
        assert ws.records.first().steps.first().script_class.PATH_OUT == "{id}.a"
    assert (tmp_path / "counted").read_text() == "x"
    file.write_text(counting.replace("{id}.a", "{id}.b"))
    assert ws.records.first().steps.first().script.path.output.name == "REC-001.b"
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_script_may_import_a_module_beside_it_d60(tmp_path):
    ws = small(tmp_path, "raw/{id}.txt", ["raw/REC-001.txt"])
    (tmp_path / "scripts/helping.py").write_text("WORD = 'helped'\n")
    (tmp_path / "scripts/count.py").write_text(script("raw/{id}.txt", "{id}.a", top="from helping import WORD"))
    assert ws.steps.first().script_class.__module__.endswith("count")


def test_a_file_without_class_script_says_so(tmp_path):
    ws = harbour(tmp_path, **{"scripts/mean.py": "x = 1\n"})
    with pytest.raises(ScriptError, match=r"mean.py: has no class Script: write"):
        _ = ws.steps.get("mean").script_class


def test_what_a_script_raises_on_import_is_not_swallowed_d59(tmp_path):
    ws = harbour(tmp_path, **{"scripts/mean.py": "open('/nowhere/at/all')\n" + script("a/{id}", "{id}b")})
    with pytest.raises(FileNotFoundError, match=r"/nowhere/at/all"):
        _ = ws.steps.get("mean").script_class


@pytest.mark.parametrize("declared", [["raw", "{id}-raw.csv"], "raw/{id}-raw.csv", {"one": "raw/{id}-raw.csv"}])
def test_a_path_may_be_a_list_a_text_or_a_dict_of_those_d39(tmp_path, declared):
    ws = harbour(
        tmp_path, **{f"scripts/{name}.py": script(declared, f"{{id}}.{name}", COPY) for name in ("count", "mean")}
    )
    assert ws.records.count() == 3
    assert ws.steps.status().step_status.tolist() == [10] * 6


def test_a_path_of_another_type_is_told_with_its_place_d39(tmp_path):
    ws = harbour(tmp_path, **{"scripts/mean.py": script(7, "{id}.a")})
    assert any("mean.py" in fault and "PATH_IN" in fault for fault in ws.faults)
    assert ws.steps.status().step_status.tolist() == [10, 40] * 3
