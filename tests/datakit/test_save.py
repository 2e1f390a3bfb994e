"""Saving straight from discovery, batch by batch (spec 6.1, 6.2)."""

import sys
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from datakit_world import Licks, experiment, small_sources, source_giving, stream, write
from hypothesis import given, settings
from hypothesis import strategies as st
from saving_world import assert_same

from sinagotd.datakit import Dataset, cell_records, load_dataset
from sinagotd.datakit.arrays import text_type
from sinagotd.errors import DatasetError


def found(root, *more):
    return Dataset.from_directory(root, registry=small_sources(*more))


def varied(path, _context):
    """Features that come and go, and types that differ from row to row."""
    n = int(path.parts[-3].removeprefix("sub-"))
    values = [np.arange(n), np.arange(n) / 2, np.full(n, np.nan)][n % 3]
    cells = {"scalar": [n, n / 2, str(n)][n % 3], "array": values, f"only{n}": True}
    return stream(cells, is_timeseries=False)


ZETA = source_giving("zeta", lambda *_: stream({"same": 1}, is_timeseries=False))


def many(root, rows=12):
    for n in range(1, rows + 1):
        write(root, f"data/sub-{n}/ses-1/x_varied.txt")
        write(root, f"data/sub-{n}/ses-1/x_zeta.txt")
    return found(root, source_giving("varied", varied), ZETA)


@pytest.mark.parametrize("name", ["x.parquet", "x.h5", "x.pkl"])
def test_what_is_saved_is_what_would_be_materialized(tmp_path, name):
    dataset = found(experiment(tmp_path / "tree")).add_note("checked")
    assert dataset.save(tmp_path / name) == tmp_path / name
    frame, loaded = dataset.materialize(), load_dataset(tmp_path / name)
    pd.testing.assert_frame_equal(loaded, frame)
    assert loaded.attrs["datakit_roots"] == ["tree"]
    for key in ("datakit_sources", "datakit_notes", "datakit_cells"):
        assert loaded.attrs[key] == frame.attrs[key]


@pytest.mark.parametrize("most_bytes", [1, 500, 1 << 30])
def test_batches_of_any_size_save_the_same_frame(tmp_path, monkeypatch, most_bytes):
    """V25: one type per feature, also over batches."""
    dataset = many(tmp_path / "tree")
    monkeypatch.setattr("sinagotd.datakit.building._BATCH_BYTES", most_bytes)
    dataset.save(tmp_path / "x.parquet")
    frame, loaded = dataset.materialize(), load_dataset(tmp_path / "x.parquet")
    assert loaded["varied", "scalar"].dtype == text_type()
    pd.testing.assert_frame_equal(loaded, frame)


def test_a_feature_that_comes_late_stands_with_its_source(tmp_path, monkeypatch):
    monkeypatch.setattr("sinagotd.datakit.building._BATCH_BYTES", 1)
    late = source_giving("varied", lambda path, _: stream({path.parts[-3]: True}, is_timeseries=False))
    dataset = found(many(tmp_path / "tree", rows=2).roots, late, ZETA)
    loaded = load_dataset(dataset.save(tmp_path / "x.parquet"))
    assert list(loaded.columns) == [("varied", "sub-1"), ("varied", "sub-2"), ("zeta", "same")]
    pd.testing.assert_frame_equal(loaded, dataset.materialize())


def test_times_in_whole_seconds_and_features_that_come_late_go_together(tmp_path, monkeypatch):
    """Parquet keeps such times as milliseconds, and the parts of a file did not fit together."""
    monkeypatch.setattr("sinagotd.datakit.building._BATCH_BYTES", 1)
    at = np.datetime64("2025-01-01", "s")
    cells = {"sub-1": {"a": np.arange(2)}, "sub-2": {"at": at, "a": np.arange(2)}, "sub-3": {"late": 1}}
    kind = source_giving("varied", lambda path, _: stream(cells[path.parts[-3]], is_timeseries=False))
    dataset = found(many(tmp_path / "tree", rows=3).roots, kind)
    pd.testing.assert_frame_equal(load_dataset(dataset.save(tmp_path / "x.parquet")), dataset.materialize())


