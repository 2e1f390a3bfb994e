"""Loading rows into one frame, with a status for every cell (spec 5)."""

import builtins
import json
import random
import signal
import sys
import time

import numpy as np
import pandas as pd
import pytest
from datakit_world import Licks, Weight, experiment, small_sources, source_giving, stream, write

from sinagotd.datakit import Dataset, DatasetSettings, LoadedStream, Sources, cell_records
from sinagotd.datakit.records import OK, Record, RecordText
from sinagotd.errors import DatasetError


@pytest.fixture
def root(tmp_path):
    return experiment(tmp_path)


def found(root, *more, **options):
    return Dataset.from_directory(root, registry=small_sources(*more), **options)


def with_source(root, kind, *names, content=""):
    for name in names or ("data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a",):
        write(root, f"{name}_{kind.tag}.txt", content)
    return found(root, kind)


def bad(_path, _context):
    raise RuntimeError("is broken")


def test_a_frame_has_a_row_per_recording_and_a_column_per_feature(root):
    frame = found(root).materialize()
    assert list(frame.index) == [(subject, "ses-1", f"task-{task}") for subject in ("01", "02") for task in "ab"]
    assert frame.index.names == ["Subject", "Session", "Task"]
    assert frame.columns.names == ["Source", "Feature"]
    assert list(frame.columns) == [
        *(("licks", feature) for feature in ("side", "t", "meta")),
        *(("trials", feature) for feature in ("start_s", "stop_s", "meta")),
        *(("weight", feature) for feature in ("grams", "sex")),
    ]
    assert frame["weight"].dtypes.tolist() == [np.float64, pd.Series(["x"]).dtype]
    assert frame["licks", "side"].iloc[0].tolist() == ["left", "right", "left"]
    assert frame["licks", "t"].iloc[0].tolist() == [0.0, 0.5, 1.5]
    assert frame["trials", "start_s"].iloc[3].tolist() == [203.0, 205.0]
    assert frame["licks", "meta"].iloc[0] == {"source_file": "data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a_licks.csv"}


def test_results_do_not_depend_on_what_else_is_selected(root):
    """V24: a source that another requires is loaded whether it was selected or not."""
    whole = found(root).materialize()
    alone = found(root, sources="trials").materialize()
    pd.testing.assert_frame_equal(alone, whole[["trials"]], check_names=True)
    excluded = found(root).exclude(source="weight").materialize()
    pd.testing.assert_frame_equal(excluded["trials"], whole["trials"])


def test_a_file_is_read_once_however_many_sources_want_it(root, monkeypatch):
    """V32: a log was read three to nine times per row."""
    read = []
    monkeypatch.setattr(
        Weight, "load", lambda self, path, real=Weight.load, **more: (read.append(path), real(self, path, **more))[1]
    )
    more = [
        source_giving(f"odd{n}", lambda *_: stream(1), requires=("weight", "trials"), patterns=("*_licks.csv",))
        for n in range(3)
    ]
    found(root, *more).materialize()
    assert len(read) == len(set(read)) == 4


def test_errors_are_records_and_their_cells_are_missing(root):
    broken = with_source(root, source_giving("odd", bad))
    frame, records = broken.materialize(strict=False, return_errors=True)
    assert "odd" not in frame.columns.get_level_values("Source")
    (error,) = records.query("status == 'error'").to_dict("records")
    path = str(root / "data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a_odd.txt")
    assert (error["Subject"], error["Source"], error["path"]) == ("01", "odd", path)
    assert (error["error_type"], error["message"]) == ("RuntimeError", "is broken")
    assert "Traceback" in error["traceback"]
    assert list(records) == [
        "Subject",
        "Session",
        "Task",
        "Source",
        "status",
        "path",
        "error_type",
        "message",
        "traceback",
        "findings",
    ]
    assert records.query("Source == 'odd'").status.tolist() == ["error", "missing", "missing", "missing"]
    assert records.query("status != 'error'")[["error_type", "message", "traceback"]].isna().all(axis=None)


