"""One type per feature over all rows (V25)."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinagotd.datakit.arrays import text_type
from sinagotd.datakit.columns import column_of

UTC = pd.Timestamp("2025-01-01", tz="UTC")
TOKYO = pd.Timestamp("2025-01-01", tz="Asia/Tokyo")


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        ([1, np.nan, 2], "Int64", [1, None, 2]),
        ([1, 2], "Int64", [1, 2]),
        ([np.int8(1), 2.5], "float64", [1.0, 2.5]),
        ([True, None], "boolean", [True, None]),
        (["a", None], text_type(), ["a", None]),
        (["a", 1.5, True], text_type(), ["a", "1.5", "True"]),
        ([None, np.nan], "float64", [None, None]),
        ([True, 1], text_type(), ["True", "1"]),
        ([pd.Timestamp("2025-01-01"), None], "datetime64[us]", [pd.Timestamp("2025-01-01"), None]),
        ([UTC, None], "datetime64[us, UTC]", [UTC, None]),
        ([UTC, TOKYO], "datetime64[us, UTC]", [UTC, TOKYO]),
        ([UTC, pd.Timestamp("2025-01-01")], text_type(), [UTC.isoformat(), "2025-01-01T00:00:00"]),
        ([pd.Timedelta("1s")], None, [pd.Timedelta("1s")]),
        ([2**70, None], "object", [2**70, None]),
        ([np.timedelta64(1, "s"), 1], text_type(), ["1 seconds", "1"]),
        ([2**70, 0.5], "object", [2**70, 0.5]),
        ([b"a", 1], "object", [b"a", 1]),
        ([{"a": 1}, 2], "object", [{"a": 1}, 2]),
        ([[1], None], "object", [[1], None]),
    ],
)
def test_scalars_of_a_feature_get_one_type(cells, dtype, values):
    column = pd.Series(column_of(cells))
    assert dtype is None or column.dtype == dtype
    assert [None if not isinstance(cell, list) and pd.isna(cell) else cell for cell in column] == values


def arrays(*cells):
    return [
        cell
        if cell is None or isinstance(cell, float)
        else pd.Series(cell).array
        if not isinstance(cell, np.ndarray)
        else cell
        for cell in cells
    ]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([np.array([1]), np.array([1.5])], "float64"),
        ([np.array([1], "i2"), np.array([1], "u1")], "int16"),
        ([np.array([1]), np.array([], float)], "int64"),
        ([np.array([1]), np.array([np.nan])], "Int64"),
        ([np.array([True]), np.array([np.nan])], "boolean"),
        ([np.array([True]), pd.array([None], dtype="boolean")], "boolean"),
        ([np.array([1]), pd.array([None], dtype="Int64")], "Int64"),
        ([np.array([1.5]), pd.array([1, None], dtype="Int64")], "float64"),
        ([np.array([2**60]), np.array([1.0, np.nan])], "Int64"),
        ([np.array([2**60]), np.array([1.5])], "float64"),
        ([np.array([2**60]), np.array([1], "u8")], "Int64"),
        ([pd.array(["a"], dtype=text_type()), np.array([np.nan, np.nan])], text_type()),
        ([pd.array(["a"], dtype=text_type()), np.array([1, 2])], text_type()),
        ([pd.array(["a"], dtype=text_type()), pd.Categorical(["b"])], text_type()),
        ([np.array(["2025"], "M8[s]"), np.array(["2025"], "M8[ms]")], "datetime64[ms]"),
        ([np.array(["2025"], "M8[s]"), np.array([1.5])], text_type()),
        ([pd.Series([UTC]).array, pd.Series([TOKYO]).array], "datetime64[us, UTC]"),
        ([pd.Series([UTC]).array, np.array([np.nan])], "datetime64[us, UTC]"),
        ([np.zeros((1, 2), "i4"), np.zeros((3, 2), "f4")], "float64"),
        ([np.array([1.5]), 2], "float64"),
        ([pd.array(["a"], dtype=text_type()), "b"], text_type()),
    ],
)
def test_arrays_of_a_feature_get_one_type_that_holds_them(cells, dtype):
    column = column_of([*cells, None])
    assert {cell.dtype for cell in column[:-1]} == {pd.Series([], dtype=dtype).dtype}
    assert np.isnan(column[-1])
    for before, after in zip(cells, column, strict=False):
        assert len(np.atleast_1d(before)) == len(after)
        np.testing.assert_array_equal(pd.isna(np.atleast_1d(before)), pd.isna(after))


def test_categories_stay_categories():
    one, two = pd.Categorical(["a"]), pd.Categorical(["b", "c"])
    assert [cell.dtype for cell in column_of([one, two])] == [one.dtype, two.dtype]


@pytest.mark.parametrize("value", [b"raw", 1 + 2j, object(), Decimal("1.5"), np.array(3)])
@pytest.mark.parametrize("other", [np.array([1.5]), "text", pd.array(["text"])])
def test_a_value_of_another_type_stays_what_it_is(value, other):
    """Beside arrays and texts it became the text that Python prints for it."""
    column = column_of([value, other, None])
    assert column[0] is value
    assert column[1] is other


NUMBERS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1)).map(lambda values: np.array(values, "i8")),
    st.lists(st.floats(width=32, allow_infinity=False)).map(lambda values: np.array(values, "f8")),
    st.lists(st.integers(0, 255)).map(lambda values: np.array(values, "u1")),
    st.lists(st.none() | st.integers(-9, 9)).map(lambda values: pd.array(values, dtype="Int64")),
    st.lists(st.booleans()).map(lambda values: np.array(values, bool)),
)


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_numbers_have_one_type_and_none_is_lost(cells):
    column = column_of(cells)
    assert len({str(cell.dtype) for cell in column}) == 1
    exact = any(cell.dtype.kind == "i" for cell in column) or all(_small(cell) for cell in cells)
    for before, after in zip(cells, column, strict=True):
        assert list(pd.isna(before)) == list(pd.isna(after))
        if exact:
            assert [int(a) if float(a).is_integer() else float(a) for a in before[~pd.isna(before)]] == [
                int(a) if float(a).is_integer() else float(a) for a in after[~pd.isna(after)]
            ]


def _small(cell):
    return cell.dtype.kind == "f" or all(abs(int(value)) <= 2**53 for value in cell[~pd.isna(cell)])