WHOLE = st.integers(-5, 5)
FRACTION = st.floats(-5, 5) | st.just(np.nan)
UTC = pd.Timestamp("2025-01-01", tz="UTC")
TOKYO = UTC.tz_convert("Asia/Tokyo")
ODD = [
    None,
    "a",
    pd.NaT,
    UTC,
    TOKYO,
    pd.Timestamp("2025-01-01"),
    pd.Timedelta("1s"),
    np.float32(0.1),
    np.int8(3),
    np.timedelta64(1, "s"),
    np.datetime64("2025-01-01"),
    2**70,
    b"x",
]
SCALARS = WHOLE | FRACTION | st.booleans() | st.sampled_from(ODD)
LISTS: list[tuple[st.SearchStrategy, Any]] = [
    (WHOLE, np.int64),
    (WHOLE, np.int16),
    (st.sampled_from([1, 2**60, 2**60 + 1]), np.int64),
    (st.integers(0, 9), np.uint64),
    (FRACTION, np.float64),
    (st.just(np.nan), np.float64),
    (st.floats(-5, 5, width=32), np.float32),
    (st.booleans(), np.bool_),
    (WHOLE, "m8[s]"),
    (st.sampled_from(["2025-01-01", "NaT"]), "M8[us]"),
    (st.just("2025-01-01"), "M8[ns]"),
    (st.none() | WHOLE, pd.Int64Dtype()),
    (st.none() | st.booleans(), pd.BooleanDtype()),
    (st.none() | st.sampled_from("ab"), text_type()),
    (st.none() | st.sampled_from("ab"), pd.CategoricalDtype()),
    (st.sampled_from([UTC, pd.NaT]), pd.DatetimeTZDtype("us", "UTC")),
]
SHAPES = st.tuples(st.integers(0, 2), st.integers(0, 2))
GRIDS = st.builds(np.ones, SHAPES, st.sampled_from(["f8", "i4"]))
ARRAYS = GRIDS | st.sampled_from(LISTS).flatmap(
    lambda kind: st.lists(kind[0], max_size=3).map(lambda values: array(values, kind[1]))
)
NESTED = st.dictionaries(st.sampled_from("xy"), WHOLE) | st.lists(WHOLE)
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"s": SCALARS, "a": ARRAYS, "m": SCALARS | ARRAYS, "n": ARRAYS | NESTED}),
    min_size=1,
    max_size=4,
)


def array(values, dtype):
    return (
        pd.array(values, dtype=dtype)
        if isinstance(dtype, pd.api.extensions.ExtensionDtype)
        else np.array(values, dtype)
    )


@settings(max_examples=30)
@given(ROWS, st.sampled_from([1, 200, 1 << 20]))
def test_generated_rows_are_saved_as_they_would_be_materialized(rows, most_bytes):
    made = {f"sub-{n}": cells for n, cells in enumerate(rows)}
    kind = source_giving("made", lambda path, _: stream(made[path.parts[-3]], is_timeseries=False))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sinagotd.datakit.building._BATCH_BYTES", most_bytes)
        for subject in made:
            write(Path(folder), f"data/{subject}/ses-1/x_made.txt")
        dataset = found(Path(folder), kind)
        loaded, frame = load_dataset(dataset.save(Path(folder) / "x.parquet")), dataset.materialize()
    loaded.attrs = frame.attrs
    assert_same(loaded, frame)


def test_rows_without_any_cell_are_saved_too(tmp_path):
    dataset = found(experiment(tmp_path / "tree"))
    dataset.include(source=()).save(tmp_path / "none.parquet")
    assert load_dataset(tmp_path / "none.parquet").shape == (4, 0)
    dataset.head(0).save(tmp_path / "empty.parquet")
    assert load_dataset(tmp_path / "empty.parquet").index.names == ["Subject", "Session", "Task"]


