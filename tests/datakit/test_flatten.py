"""From a stream to cells (spec 5.2), and what is wrong with its times."""

import numpy as np
import pandas as pd
import pytest
from datakit_world import stream

from sinagotd.datakit.arrays import text_type
from sinagotd.datakit.checks import findings
from sinagotd.datakit.flatten import flatten


def cells(value, t=(0.0, 1.0), roots=(), **meta):
    return flatten(stream(value, t, **meta), roots)


def same(cell, expected, dtype):
    assert cell.dtype == dtype
    pd.testing.assert_series_equal(pd.Series(cell), pd.Series(expected, dtype=dtype), check_names=False)


COLUMNS = [
    ([1, 1], "int64"),
    ([1.0, np.nan], "float64"),
    ([True, False], "bool"),
    (pd.array([1, None], dtype="Int64"), pd.Int64Dtype()),
    (pd.array([True, None], dtype="boolean"), pd.BooleanDtype()),
    (pd.to_datetime(["2025-01-01", None]), "datetime64[us]"),
    (pd.to_datetime(["2025-01-01", None], utc=True), "datetime64[us, UTC]"),
    (pd.to_timedelta([1, 2], unit="s"), None),
    (pd.Categorical(["a", "b"]), pd.CategoricalDtype(["a", "b"])),
]


@pytest.mark.parametrize(("values", "dtype"), COLUMNS)
def test_a_column_keeps_its_type(values, dtype):
    """V27: zoned times and categories became arrays of objects."""
    column = pd.Series(values)
    cell = cells(pd.DataFrame({"x": column}))["x"]
    same(cell, column, column.dtype if dtype is None else dtype)
    assert isinstance(cell, np.ndarray) is isinstance(column.dtype, np.dtype)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["a", "b"], text_type()),
        (["a", None], text_type()),
        ([1, None], pd.Int64Dtype()),
        ([True, None], pd.BooleanDtype()),
        ([True, False], np.dtype(bool)),
        ([1.5, 2], np.dtype(float)),
        ([None, None], np.dtype(float)),
        ([1, "a"], text_type()),
        ([b"a", "a"], None),
        ([{"a": 1}, None], None),
        ([pd.Timestamp("2025-01-01"), None], np.dtype("datetime64[us]")),
        ([pd.Timestamp("2025-01-01", tz="UTC"), pd.Timestamp("2025-01-01", tz="Asia/Tokyo")], text_type()),
        ([2**70, 1], text_type()),
    ],
)
def test_a_column_of_objects_gets_the_type_of_what_it_holds(values, dtype):
    cell = cells(pd.DataFrame({"x": pd.Series(values, dtype=object)}))["x"]
    if dtype is None:
        assert cell == values
    else:
        assert cell.dtype == dtype
        assert [None if pd.isna(value) else value for value in cell] == [
            None
            if pd.isna(v)
            else v
            if dtype != text_type()
            else str(v.isoformat() if isinstance(v, pd.Timestamp) else v)
            for v in values
        ]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_table_gives_arrays_however_many_rows_it_has(rows):
    """V25: constant columns and tables of one row became scalars, empty ones NaN."""
    made = cells(pd.DataFrame({"speed": np.zeros(rows), "name": ["x"] * rows}), t=np.zeros(rows))
    assert [len(made["speed"]), len(made["name"]), len(made["t"])] == [rows] * 3
    assert made["speed"].dtype == np.float64


def test_a_cell_is_its_own_and_can_be_written_to():
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    made = cells(frame)["x"]
    made[0] = 9.0
    assert frame["x"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "feature", "expected"),
    [
        ([1, 2], "values", [1, 2]),
        (np.zeros((2, 3)), "values", [[0.0] * 3] * 2),
        (["a", "b"], "values", ["a", "b"]),
        (pd.Series([1, 2]), "values", [1, 2]),
        ([[1, 2], [3, 4]], "values", [[1, 2], [3, 4]]),
    ],
)
def test_lists_arrays_and_series_give_values(value, feature, expected):
    made = cells(value)
    assert list(made) == [feature, "t"]
    assert made[feature].tolist() == expected


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.int8(3), 3),
        (np.bool_(1), True),
        (np.str_("a"), "a"),
        (np.datetime64("2025-01-01"), pd.Timestamp("2025-01-01")),
        (np.timedelta64(1, "s"), pd.Timedelta("1s")),
    ],
)
def test_a_scalar_of_numpy_becomes_a_plain_one(value, plain):
    for cell in (cells(value)["value"], cells({"x": value})["x"]):
        assert (cell, type(cell)) == (plain, type(plain))


