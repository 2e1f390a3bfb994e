"""How steps stand (specs of sinagot §§9, 12; defects D1 to D9, D55): codes, frames, dicts, with a manifest, a log or neither."""

import json
import os
import time

import pandas as pd
import pytest
from reading_world import HARBOUR, clinic, harbour, log_line, script, small, written

from sinagotd import Workspace
from sinagotd.errors import ConfigError
from sinagotd.workspace import standing

COLUMNS = ["record_id", "task", "modality", "step_index", "step_label", "step_status"]
A, B = "REC-200319-A", "REC-200320-A"
FIRST = "REC-20200601"


def codes(scope):
    return scope.steps.status().step_status.tolist()


def test_the_codes_of_a_clinic_are_those_of_sinagot(tmp_path):
    log = log_line("HDC/EEG/preprocess", 20, "2020-04-06T11:47:29.298087")
    ws = clinic(tmp_path, **{f"dataset/LOG/{B}.log": log})
    frame = ws.steps.status()
    assert list(frame.columns) == COLUMNS
    assert list(frame.index) == list(range(12))
    rows = [tuple(row) for row in frame.itertuples(index=False)]
    assert rows[:6] == [
        (A, "RS", "EEG", 1, "preprocess", 10),
        (A, "RS", "EEG", 2, "alpha", 0),
        (A, "MMN", "EEG", 1, "preprocess", 10),
        (A, "HDC", "EEG", 1, "preprocess", 10),
        (A, "HDC", "behavior", 1, "scores", 30),
        (A, "HDC", "behavior", 2, "norm", 10),
    ]
    assert [row[-1] for row in rows[6:]] == [10, 0, 10, 20, 30, 30]


def test_a_scope_has_the_rows_of_its_own_steps(tmp_path):
    ws = clinic(tmp_path)
    assert ws.HDC.behavior.steps.status().record_id.tolist() == [B, B]
    assert ws.records.get(A).RS.steps.status().step_label.tolist() == ["preprocess", "alpha"]
    assert ws.EEG.steps.status().task.tolist() == ["RS", "RS", "MMN", "HDC"] * 2
    assert ws.records.get(A).EEG.RS.steps.get("alpha").status() == 0
    assert ws.records.get(A).behavior.HDC.steps.get("scores").status() == 30


def test_a_frame_equals_the_one_that_pandas_makes_of_the_same_rows(tmp_path):
    """As test suites of people compare them: texts are what pandas has for texts, None stays None."""
    frame = clinic(tmp_path).records.get(A).RS.steps.status()
    rows = [(A, "RS", "EEG", 1, "preprocess", 10), (A, "RS", "EEG", 2, "alpha", 0)]
    pd.testing.assert_frame_equal(frame, pd.DataFrame(rows, columns=COLUMNS))
    unit = harbour(tmp_path / "harbour").records.get(FIRST).steps.status()
    pd.testing.assert_frame_equal(
        unit,
        pd.DataFrame(
            [(FIRST, None, None, at, label, 10) for at, label in ((1, "count"), (2, "mean"))], columns=COLUMNS
        ),
    )


def test_unit_mode_has_none_for_task_and_modality(tmp_path):
    frame = harbour(tmp_path).steps.status()
    assert frame.task.tolist() == frame.modality.tolist() == [None] * 6
    assert frame.step_label.tolist() == ["count", "mean"] * 3
    assert frame.step_index.tolist() == [1, 2] * 3


def test_a_step_of_many_records_tells_what_wants_attention_most(tmp_path):
    ws = harbour(tmp_path, **{f"dataset/computed/{FIRST}-count.csv": "1"})
    assert ws.records.get(FIRST).steps.get("count").status() == 30
    assert ws.steps.get("count").status() == 10
    written(tmp_path, {f"dataset/LOG/{FIRST}.log": log_line("mean", 40)})
    assert ws.steps.get("mean").status() == 40
    assert small(tmp_path / "empty", ("raw", "{id}"), ["x"]).steps.get("count").status() == 0