def test_strict_tells_all_errors_at_once(root):
    """V42: it stopped at the first."""
    names = [f"data/sub-0{n}/ses-1/beh/x_task-{task}" for n in (1, 2) for task in "ab"]
    broken = with_source(root, source_giving("odd", bad), *names)
    with pytest.raises(
        DatasetError,
        match=r"4 of 16 cells.*\n.*odd of \('01', 'ses-1', 'task-a'\).*x_task-a_odd.txt: RuntimeError: is broken",
    ) as caught:
        broken.materialize()
    assert isinstance(caught.value, RuntimeError)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert len(caught.value.records) == 4


@pytest.mark.parametrize(
    ("give", "error"),
    [
        (lambda *_: 3, "TypeError"),
        (lambda *_: None, "TypeError"),
        (lambda *_: stream([[1], [1, 2]]), "ValueError"),
        (lambda path, _: path.joinpath("inside").read_text(), "NotADirectoryError"),
        (lambda *_: LoadedStream("x", ["no"], 1), "ValueError"),
        (lambda *_: {}["x"], "KeyError"),
        (lambda *_: sys.exit(3), "RuntimeError"),
    ],
)
def test_nonsense_concerns_its_own_cell(root, give, error):
    """V13: what could not be flattened raised out of `validate` and `strict=False`."""
    odd = with_source(root, source_giving("odd", give))
    assert odd.validate().query("status == 'error'").error_type.tolist() == [error]
    assert odd.materialize(strict=False).shape == (4, 8)


def test_a_stream_is_named_by_the_tag_it_was_asked_for(root):
    """V19: streams that called themselves otherwise made columns that no filter knew."""
    frame = with_source(root, source_giving("odd", lambda *_: stream(1, is_timeseries=False))).materialize()
    assert frame["odd", "value"].dropna().tolist() == [1]


def test_a_source_that_hangs_is_stopped_where_a_limit_is_set(root):
    kind = source_giving("slow", lambda *_: time.sleep(60))
    write(root, "data/sub-01/ses-1/beh/x_task-a_slow.txt")
    before = signal.getsignal(signal.SIGALRM)
    hanging = found(root, kind, settings=DatasetSettings(timeout_s=0.2))
    (record,) = hanging.validate().query("status == 'error'").to_dict("records")
    assert (record["Source"], record["error_type"]) == ("slow", "TimeoutError")
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_required_source_must_be_there(tmp_path):
    """V43: there was no way to ask for it."""
    write(tmp_path, "data/sub-1/ses-1/x_weight.txt", "grams=1")
    needy = found(tmp_path, settings=DatasetSettings(required=("licks",)), sources=("licks", "weight"))
    assert needy.validate().status.tolist() == ["error", "ok"]
    assert needy.validate(level="discovery").status.tolist() == ["error", "found"]
    with pytest.raises(DatasetError, match="is required, and this row has none"):
        needy.materialize()


def test_validate_at_discovery_opens_no_file(root, monkeypatch):
    """V45: `validate` cost as much as `materialize`."""
    write(root, "data/sub-01/ses-1/beh/x_task-a_licks.csv")
    dataset = found(root)
    (root / "data/sub-02/ses-1/beh/x_sub-02_ses-1_task-a_licks.csv").unlink()
    folder = root / "data/sub-02/ses-1/beh/x_sub-02_ses-1_task-b_licks.csv"
    folder.unlink()
    folder.mkdir()
    monkeypatch.setattr(builtins, "open", None)
    monkeypatch.setattr(Licks, "load", None)
    records = dataset.validate(level="discovery")
    assert records.query("Source == 'licks'").status.tolist() == ["found", "found", "error", "error"]
    assert records.query("Source == 'licks'").error_type.tolist()[2:] == ["FileNotFoundError", "IsADirectoryError"]
    with pytest.raises(ValueError, match="'discovery'"):
        dataset.validate(level="cheap")


def test_validate_keeps_no_payload(root):
    """V45: all payloads stayed in memory until the end."""
    alive = []

    class Tracked(list):
        pass

    def give(*_):
        import gc

        gc.collect()
        alive.append(sum(isinstance(one, Tracked) for one in gc.get_objects()))
        return stream({"x": Tracked()}, is_timeseries=False)

    names = [f"data/sub-0{n}/ses-1/beh/x_task-{task}" for n in (1, 2) for task in "ab"]
    assert with_source(root, source_giving("odd", give), *names).validate().status.eq("ok").all()
    assert max(alive) <= 1