def test_a_mapping_gives_a_cell_per_key_and_a_scalar_its_value():
    made = cells({"a": 1, 2: {"deep": [1]}, "s": pd.Series([1.0]), "x": np.array(["a"])}, is_timeseries=False)
    assert list(made) == ["a", "2", "s", "x"]
    assert (made["a"], made["2"], made["s"].tolist(), made["x"].dtype) == (1, {"deep": [1]}, [1.0], text_type())
    assert cells("text", is_timeseries=False) == {"value": "text"}


def test_the_time_axis_is_kept_unless_a_column_repeats_it():
    """V26: arrays and implicit rates lost theirs."""
    t = np.array([0.0, 0.1])
    assert list(cells(pd.DataFrame({"x": [1, 2]}), t)) == ["x", "t"]
    assert list(cells(pd.DataFrame({"time_elapsed_s": t}), t)) == ["time_elapsed_s"]
    assert list(cells(pd.DataFrame({"start_s": t, "x": [1, 2]}), t)) == ["start_s", "x"]
    assert list(cells(pd.DataFrame({"time_elapsed_s": t.astype("f4")}), t)) == ["time_elapsed_s"]
    assert list(cells(pd.DataFrame({"time_elapsed_s": t + 1}), t)) == ["time_elapsed_s", "t"]
    assert list(cells(pd.DataFrame({"t": ["a", "b"]}), t)) == ["t", "t_axis"]
    assert list(cells({"x": 1}, t)) == ["x", "t"]


def test_what_a_source_says_is_the_meta_cell_unless_it_is_of_the_session():
    hidden = {"camera_tag": "c", "is_timeseries": True, "source_tag": "s", "is_interval": True}
    assert cells([1, 2], **hidden, scope="recording", rate=50)["meta"] == {"rate": 50}
    assert "meta" not in cells([1, 2], **hidden)
    for scope in ("session", "experiment"):
        assert "meta" not in cells([1, 2], rate=50, scope=scope)
    made = cells(pd.DataFrame({"meta": [1, 2]}), rate=50)
    assert (made["meta"].tolist(), made["stream_meta"]) == ([1, 2], {"rate": 50})


def test_meta_tells_paths_relative_to_their_root(tmp_path):
    """V44."""
    said = {"file": "/data/x/sub-1/a.csv", "path": tmp_path, "other": "/data/xy", "inside": [{"file": "/data/x/b"}, 1]}
    meta = cells([1, 2], roots=("/data/x",), **said)["meta"]
    assert meta == {"file": "sub-1/a.csv", "path": str(tmp_path), "other": "/data/xy", "inside": [{"file": "b"}, 1]}
    assert cells([1, 2], roots=("/data/x", "/data/y"), **said)["meta"]["file"] == "x/sub-1/a.csv"


@pytest.mark.parametrize(
    "value", [[[1], [1, 2]], pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[1, 2]], columns=["1", 1])]
)
def test_what_cannot_be_flattened_is_an_error(value):
    """Columns of one name overwrote each other."""
    with pytest.raises(ValueError):
        cells(value)


@pytest.mark.parametrize(
    ("value", "t", "expected"),
    [
        (pd.DataFrame({"x": [1, 2]}), (0, 1), []),
        (pd.DataFrame({"x": [1, 2]}), (0, 1, 2), ["it has 3 times for 2 values"]),
        (np.zeros((5, 2)), (0, 1), []),
        (np.zeros((5, 3)), (0, 1), ["it has 2 times for 5 values"]),
        ([1], (0, 1), ["it has 2 times for 1 values"]),
        ({"x": [1]}, (0, 1, 2), []),
        ([1, 2, 3], (0, 2, 1), ["its times go back 1 times"]),
        ([1, 2, 3], (0, 1, 1), []),
        ([1, 2], (np.nan, np.nan), ["none of its times is a number"]),
        ([1, 2, 3], (0, np.inf, -1), ["1 of its 3 times are no numbers", "its times go back 1 times"]),
        ([1, 2], [[0, 1]], ["its times have 2 dimensions, not one"]),
        (1, (), []),
    ],
)
def test_times_that_cannot_be_right_are_found(value, t, expected):
    """V46, V50: any times were accepted in silence."""
    assert findings(stream(value, t)) == expected
