"""Saving batch by batch: what comes later may be new, and each column gets one type over all rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from saving_world import assert_same, column, frame_of

from sinagotd.datakit.columns import column_of
from sinagotd.datakit.saving.parquet import ROW_GROUP_BYTES
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.saving.writing import open_writer
from sinagotd.errors import DatasetError

TEXT = pd.array(["a"], dtype="str").dtype
BATCHES: dict[str, list[list[Any]]] = {
    "one type": [[np.arange(3.0), None], [np.arange(2.0)]],
    "a feature that comes later": [[None, None], [np.arange(3)], ["x"]],
    "whole numbers, then fractions": [[np.arange(3)], [np.array([1.5])], [np.arange(2, dtype="i2")]],
    "scalars, then arrays": [[1.5], [np.array([1.5, 2])]],
    "texts, then texts missing": [[pd.array(["a"], dtype=TEXT)], [np.array([np.nan])], [np.array([])]],
    "nothing telling, then nullable": [[np.array([np.nan])], [pd.array([1, None], dtype="Int64")]],
    "nothing at all, then arrays of times": [
        [np.array([])],
        [pd.array(pd.to_datetime(["2020"], utc=True))],
        [np.array([])],
    ],
    "nested, then arrays": [[{"a": 1}], [np.array([1.5])], [np.array([])]],
    "whole scalars, then fractions": [[1, None], [2.5], [3]],
    "truth, then missing": [[True], [None]],
    "text, then number": [["a"], [1]],
    "zones": [[pd.Timestamp("2020", tz="UTC")], [pd.Timestamp("2021", tz="UTC")]],
    "precisions": [[np.array([1], dtype="M8[s]")], [np.array([1], dtype="M8[us]")]],
    "categories": [[pd.Categorical(["a"])], [pd.Categorical(["b"])]],
    "no grid to speak of, then durations": [[np.ones((0, 2), dtype="i4")], [np.array([1], dtype="m8[s]")]],
    "grids of nothing, then whole numbers": [[np.full((2, 2), np.nan)], [np.array([1])]],
    "whole numbers, then only missing ones": [[np.array([0])], [None], [np.array([np.nan])]],
    "fractions that come late": [[np.array([0])], [np.array([np.nan])], [np.array([1.5])]],
    "empty grids, then others, beside whole numbers": [[np.array([0])], [np.ones((0, 0))], [np.ones((2, 2))]],
    "no categories to speak of, then truth": [[pd.Categorical([])], [np.array([True])]],
    "nested, then nothing": [[{"a": 1}], [None], [{"b": [2]}]],
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_column_gets_the_type_that_all_rows_together_have(tmp_path: Path, name: str) -> None:
    batches = BATCHES[name]
    with open_writer(tmp_path / "saved.parquet") as writer:
        for place, cells in enumerate(batches):
            writer.write(_materialized(cells, first=10 * place))
        writer.finish({"n": 1})
    whole = column_of([cell for cells in batches for cell in cells])
    loaded = load_saved(tmp_path / "saved.parquet")
    wanted = frame_of({("s", "x"): whole}, rows=len(whole)).set_axis(loaded.index)
    wanted.attrs = {"n": 1}
    assert_same(loaded, wanted)


def _materialized(cells: list[Any], first: int) -> pd.DataFrame:
    return frame_of({("s", "x"): column_of(cells)}, rows=len(cells), first=first)


def _write(path: Path, *batches: pd.DataFrame) -> None:
    with open_writer(path) as writer:
        for batch in batches:
            writer.write(batch)


def test_features_that_come_later_stand_after_those_before(tmp_path: Path) -> None:
    with open_writer(tmp_path / "saved.parquet") as writer:
        writer.write(frame_of({("a", "x"): [1.0]}, rows=1))
        writer.write(frame_of({("b", "y"): column(np.ones(2), rows=1), ("a", "x"): [2.0]}, rows=1, first=1))
    loaded = load_saved(tmp_path / "saved.parquet")
    assert list(loaded.columns) == [("a", "x"), ("b", "y")]
    assert loaded["a", "x"].tolist() == [1.0, 2.0]
    assert pd.isna(loaded.iloc[0, 1])


def test_memory_is_bounded_by_row_groups(tmp_path: Path) -> None:
    cell = np.arange(2**20, dtype="f8")
    with open_writer(tmp_path / "saved.parquet") as writer:
        for number in range(6):
            writer.write(frame_of({("a", "x"): column(cell, rows=1)}, rows=1, first=number))
    groups = pq.ParquetFile(tmp_path / "saved.parquet").metadata
    assert groups.num_row_groups == 6 * cell.nbytes // ROW_GROUP_BYTES
    assert groups.num_rows == 6


def test_small_batches_share_a_row_group(tmp_path: Path) -> None:
    with open_writer(tmp_path / "saved.parquet") as writer:
        for number in range(50):
            writer.write(frame_of({("a", "x"): [1.0]}, rows=1, first=number))
    with pq.ParquetFile(tmp_path / "saved.parquet") as file:
        assert file.metadata.num_row_groups == 1


def test_batches_with_other_levels_are_refused(tmp_path: Path) -> None:
    frame = frame_of({("a", "x"): [1.0]}, rows=1)
    with pytest.raises(ValueError, match="levels"):
        _write(tmp_path / "saved.parquet", frame, frame.droplevel("Task"))
    assert list(tmp_path.iterdir()) == []


def test_nothing_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not one batch"):
        _write(tmp_path / "saved.parquet")
    assert list(tmp_path.iterdir()) == []
