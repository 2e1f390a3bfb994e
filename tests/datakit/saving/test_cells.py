"""Every type of cell comes back from every data-only format as it was: V 6, V 25, V 27."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saving_world import ROWS, assert_same, column, frame_of

from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.saving.writing import save_frame

PARIS = ZoneInfo("Europe/Paris")


def stamps(count: int, unit: str = "us", zone: Any = "UTC") -> Any:
    values = pd.array(np.arange(count, dtype="i8").astype(f"M8[{unit}]"))
    return values if zone is None else pd.array(pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(zone))


CELLS: dict[str, list[Any]] = {
    "fractions": [np.array([1.5, np.nan, np.inf]), np.array([]), None],
    "whole": [np.arange(3), np.arange(2, dtype="i1")],
    "unsigned": [np.array([2**64 - 1], dtype="u8")],
    "small fractions": [np.array([0.5, np.nan], dtype="f2"), np.array([0.5], dtype="f4")],
    "truth": [np.array([True, False]), np.array([], dtype=bool)],
    "other byte order": [np.arange(3, dtype=">i4"), np.arange(2, dtype=">f8")],
    "grids": [np.ones((2, 3)), np.ones((0, 3)), np.ones((2, 2, 2), dtype="i2"), np.array(5.0)],
    "complex": [np.array([1 + 2j]), np.ones((2, 3), dtype="c8")],
    "structured": [np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8", (2,))])],
    "durations": [np.array([1, 2], dtype="m8[ns]"), np.array(["NaT"], dtype="m8[us]")],
    "times": [np.array(["2020", "NaT"], dtype="M8[us]"), np.array(["2020-01-01"], dtype="M8[D]")],
    "times of two precisions": [np.array([1], dtype="M8[s]"), np.array([1], dtype="M8[ns]")],
    "zoned": [
        stamps(3),
        stamps(0),
        stamps(2, "ns", "Europe/Paris"),
        stamps(1, "s", dt.timezone(dt.timedelta(hours=2))),
    ],
    "zoned with gaps": [pd.array(pd.to_datetime(["2020", None], utc=True))],
    "plain times of pandas": [stamps(2, zone=None)],
    "categories": [pd.Categorical(["a", None, "b"]), pd.Categorical(["a"], categories=["z", "a"]), pd.Categorical([])],
    "ordered categories": [pd.Categorical(["a", "b"], categories=["b", "a"], ordered=True)],
    "categories of numbers": [pd.Categorical([3, 1]), pd.Categorical([2.5])],
    "categories of times": [pd.Categorical(stamps(2))],
    "texts": [pd.array(["é", None, ""], dtype="str"), pd.array([], dtype="str")],
    "nullable texts": [pd.array(["a", None], dtype="string")],
    "fixed texts": [np.array(["a", "bcd"]), np.array([], dtype="U1")],
    "object texts": [np.array(["a", None], dtype=object), np.array(["b", np.nan], dtype=object)],
    "object times": [np.array([pd.Timestamp("2020", tz="UTC"), pd.NaT], dtype=object)],
    "mixed objects": [np.array(["a", 1, [2]], dtype=object)],
    "nullable": [
        pd.array([1, None], dtype="Int64"),
        pd.array([True, None], dtype="boolean"),
        pd.array([1.5], dtype="Float32"),
    ],
    "nested": [{"a": [1, 2.5, None], "b": {"c": (1, "x")}}, {}, [1, [2]], {1: 2, "~odd": {3}}],
    "nested arrays": [{"a": np.arange(3), "b": np.float32(1), "t": stamps(1)}],
    "nested times": [{"t": pd.Timestamp("2020", tz=PARIS), "d": dt.datetime(2020, 1, 1, tzinfo=PARIS), "n": pd.NaT}],
    "nested odds": [{"p": Path("a/b"), "d": Decimal("1.5"), "c": 1j, "b": b"\0", "date": dt.date(2020, 1, 1)}],
    "tables": [pd.DataFrame({"a": [1], "b": ["x"], "z": stamps(1)}), pd.Series([1.5], name="s"), None],
    "scalars": [1, 2.5, "x", True, b"\0a"],
    "missing in four ways": [None, np.nan, pd.NaT, pd.NA],
    "numpy scalars": [np.float32(1), np.int8(3), np.bool_(1), np.datetime64("2020", "s")],
    "moments": [pd.Timestamp("2020"), pd.Timestamp("2020", tz=PARIS), pd.Timedelta(1, "s")],
    "huge": [2**70, 3],
    "broken text": ["\ud800", "fine"],
    "all sorts": [np.arange(3), "x", {"a": 1}, stamps(2)],
    "nothing": [None],
}
COLUMNS: dict[str, Any] = {
    "float": [1.5, np.nan] * 2,
    "all missing": [np.nan] * ROWS,
    "int": np.arange(ROWS, dtype="i4"),
    "bool": [True, False] * 2,
    "Int64": pd.array([1, None] * 2, dtype="Int64"),
    "boolean": pd.array([True, None] * 2, dtype="boolean"),
    "str": pd.array(["a", None] * 2, dtype="str"),
    "string": pd.array(["a", None] * 2, dtype="string"),
    "category": pd.Categorical(["a", None] * 2, categories=["b", "a"]),
    "zoned": pd.array(pd.to_datetime(["2020", None] * 2).tz_localize(PARIS)),
    "time": pd.to_datetime(["2020", None] * 2),
    "duration": pd.to_timedelta([1, 2] * 2, unit="s"),
    "period": pd.period_range("2020", periods=ROWS).array,
    "interval": pd.interval_range(0, ROWS).array,
    "complex": np.ones(ROWS) * 1j,
}
ATTRS = {"datakit": {"version": "1", "when": (1, 2)}, "datakit_notes": ["é"], "nan": float("nan"), "n": None}


@pytest.mark.parametrize("suffix", ["parquet", "h5"])
@pytest.mark.parametrize("name", CELLS)
def test_cells_of_every_type_come_back(tmp_path: Path, name: str, suffix: str) -> None:
    frame = frame_of({("source", name): column(*CELLS[name]), ("source", "beside"): column(1.5)})
    assert_same(load_saved(save_frame(frame, tmp_path / f"saved.{suffix}")), frame)


@pytest.mark.parametrize("suffix", ["parquet", "h5", "pkl"])
def test_columns_of_every_type_come_back_with_the_attrs(tmp_path: Path, suffix: str) -> None:
    frame = frame_of({("source", name): values for name, values in COLUMNS.items()})
    frame.attrs = ATTRS
    assert_same(load_saved(save_frame(frame, tmp_path / f"saved.{suffix}")), frame)


@pytest.mark.parametrize("suffix", ["parquet", "h5"])
def test_a_frame_without_rows_or_without_columns_comes_back(tmp_path: Path, suffix: str) -> None:
    frame = frame_of({("source", name): values for name, values in COLUMNS.items()})
    for part in (frame.iloc[:0], frame.iloc[:, :0], frame.iloc[:0, :0]):
        assert_same(load_saved(save_frame(part, tmp_path / f"saved.{suffix}")), part)


def test_odd_labels_and_a_plain_index_come_back(tmp_path: Path) -> None:
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=["a.b", "a:2", "a", "a"])
    assert_same(load_saved(save_frame(frame, tmp_path / "flat.parquet")), frame)
    frame = frame_of(
        {
            ("a.b", "c"): [1] * ROWS,
            ("a", "b.c"): [2] * ROWS,
            ("a", "x:shape"): [3] * ROWS,
            ("a", "x"): column(np.ones((1, 1))),
        }
    )
    assert_same(load_saved(save_frame(frame, tmp_path / "tuples.parquet")), frame)


def test_thousands_of_columns_come_back(tmp_path: Path) -> None:
    frame = frame_of({("wide", f"f{number}"): np.ones(2) for number in range(3_000)}, rows=2)
    loaded = load_saved(save_frame(frame, tmp_path / "wide.parquet"))
    assert loaded.equals(frame)
    assert loaded.columns.equals(frame.columns)


def test_loaded_arrays_can_be_written_to(tmp_path: Path) -> None:
    frame = frame_of({("source", "x"): column(np.arange(3.0)), ("source", "t"): column(stamps(2))})
    loaded = load_saved(save_frame(frame, tmp_path / "saved.parquet"))
    loaded.iloc[0, 0][0] = 7
    loaded.iloc[0, 1][0] = pd.Timestamp("2020", tz="UTC")
    assert [cell[0] for cell in loaded["source", "x"]] == [7, 0, 0, 0]
    assert [cell[0].year for cell in loaded["source", "t"]] == [2020, 1970, 1970, 1970]


def test_what_is_no_data_is_refused_in_a_sentence(tmp_path: Path) -> None:
    frame = frame_of({("source", "x"): column(io.StringIO())})
    with pytest.raises(ValueError, match=r"the column \('source', 'x'\) holds a _io.StringIO: no format can save that"):
        save_frame(frame, tmp_path / "saved.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_holds_itself_and_a_masked_array_are_refused(tmp_path: Path) -> None:
    loop: list[Any] = []
    loop.append(loop)
    for cell in (loop, {"masked": np.ma.array([1, 2], mask=[True, False])}):
        with pytest.raises(ValueError, match="no format can save that"):
            save_frame(frame_of({("source", "x"): column(cell)}), tmp_path / "saved.parquet")


numbers = st.sampled_from(["i1", "i8", "u4", "f4", "f8", ">i2", "M8[us]", "M8[ns]", "m8[s]", "?", "c16"])
shapes = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)
texts = st.text(max_size=4)


@st.composite
def arrays(draw: Any) -> Any:
    shape = draw(shapes)
    values = draw(st.lists(st.integers(0, 100), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return np.array(values, dtype="i8").astype(draw(numbers)).reshape(shape)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=3)
nested = st.recursive(
    scalars, lambda held: st.lists(held, max_size=3) | st.dictionaries(texts, held, max_size=3), max_leaves=6
)
moments = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)).map(lambda at: pd.Timestamp(at, tz=PARIS))  # noqa: DTZ001
pandas_arrays = (
    st.lists(texts | st.none(), max_size=4).map(lambda held: pd.array(held, dtype="str"))
    | st.lists(st.sampled_from(["a", "b", None]), max_size=4).map(pd.Categorical)
    | st.lists(st.integers(-9, 9) | st.none(), max_size=4).map(lambda held: pd.array(held, dtype="Int64"))
    | st.lists(moments, min_size=1, max_size=3).map(lambda held: pd.array(pd.DatetimeIndex(held)))
)
frames = st.lists(
    st.lists(st.one_of(arrays(), nested, moments, pandas_arrays), min_size=ROWS, max_size=ROWS), max_size=3
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(frames, st.sampled_from(["parquet", "parquet", "h5"]))
def test_any_frame_comes_back(tmp_path: Path, columns: list[list[Any]], suffix: str) -> None:
    frame = frame_of(
        {("source", str(place)): column(*cells) for place, cells in enumerate(columns)} | {("s", "n"): np.ones(ROWS)}
    )
    assert_same(load_saved(save_frame(frame, tmp_path / f"saved.{suffix}")), frame)