@pytest.mark.parametrize(
    ("world", "code"),
    [
        ({}, 10),
        ({"dataset/computed/REC-20200601-count.csv": ""}, 30),
        ({"dataset/computed/REC-20200601-count.csv/a/folder": ""}, 30),
        ({"dataset/LOG/REC-20200601.log": log_line("count", 20)}, 20),
        ({"dataset/LOG/REC-20200601.log": log_line("count", 40)}, 40),
        ({"dataset/LOG/REC-20200601.log": log_line("count", 40) + log_line("count", 30)}, 10),
        ({"dataset/LOG/REC-20200601.log": log_line("count", 20) + log_line("count", 41)}, 10),
        ({"dataset/LOG/REC-20200601.log": log_line("mean", 40) + log_line("HDC/x/count", 40)}, 10),
        (
            {
                "dataset/LOG/REC-20200601.log.1": log_line("count", 20),
                "dataset/LOG/REC-20200601.log": log_line("mean", 0),
            },
            20,
        ),
    ],
)
def test_without_a_manifest_files_and_the_log_tell_d7(tmp_path, world, code):
    ws = harbour(tmp_path, **world)
    assert ws.records.get(FIRST).steps.get("count").status() == code


@pytest.mark.parametrize("label", ["01", "1e5", "it's"])
def test_a_failure_shows_whatever_the_step_is_called_d49(tmp_path, label):
    toml = HARBOUR["workspace.toml"].replace('"count"', f'"{label}"')
    files = {"workspace.toml": toml, f"scripts/{label}.py": HARBOUR["scripts/count.py"]}
    ws = harbour(tmp_path, **files, **{f"dataset/LOG/{FIRST}.log": log_line(label, 40)})
    assert codes(ws.records.get(FIRST)) == [40, 10]


def test_a_log_is_read_once_for_all_steps_of_its_record_d47(tmp_path, monkeypatch):
    ws, read = harbour(tmp_path), []
    monkeypatch.setattr(standing, "last_words", lambda _, record: read.append(record) or {})
    ws.steps.status()
    assert sorted(read) == ws.records.ids()


def test_an_old_entry_of_a_run_under_way_still_reads_20_d8(tmp_path):
    ws = harbour(tmp_path, **{f"dataset/LOG/{FIRST}.log": log_line("count", 20, "2011-01-01T00:00:00.000000")})
    assert ws.records.get(FIRST).steps.get("count").status() == 20


def test_a_failure_newer_than_the_outputs_shows_and_an_older_one_does_not_d3(tmp_path):
    output = f"dataset/computed/{FIRST}-count.csv"
    ws = harbour(tmp_path, **{output: "1", f"dataset/LOG/{FIRST}.log": log_line("count", 40, "2020-08-17T15:31:57.5")})
    step = ws.records.get(FIRST).steps.get("count")
    assert step.status() == 30
    os.utime(tmp_path / output, (1.5e9, 1.5e9))
    assert step.status() == 40


def test_an_input_that_is_gone_leaves_what_was_made_of_it_done_d6(tmp_path):
    ws = clinic(tmp_path)
    record = ws.records.get(A).HDC.behavior
    assert codes(record) == [30, 10]
    assert record.steps.states().why[0] == f"its outputs are there, waiting for HDC/{A}/report.txt"


def test_without_any_output_a_missing_input_waits(tmp_path):
    ws = small(tmp_path, {"a": "raw/{id}.a", "b": "raw/{id}.b"}, ["raw/REC-001.a"])
    assert codes(ws) == [0]
    assert ws.steps.states().why[0] == "waiting for raw/REC-001.b"


def test_failures_show_in_unit_mode_d2(tmp_path):
    ws = harbour(tmp_path, **{"scripts/count.py": script("raw/{id}-raw.csv", "{id}.x", "raise KeyError('k')")})
    ws.records.get(FIRST).steps.run("count", progress=False)
    assert ws.records.get(FIRST).steps.get("count").status() == 40
    assert "KeyError" in ws.records.get(FIRST).steps.states().why[0]


@pytest.mark.parametrize("backoff", ["1ms", "1h"])
def test_a_failure_does_not_fade_d3(tmp_path, backoff):
    """A daemon would try again after the pause; here nobody does."""
    toml = HARBOUR["workspace.toml"] + f'[run]\nbackoff = "{backoff}"\n'
    failing = script("raw/{id}-raw.csv", "{id}.x", "raise KeyError('k')")
    ws = harbour(tmp_path, **{"workspace.toml": toml, "scripts/count.py": failing})
    record = ws.records.get(FIRST)
    record.steps.run("count", progress=False)
    time.sleep(0.05)
    states = record.steps.states()
    assert (states.step_status[0], states.state[0], states.until.isna().all()) == (40, "failed", True)
    assert states.why[0] == "it failed: KeyError: 'k'"
    assert str(record.explain("count")).startswith(f"{FIRST}/count  failed: it failed: KeyError: 'k'")