def test_no_rows_and_no_cells_make_an_empty_frame(root):
    """Spec 5.2."""
    for none in (found(root).head(0), found(root).include(source=())):
        frame = none.materialize()
        assert (len(frame), frame.shape[1], frame.columns.names) == (len(none), 0, ["Source", "Feature"])
        assert frame.index.names == ["Subject", "Session", "Task"]
        assert list(none.validate().columns)[:4] == ["Subject", "Session", "Task", "Source"]


def test_a_frame_knows_where_it_comes_from(root):
    dataset = found(root).add_note("checked")
    attrs = dataset.materialize().attrs
    assert json.loads(json.dumps(attrs)) == attrs
    assert attrs["datakit"]["package"]
    assert attrs["datakit_sources"] == ["licks", "trials", "weight"]
    assert attrs["datakit_roots"] == [str(root)]
    assert attrs["datakit_notes"] == ["checked"]


def test_a_frame_knows_what_became_of_each_cell(root):
    """V42: an incomplete dataset looked complete."""
    frame = with_source(root, source_giving("odd", bad)).materialize(strict=False)
    records = cell_records(frame).set_index(["Subject", "Task", "Source"])
    assert records.loc["01", "task-a", "odd"][["status", "message"]].tolist() == ["error", "is broken"]
    weight = records.loc["01", "task-a", "weight"]
    assert weight["path"] == "data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a_weight.txt"
    assert (weight["size"], weight["status"]) == (16, "ok")
    assert (
        weight["digest"]
        == records.loc["01", "task-b", "weight"]["digest"]
        != records.loc["02", "task-a", "weight"]["digest"]
    )
    assert len(records) == 16


def test_what_is_told_of_a_cell_takes_few_bytes_in_a_frame():
    """It is in the footer of a saved file, of which writing makes several copies."""
    text = RecordText(["Subject", "Session"], ["/lab"])
    digests = [f"xxh3-128:{random.randbytes(16).hex()}" for _ in range(2_000)]
    for at, digest in enumerate(digests):
        path = f"/lab/data/sub-{at:04}/ses-1/beh/20250708_sub-{at:04}_ses-1_weight.txt"
        text.add([Record((f"{at:04}", "ses-1"), "weight", OK, path, size=at, digest=digest)])
    frame = pd.DataFrame()
    frame.attrs["datakit_cells"] = text.finish()
    assert len(frame.attrs["datakit_cells"]) < 64 * len(digests)
    assert cell_records(frame)["digest"].tolist() == digests


def test_a_frame_from_elsewhere_has_no_records():
    assert cell_records(pd.DataFrame({"x": [1]})).empty


def test_progress_is_shown_on_stderr(root, capsys):
    found(root).materialize(progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "loading" in shown.err


def test_warnings_of_the_times_are_findings_of_the_cell(root):
    """V50."""
    write(root, "data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a_licks.csv", "time,side\n1.0,left\n0.0,left\n")
    records = found(root, sources="licks").validate()
    assert records.findings.iloc[0] == "its times go back 1 times"
    assert records.status.iloc[0] == "ok"


def test_constant_columns_and_short_tables_stay_arrays(root):
    """V25."""
    write(root, "data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a_licks.csv", "time,side\n1.0,left\n")
    write(root, "data/sub-01/ses-1/beh/x_sub-01_ses-1_task-b_licks.csv", "time,side\n")
    sides = found(root, sources="licks").materialize()["licks", "side"]
    assert [len(cell) for cell in sides] == [1, 0, 3, 3]
    assert {str(cell.dtype) for cell in sides} == {str(pd.Series(["x"]).dtype)}


def test_ten_thousand_columns_are_no_trouble(tmp_path):
    wide = source_giving("wide", lambda *_: stream(pd.DataFrame(np.zeros((2, 10_000)))))
    write(tmp_path, "data/sub-1/ses-1/x_wide.txt")
    registry = Sources(wide, built_in=False, entry_points=False)
    assert Dataset.from_directory(tmp_path, registry=registry).materialize().shape == (1, 10_001)
