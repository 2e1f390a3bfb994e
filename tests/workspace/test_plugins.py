"""The plugins pandas and processed (specs of sinagot §13; defects D56, D57), on the pandas of today."""

import json

import pandas as pd
import pytest
from reading_world import CLINIC, clinic, everything_in, written

from sinagotd import Workspace
from sinagotd.errors import ConfigError, WorkspaceError
from sinagotd.workspace.plugins.pandas_records import PandasRecord

A, B = "REC-200319-A", "REC-200320-A"
PROCESSED = """
[processed.table]
task = "HDC"
modality = "behavior"
step_label = "scores"
data_getter = "dataframe_from_csv"
columns = ["word", "score"]
[processed.row]
task = "HDC"
modality = "behavior"
step_label = "scores"
data_getter = "series_from_csv"
columns = ["score", "lapses", "absent"]
[processed.text]
task = "HDC"
modality = "behavior"
step_label = "scores"
"""


def gathered(folder, scores, **more):
    files = {f"dataset/DONE/{record}/HDC/scores.csv": text for record, text in scores.items()}
    return clinic(folder, **{"workspace.toml": CLINIC["workspace.toml"] + PROCESSED}, **files, **more)


# pandas


def test_a_sheet_is_a_series_named_after_the_record(tmp_path):
    series = clinic(tmp_path).records.get(A).clinical.data
    assert isinstance(series, pd.Series)
    assert PandasRecord.ID_FIELD == "record_id"
    assert "date_of_birth" in PandasRecord.DATE_FIELDS
    assert (series.name, series.to_dict()) == (A, {"age": 8, "iq": 95})


def test_all_sheets_are_a_frame(tmp_path):
    ws = clinic(tmp_path, **{"dataset/SHEETS/REC-200321-A/clinical.json": '{"age": 7, "hand": "left"}'})
    frame = ws.clinical.data
    assert frame.index.tolist() == [A, B, "REC-200321-A"]
    assert list(frame.columns) == ["age", "iq", "hand"]
    assert frame.age.tolist() == [8, 9, 7]
    assert frame.hand.tolist()[2] == "left"
    assert ws.RS.clinical.data.equals(frame)


def test_without_a_file_there_is_no_sheet_and_no_folder_comes_to_be_d57(tmp_path):
    ws = clinic(tmp_path)
    before = everything_in(tmp_path)
    assert ws.records.get("REC-200399-A").clinical.data is None
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "cannot be read as JSON"), ("[1]", "holds no JSON object but list"), ("", "cannot be read")],
)
def test_a_damaged_sheet_is_told_d57(tmp_path, text, says):
    ws = clinic(tmp_path, **{f"dataset/SHEETS/{A}/clinical.json": text})
    with pytest.raises(WorkspaceError, match=rf"clinical.json: {says}"):
        _ = ws.records.get(A).clinical.data
    with pytest.raises(WorkspaceError, match=rf"clinical.json: {says}"):
        _ = ws.clinical.data


@pytest.mark.parametrize(
    "value", [{"age": 10, "name": "Zoë", "iq": None}, pd.Series({"age": 10, "name": "Zoë", "iq": None})]
)
def test_a_dict_or_a_series_is_written_compact_and_in_ascii(tmp_path, capsys, value):
    ws = clinic(tmp_path)
    record = ws.records.get("REC-200399-A").clinical
    record.data = value
    text = (tmp_path / "dataset/SHEETS/REC-200399-A/clinical.json").read_text()
    assert text == '{"age":10,"name":"Zo\\u00eb","iq":null}'
    assert record.data["name"] == "Zoë"
    assert "REC-200399-A" in ws.clinical.ids()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("value", [7, "text", None, ["age", 7]])
def test_nothing_else_can_be_assigned_d57(tmp_path, value):
    record = clinic(tmp_path).records.get(A).clinical
    with pytest.raises(TypeError, match=rf"data of {A} is a dict or a Series"):
        record.data = value
    assert record.data["age"] == 8


def test_a_plugin_without_its_path_says_so(tmp_path):
    toml = CLINIC["workspace.toml"].replace('data_path = ["SHEETS", "{id}", "clinical.json"]', "")
    with pytest.raises(
        ConfigError, match=r"modalities.clinical.models.data_path is missing: the plugin pandas needs it"
    ):
        clinic(tmp_path, **{"workspace.toml": toml}).clinical.ids()


def test_a_path_that_leaves_the_data_folder_is_refused(tmp_path):
    toml = CLINIC["workspace.toml"].replace('"SHEETS", ', '"..", ')
    with pytest.raises(ConfigError, match=r"must stay in the data folder"):
        clinic(tmp_path, **{"workspace.toml": toml}).clinical.ids()


