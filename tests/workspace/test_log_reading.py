"""The records' logs (specs of sinagot §§11, 12, 16; defects D47 to D52, D56): old, rotated, damaged and foreign lines."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_world import clinic, harbour, log_line, written

FIELDS = [
    "log_from", "record_id", "scope", "task", "modality", "step_label", "step_status", "message", "time", "time_zone",
]  # fmt: skip
FIRST = "REC-20200601"
LOG = f"dataset/LOG/{FIRST}.log"


def at(second):
    return f"2020-08-17T15:31:{second:02d}.407778"


def logs_of(folder, *files):
    """The logs of one record whose log files, the newest first, hold these texts."""
    names = [LOG, *(f"{LOG}.{number}" for number in range(1, len(files)))]
    return harbour(folder, **dict(zip(names, files, strict=True))).records.get(FIRST)


def test_a_log_is_a_frame_the_newest_line_first_with_its_number_as_index(tmp_path):
    frame = logs_of(tmp_path, "".join(log_line("count", code, at(code)) for code in (0, 20, 30))).logs()
    assert list(frame.columns) == FIELDS
    assert frame.step_status.tolist() == [30, 20, 0]
    assert list(frame.index) == [2, 1, 0]
    assert frame.time.tolist()[0] == at(30)
    assert frame.task.tolist() == [None] * 3


def test_times_keep_their_field_and_their_zone_stands_beside_it_d50(tmp_path):
    record = logs_of(tmp_path, log_line("count", 0) + log_line("count", 20, time_zone="UTC"))
    assert record.logs().time_zone.tolist() == ["UTC", "UTC"]
    assert set(record.logs().time) == {"2020-08-17T15:31:57.407778"}


def test_what_a_run_writes_holds_the_nine_keys_in_order_then_ours(tmp_path):
    record = harbour(tmp_path).records.get(FIRST)
    record.steps.run("count", progress=False)
    lines = record.logs_json()
    assert [line["message"] for line in lines] == ["Init run", "Processing run", "Run finished"]
    assert list(lines[0])[:10] == FIELDS
    assert list(record.logs().columns)[:10] == FIELDS
    assert record.logs().step_status.tolist() == [30, 20, 0]
    assert record.steps.get("count").logs().step_status.tolist() == [30, 20, 0]
    assert record.steps.get("mean").logs().empty


def test_without_a_log_the_frame_is_empty_with_its_columns_d55(tmp_path):
    ws = harbour(tmp_path)
    assert list(ws.records.get(FIRST).logs().columns) == FIELDS
    assert list(ws.records.logs().columns) == list(ws.steps.get("count").logs().columns) == FIELDS
    with pytest.raises(FileNotFoundError, match=rf"there is no log of {FIRST}"):
        ws.records.get(FIRST).logs_json()


def test_an_empty_log_is_no_fault_d48(tmp_path):
    record = logs_of(tmp_path, "")
    assert record.logs().empty
    assert record.logs_json() == []
    assert record.steps.status().step_status.tolist() == [10, 10]


@pytest.mark.parametrize(
    "damage",
    [
        '{"log_from": "scr',
        "\n\n",
        "plain words\n",
        "[1, 2]\n",
        '"text"\n',
        "{}\n",
        '{"time": 5}\n',
        '{"time": "2021"} and more\n',
        "\0\0\0\n",
        "NaN\n",
        "[" * 5000 + "\n",
    ],
)
def test_a_damaged_or_foreign_line_costs_itself_only_d48(tmp_path, damage):
    record = logs_of(tmp_path, log_line("count", 20, at(1)) + damage.rstrip("\n") + "\n" + log_line("count", 40, at(2)))
    assert record.logs().step_status.tolist() == [40, 20]
    assert list(record.logs().index) == [damage.rstrip("\n").count("\n") + 2, 0]
    assert record.steps.get("count").status() == 40


def test_a_number_of_any_size_is_shown_d48(tmp_path):
    assert logs_of(tmp_path, log_line("count", 2**70)).logs().step_status.tolist() == [2**70]


def test_bytes_that_are_no_utf_8_are_shown_as_such_d48(tmp_path):
    record = logs_of(tmp_path, log_line("count", 20))
    with (tmp_path / LOG).open("ab") as file:
        file.write(b'{"time": "2021", "message": "caf\xe9"}\n')
    assert record.logs().message[1] == "caf\N{REPLACEMENT CHARACTER}"


def test_a_plain_message_of_a_helper_is_a_line_like_others_d44(tmp_path):
    record = logs_of(tmp_path, log_line("count", 20, at(1)) + json.dumps({"message": "hello", "time": at(2)}) + "\n")
    assert record.logs().message.tolist() == ["hello", "status 20"]
    assert record.logs().step_status.tolist() == [None, 20]
    assert record.steps.get("count").logs().message.tolist() == ["status 20"]


def test_rotated_files_are_read_the_oldest_first_v_0_2_6(tmp_path):
    new, old, oldest = (log_line("count", code, at(code)) for code in (30, 20, 0))
    record = logs_of(tmp_path, new, old, oldest)
    assert [line["step_status"] for line in record.logs_json()] == [0, 20, 30]
    assert record.logs().index.tolist() == [2, 1, 0]
    (tmp_path / LOG).unlink()
    assert [line["step_status"] for line in record.logs_json()] == [0, 20]


def test_further_keys_become_further_columns(tmp_path):
    lines = log_line("count", 0, workspace_version="3") + log_line("count", 40, exc_info="Traceback", level="warning")
    frame = logs_of(tmp_path, lines).logs()
    assert list(frame.columns) == [*FIELDS, "exc_info", "level", "workspace_version"]
    assert frame.workspace_version.tolist() == [None, "3"]


@pytest.mark.parametrize("label", ["01", "1e5", "it's", "true", "2020-01-01", "null"])
def test_labels_tasks_and_ids_stay_texts_d49(tmp_path, label):
    frame = logs_of(tmp_path, log_line(f"7/0x1/{label}", 40, record_id="00000042")).logs()
    assert frame.loc[0, ["task", "modality", "step_label", "record_id"]].tolist() == ["7", "0x1", label, "00000042"]


def test_a_scope_sees_the_lines_of_its_task_and_modality(tmp_path):
    lines = [
        log_line(step, 20, at(at_)) for at_, step in enumerate(("RS/EEG/alpha", "RS/x/alpha", "MMN/EEG/preprocess"))
    ]
    ws = clinic(tmp_path, **{"dataset/LOG/REC-200319-A.log": "".join(lines)})
    record = ws.records.get("REC-200319-A")
    assert record.logs().index.tolist() == [2, 1, 0]
    assert record.RS.logs().index.tolist() == [1, 0]
    assert record.EEG.logs().index.tolist() == [2, 0]
    assert record.RS.EEG.logs().index.tolist() == [0]
    assert [line["task"] for line in record.MMN.logs_json()] == ["MMN"]
    assert record.RS.EEG.steps.get("alpha").logs().index.tolist() == [0]


def test_a_collection_has_the_logs_of_its_records_one_after_the_other(tmp_path):
    second = {"dataset/LOG/REC-20200602.log": log_line("count", 0, at(1)) + log_line("count", 20, at(2))}
    frame = harbour(tmp_path, **{LOG: log_line("count", 30, at(5), record_id=FIRST)}, **second).records.logs()
    assert frame.step_status.tolist() == [30, 20, 0]
    assert frame.index.tolist() == [0, 1, 2]


def test_the_logs_of_an_empty_collection_are_an_empty_frame_d56(tmp_path):
    ws = clinic(tmp_path)
    assert list(ws.gathered.logs().columns) == FIELDS


def test_files_are_closed_after_reading_d52(tmp_path):
    """Warnings are errors here: a file left open would fail this test."""
    record = logs_of(tmp_path, log_line("count", 0) * 10)
    for _ in range(20):
        record.logs(), record.steps.status()


def test_a_long_log_is_read_in_linear_time_d47(tmp_path):
    def seconds(count):
        record = logs_of(tmp_path / str(count), log_line("count", 0) * count)
        begin = time.process_time()
        assert len(record.logs()) == count
        return time.process_time() - begin

    seconds(10)
    assert seconds(20_000) < 20 * max(seconds(2_000), 0.01)


def test_reading_never_writes_a_log(tmp_path):
    ws = harbour(tmp_path)
    ws.records.logs(), ws.steps.status(), ws.records.get("REC-20209999").logs()
    assert not (tmp_path / "dataset/LOG").exists()
    written(tmp_path, {LOG: "x"})
    assert (tmp_path / LOG).read_text() == "x"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
LINES = st.lists(
    st.binary(max_size=40)
    | st.fixed_dictionaries(
        {"time": st.text(max_size=30)}, optional={name: JSON for name in FIELDS if name != "time"}
    ).map(lambda says: json.dumps(says).encode()),
    max_size=6,
)


@settings(max_examples=30)
@given(lines=LINES)
def test_no_log_whatever_is_in_it_breaks_anything_d48(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("log")
    record = logs_of(folder, log_line("count", 30))
    (folder / LOG).write_bytes(b"\n".join(lines))
    assert list(record.logs().columns)[:10] == FIELDS
    assert len(record.logs_json()) <= len(record.logs().index)
    assert set(record.steps.status().step_status) <= {10, 20, 40}
    assert len(record.steps.get("count").logs()) <= len(lines)
    assert "<table>" in record._repr_html_()