def test_a_result_that_is_older_than_its_input_is_stale_d4(tmp_path):
    ws = harbour(tmp_path)
    record = ws.records.get(FIRST)
    record.steps.run(progress=False)
    assert codes(record) == [30, 30]
    (ws.data_path / f"raw/{FIRST}-raw.csv").write_text("boat,size\nAda,99\n")
    assert codes(record) == [10, 10]
    assert record.steps.states().why[0] == f"raw/{FIRST}-raw.csv changed since the last run"
    record.steps.run(progress=False)
    (tmp_path / "scripts/mean.py").write_text((tmp_path / "scripts/mean.py").read_text() + "\nMORE = 1\n")
    assert codes(record) == [30, 10]


def test_a_touched_input_is_not_stale_d4(tmp_path):
    ws = harbour(tmp_path)
    record = ws.records.get(FIRST)
    record.steps.run(progress=False)
    os.utime(ws.data_path / f"raw/{FIRST}-raw.csv")
    assert codes(record) == [30, 30]


def test_a_large_file_that_changed_is_not_read_to_tell_its_status(tmp_path):
    ws = harbour(tmp_path, **{"workspace.toml": HARBOUR["workspace.toml"] + '[watch]\nhash_inline = "1 KiB"\n'})
    record = ws.records.get(FIRST)
    record.steps.run(progress=False)
    (ws.data_path / f"raw/{FIRST}-raw.csv").write_text("x" * 2000)
    assert codes(record) == [10, 10]


def test_a_file_that_just_arrived_is_ready_unless_the_settings_say_how_long_to_wait(tmp_path):
    assert codes(harbour(tmp_path / "a")) == [10] * 6
    patient = {"workspace.toml": HARBOUR["workspace.toml"] + '[watch]\nsettle = "1h"\n'}
    ws = harbour(tmp_path / "b", **patient)
    assert codes(ws) == [0] * 6
    assert "still arriving" in ws.steps.states().why[0]


def test_frames_have_their_columns_where_there_is_nothing_d55(tmp_path):
    ws = clinic(tmp_path)
    for scope in (ws.clinical, ws.gathered, ws.RS.clinical.get(A), ws.behavior.get(A).HDC):
        frame = scope.steps.status()
        assert list(frame.columns) == COLUMNS
    assert len(ws.clinical.steps.status()) == len(ws.RS.clinical.get(A).steps.status()) == 0
    bare = Workspace(written(tmp_path / "bare", {"workspace.toml": "[records]\nid_pattern = 'a'\n", "dataset/a": ""}))
    assert list(bare.steps.status().columns) == list(bare.records.get("a").steps.status().columns) == COLUMNS
    assert bare.steps.first() is None
    assert ws.clinical.steps.run(progress=False)


def test_status_dict_and_json_are_by_task_and_modality(tmp_path):
    record = clinic(tmp_path).records.get(A)
    nested = record.status_dict()
    assert nested["RS"]["EEG"] == [
        {"step_index": 1, "step_label": "preprocess", "step_status": 10},
        {"step_index": 2, "step_label": "alpha", "step_status": 0},
    ]
    assert list(nested) == ["RS", "MMN", "HDC"]
    assert json.loads(record.status_json()) == nested
    assert list(record.HDC.behavior.status_dict()) == ["HDC"]
    assert record.RS.clinical.status_json() == "{}"


def test_states_say_why_and_since_when(tmp_path):
    frame = clinic(tmp_path).RS.steps.states()
    assert list(frame.columns) == [*COLUMNS, "state", "why", "since", "until"]
    assert frame.state.tolist() == ["stale", "blocked"] * 2
    assert frame.why[1] == "the upstream step RS/EEG/preprocess is not current yet"
    assert str(frame.since.dtype).endswith("UTC]")
    assert len(clinic(tmp_path).clinical.steps.states()) == 0


def test_steps_whose_paths_do_not_fit_together_are_told_d22(tmp_path):
    ws = harbour(tmp_path, **{"scripts/mean.py": script("raw/{id}-raw.csv", "computed/{id}-count.csv")})
    with pytest.raises(ConfigError, match=r"both write computed/{id}-count.csv|mean.*count.csv"):
        ws.steps.status()


def test_a_failure_of_an_input_that_changed_since_is_no_failure_any_more(tmp_path):
    ws = harbour(tmp_path, **{"scripts/count.py": script("raw/{id}-raw.csv", "{id}.x", "raise KeyError('k')")})
    record = ws.records.get(FIRST)
    record.steps.run("count", progress=False)
    assert codes(record)[0] == 40
    (ws.data_path / f"raw/{FIRST}-raw.csv").write_text("better")
    assert codes(record)[0] == 10