def test_a_workspace_of_sheets_alone_works(tmp_path):
    toml = """
[records]
id_pattern = "REC-[0-9]{6}-[A-Z]"
[tasks.base]
modalities = ["sheet"]
[modalities.sheet.models]
plugin = "pandas"
data_path = ["{id}", "series.json"]
"""
    ws = Workspace(written(tmp_path, {"workspace.toml": toml, f"dataset/{A}/series.json": '{"x": 1.5}'}))
    assert ws.records.ids() == ws.base.ids() == ws.sheet.ids() == [A]
    assert ws.base.sheet.data.to_dict() == {"x": {A: 1.5}}
    assert (ws.records.has(A), ws.records.has(B), ws.sheet.has(B), ws.sheet.has(7)) == (True, False, False, False)
    assert ws.steps.status().empty


# processed


def test_the_text_of_a_result_is_a_value_of_the_given_type(tmp_path):
    frame = clinic(tmp_path).records.get(A).gathered.get_processed_data("mean_score")
    assert frame.index.name == "record_id"
    assert frame.reset_index().to_dict("records") == [
        {"record_id": A, "task": "HDC", "modality": "behavior", "scores": 4}
    ]
    text = gathered(tmp_path, {A: "four"}).records.get(A).gathered.get_processed_data("text")
    assert text.loc[A, "scores"] == "four"


def test_the_scope_it_is_asked_of_does_not_matter(tmp_path):
    ws = clinic(tmp_path)
    assert ws.records.get(A).gathered.get_processed_data("mean_score").loc[A, "scores"] == 4


def test_a_table_has_all_its_rows_under_the_record(tmp_path):
    ws = gathered(tmp_path, {A: "word,score\nboat,1\nsail,2\n"})
    frame = ws.records.get(A).gathered.get_processed_data("table")
    assert frame.index.tolist() == [A, A]
    assert frame.score.tolist() == [1, 2]


def test_a_list_of_names_and_values_becomes_a_row_of_the_wanted_columns(tmp_path):
    ws = gathered(tmp_path, {A: "lapses,3\nscore,12.5\nother,9\n"})
    frame = ws.records.get(A).gathered.get_processed_data("row")
    assert list(frame.columns) == ["score", "lapses", "absent"]
    assert frame.loc[A, "score"] == 12.5
    assert pd.isna(frame.loc[A, "absent"])


def test_without_the_file_the_frame_is_empty_with_its_columns(tmp_path):
    ws = gathered(tmp_path, {})
    frame = ws.records.get("REC-200399-A").gathered.get_processed_data("table")
    assert (list(frame.columns), len(frame)) == (["word", "score"], 0)
    assert len(gathered(tmp_path, {A: ""}).records.get(A).gathered.get_processed_data("table")) == 0


def test_a_collection_gathers_all_records_of_the_workspace_d56(tmp_path):
    ws = clinic(tmp_path)
    frame = ws.gathered.get_processed_data(data_key="mean_score")
    assert frame.scores.to_dict() == {A: 4, B: 5}
    empty = gathered(tmp_path / "none", {})
    (empty.data_path / f"DONE/{A}/HDC/scores.csv").unlink()
    (empty.data_path / f"DONE/{B}/HDC/scores.csv").unlink()
    assert list(empty.gathered.get_processed_data(data_key="table").columns) == ["word", "score"]


def test_an_unknown_key_is_a_key_error_with_the_nearest_one(tmp_path):
    with pytest.raises(KeyError, match=r"there is no processed.mean_scor: did you mean mean_score?"):
        clinic(tmp_path).records.get(A).gathered.get_processed_data("mean_scor")
    with pytest.raises(KeyError):
        clinic(tmp_path).gathered.get_processed_data(data_key="x")


def test_a_label_of_several_outputs_chooses_one(tmp_path):
    toml = CLINIC["workspace.toml"] + PROCESSED.replace(
        'step_label = "scores"\n', 'step_label = "scores"\npath_label = "b"\n'
    )
    several = CLINIC["scripts/behavior/scores.py"].replace(
        "('DONE', '{id}', '{task}', 'scores.csv')", "{'a': '{id}.a', 'b': '{id}.b'}"
    )
    ws = clinic(tmp_path, **{"workspace.toml": toml, "scripts/behavior/scores.py": several, f"dataset/{A}.b": "five"})
    record = ws.records.get(A).gathered
    assert record.get_processed_data("text").loc[A, "scores"] == "five"
    with pytest.raises(WorkspaceError, match=r"has no output None: its labels are a, b"):
        record.get_processed_data("mean_score")


def test_what_is_written_is_whole_json(tmp_path):
    record = clinic(tmp_path).records.get(A).clinical
    record.data = {"age": 11}
    assert json.loads((tmp_path / f"dataset/SHEETS/{A}/clinical.json").read_text()) == {"age": 11}