def test_a_home_folder_and_folders_that_are_not_there_will_do(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert found(experiment(tmp_path / "tree")).save("~/deep/down/x.parquet") == tmp_path / "deep/down/x.parquet"
    assert len(load_dataset("~/deep/down/x.parquet")) == 4


@pytest.mark.parametrize(("name", "format_"), [("x.parquet", "xml"), ("x.xyz", None), ("x.parquet", "pickle")])
def test_a_format_that_will_not_do_is_refused_before_anything_is_loaded(tmp_path, monkeypatch, name, format_):
    """V14, V15."""
    monkeypatch.setattr(Licks, "load", None)
    with pytest.raises(ValueError):
        found(experiment(tmp_path / "tree")).save(tmp_path / "deep" / name, format=format_)
    assert not (tmp_path / "deep").exists()


def test_a_build_that_fails_leaves_the_earlier_file(tmp_path):
    """V33: it was left empty."""
    root = experiment(tmp_path / "tree")
    found(root).save(tmp_path / "x.parquet")
    before = (tmp_path / "x.parquet").read_bytes()
    write(root, "data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a_weight.txt", "no pair")
    with pytest.raises(DatasetError, match="1 of 12 cells"):
        found(root).save(tmp_path / "x.parquet")
    assert (tmp_path / "x.parquet").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "x.parquet" in path.name] == ["x.parquet"]
    path, failed = found(root).save(tmp_path / "x.parquet", strict=False, return_errors=True)
    assert (path, failed[["Source", "error_type"]].to_numpy().tolist()) == (
        tmp_path / "x.parquet",
        [["weight", "ValueError"]],
    )
    assert "ValueError" not in load_dataset(tmp_path / "x.parquet").attrs["datakit_notes"]
    assert "error" in set(cell_records(load_dataset(tmp_path / "x.parquet")).status)


def deep(depth):
    return {"x": deep(depth - 1)} if depth else {}


@pytest.mark.parametrize("value", [object(), [print], deep(900)])
def test_what_no_file_can_hold_is_a_failed_cell(tmp_path, value):
    """A value of one source, of any kind, was the end of the whole build."""
    root = experiment(tmp_path / "tree")
    write(root, "data/sub-02/ses-1/beh/x_sub-02_ses-1_task-a_odd.txt")
    write(root, "data/sub-02/ses-1/beh/x_sub-02_ses-1_task-b_odd.txt")
    kind = source_giving(
        "odd", lambda path, _: stream({"x": value if "task-b" in path.name else [1], "y": 1}, is_timeseries=False)
    )
    dataset = found(root, kind)
    with pytest.raises(
        DatasetError, match=r"1 of 16 cells.*\n  odd of \('02', 'ses-1', 'task-b'\): .*no format can save"
    ):
        dataset.save(tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()
    dataset.save(tmp_path / "x.parquet", strict=False)
    loaded = load_dataset(tmp_path / "x.parquet")
    assert loaded["odd", "y"].isna().tolist() == [True, True, False, True]
    records = cell_records(loaded).query("Source == 'odd'")
    assert records.status.tolist() == ["missing", "missing", "ok", "error"]


def big(_path, _context):
    return stream(np.zeros(200_000), t=np.zeros(200_000))


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("sinagotd.datakit.building._BATCH_BYTES", 4 << 20)
    for n in range(30):
        write(tmp_path, f"data/sub-{n:02}/ses-1/x_big.txt")
    dataset = found(tmp_path, source_giving("big", big))
    dataset.head(1).save(tmp_path / "warm.parquet")
    peaks = []
    for rows in (10, 30):
        tracemalloc.start()
        dataset.head(rows).save(tmp_path / "x.parquet")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3
    assert peaks[1] < 30 * 2 * 1_600_000 / 2


def test_workers_save_the_same_file(tmp_path):
    dataset = found(experiment(tmp_path / "tree"))
    dataset.save(tmp_path / "one.parquet")
    with ThreadPoolExecutor(2) as pool:
        dataset.save(tmp_path / "two.parquet", workers=pool, progress=True)
    one, two = (load_dataset(tmp_path / f"{name}.parquet") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)
    assert "sinagotd.datakit.saving.writing" in sys.modules
