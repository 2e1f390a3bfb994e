import json

import pytest

from sinagotd.engine.record_log import KEPT_FILES, ROTATE_AT_BYTES, RecordLine, RecordLog


@pytest.fixture(autouse=True)
def state_folder(tmp_path):
    (tmp_path / ".sinagotd").mkdir()
    return tmp_path / ".sinagotd"


def a_line(message="Init run", step="count", record="REC-1"):
    return RecordLine(record, step, 0, message, 1_600_000_000.25, {"level": "info"})


def entries(folder, name="REC-1.log"):
    return [json.loads(line) for line in (folder / "LOG" / name).read_text().splitlines()]


def test_a_line_has_sinagots_keys_in_its_order_and_ours_after_them(tmp_path):
    RecordLog(tmp_path, "7").write([a_line()])
    assert entries(tmp_path) == [
        {
            "log_from": "script", "record_id": "REC-1", "scope": "record", "task": None, "modality": None,
            "step_label": "count", "step_status": 0, "message": "Init run", "time": "2020-09-13T12:26:40.250000",
            "time_zone": "UTC", "level": "info", "workspace_version": "7",
        }
    ]  # fmt: skip


def test_task_and_modality_are_those_of_the_step(tmp_path):
    RecordLog(tmp_path).write([a_line(step="HDC/behavior/scores")])
    (entry,) = entries(tmp_path)
    assert (entry["task"], entry["modality"], entry["step_label"]) == ("HDC", "behavior", "scores")


def test_each_record_has_its_own_file(tmp_path):
    RecordLog(tmp_path).write([a_line(record="REC-1"), a_line(record="REC-2"), a_line(record="REC-1")])
    assert [len(entries(tmp_path, f"{record}.log")) for record in ("REC-1", "REC-2")] == [2, 1]


def test_a_message_cannot_forge_a_line(tmp_path):
    RecordLog(tmp_path).write([a_line('x"}\n{"log_from": "forged\udcff')])
    assert len(entries(tmp_path)) == 1


def test_a_full_log_is_rotated_and_the_oldest_is_dropped(tmp_path):
    log = RecordLog(tmp_path)
    for number in range(KEPT_FILES + 2):
        log.write([a_line(f"{number}" * ROTATE_AT_BYTES)])
    log.write([a_line("new")])
    names = {path.name for path in (tmp_path / "LOG").iterdir()}
    assert names == {"REC-1.log", *(f"REC-1.log.{number}" for number in range(1, KEPT_FILES + 1))}
    assert entries(tmp_path)[0]["message"] == "new"
    assert entries(tmp_path, "REC-1.log.1")[0]["message"][0] == str(KEPT_FILES + 1)


def test_nothing_to_write_makes_no_folder(tmp_path):
    RecordLog(tmp_path).write([])
    assert not (tmp_path / "LOG").exists()


def test_no_folder_is_made_where_the_data_folder_was_mounted(tmp_path, state_folder):
    state_folder.rmdir()
    with pytest.raises(OSError, match="the data folder is not there"):
        RecordLog(tmp_path).write([a_line()])
    assert list(tmp_path.iterdir()) == []
