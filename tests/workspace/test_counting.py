"""Counting records by unit (specs of sinagot §§12, 16; defects D53, D56)."""

import pytest
from reading_world import CLINIC, clinic, harbour, small, written

from sinagotd import Workspace
from sinagotd.errors import WorkspaceError

A, B = "REC-200319-A", "REC-200320-A"


def rows(frame):
    return [tuple(row) for row in frame.itertuples(index=False)]


def test_a_collection_counts_its_records_by_unit_and_leaves_out_units_without_any(tmp_path):
    ws = clinic(tmp_path, **{"workspace.toml": CLINIC["workspace.toml"] + '[tasks.NEW]\nmodalities = ["EEG"]\n'})
    frame = ws.records.count_detail()
    assert list(frame.columns) == ["task", "modality", "count"]
    assert rows(frame) == [
        ("RS", "EEG", 2), ("RS", "clinical", 2), ("MMN", "EEG", 2), ("MMN", "clinical", 2),
        ("HDC", "EEG", 2), ("HDC", "behavior", 1), ("HDC", "clinical", 2),
    ]  # fmt: skip
    assert rows(ws.HDC.behavior.count_detail()) == [("HDC", "behavior", 1)]


def test_a_collection_lists_its_records_by_unit(tmp_path):
    frame = clinic(tmp_path).behavior.count_detail(with_record_id=True)
    assert list(frame.columns) == ["record_id", "task", "modality", "count"]
    assert rows(frame) == [(B, "HDC", "behavior", 1)]
    assert len(clinic(tmp_path).records.count_detail(with_record_id=True)) == 13


def test_a_record_counts_what_is_there_d53(tmp_path):
    record = clinic(tmp_path).records.get(A)
    frame = record.HDC.count_detail()
    assert rows(frame) == [(A, "HDC", "EEG", 1), (A, "HDC", "behavior", 0), (A, "HDC", "clinical", 1)]
    assert list(frame.index) == [0, 1, 2]


def test_where_nothing_is_the_frame_is_empty_with_its_columns_d56(tmp_path):
    ws = clinic(tmp_path)
    assert list(ws.gathered.count_detail().columns) == ["task", "modality", "count"]
    assert len(ws.gathered.count_detail(with_record_id=True)) == 0
    bare = Workspace(written(tmp_path / "bare", {"workspace.toml": "[records]\nid_pattern = 'a'\n", "dataset/x": ""}))
    assert len(bare.records.count_detail()) == 0


def test_unit_mode_counts_too_d2(tmp_path):
    ws = harbour(tmp_path)
    assert rows(ws.records.count_detail()) == [(None, None, 3)]
    assert rows(ws.records.first().count_detail()) == [("REC-20200601", None, None, 1)]
    assert rows(ws.records.get("REC-20209999").count_detail()) == [("REC-20209999", None, None, 0)]


def test_raw_data_are_counted_by_the_first_step_and_plugins_are_left_out_v_0_3_0(tmp_path):
    ws = clinic(tmp_path)
    assert rows(ws.records.count_raw_data()) == [
        ("RS", "EEG", 2), ("MMN", "EEG", 2), ("HDC", "EEG", 2), ("HDC", "behavior", 1),
    ]  # fmt: skip
    assert rows(ws.behavior.count_raw_data(with_record_id=True)) == [(B, "HDC", "behavior", 1)]
    assert len(ws.clinical.count_raw_data()) == 0


def test_a_record_counts_its_sheets_among_its_raw_data_v_0_3_0(tmp_path):
    record = clinic(tmp_path).records.get(A)
    assert rows(record.HDC.count_raw_data()) == [(A, "HDC", "EEG", 1), (A, "HDC", "clinical", 1)]


def test_steps_are_counted_by_their_inputs_or_outputs_v_0_3_0(tmp_path):
    ws = clinic(tmp_path)
    assert rows(ws.records.count_step("scores")) == [("HDC", "behavior", 1)]
    assert rows(ws.records.count_step("scores", "output")) == [("HDC", "behavior", 2)]
    assert rows(ws.records.count_step("norm", position="output")) == [("HDC", "behavior", 1)]
    assert rows(ws.records.get(A).HDC.count_step("scores", "output")) == [
        (A, "HDC", "behavior", 1), (A, "HDC", "clinical", 1),
    ]  # fmt: skip
    assert rows(ws.records.get(A).behavior.count_step("norm", "output")) == []
    assert rows(ws.EEG.count_step("alpha")) == []


def test_all_of_several_inputs_must_be_there(tmp_path):
    ws = small(tmp_path, {"a": "raw/{id}.a", "b": "raw/{id}.b"}, ["raw/REC-001.a", "raw/REC-001.b", "raw/REC-002.a"])
    assert rows(ws.records.count_step("count")) == [(None, None, 1)]
    assert rows(ws.records.count_detail()) == [(None, None, 2)]


@pytest.mark.parametrize(
    ("label", "position", "says"),
    [("scors", "input", "no step 'scors'.*did you mean scores"), (None, "in", "'in' is no position")],
)
def test_an_unknown_step_or_position_is_refused(tmp_path, label, position, says):
    ws = clinic(tmp_path)
    for scope in (ws.records, ws.records.get(A)):
        with pytest.raises(WorkspaceError, match=says):
            scope.count_step(label, position)
