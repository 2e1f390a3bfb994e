"""What we save in Parquet opens in plain pandas, polars, DuckDB and pyarrow; what others saved in Parquet opens here."""

from itertools import pairwise
from pathlib import Path

import duckdb
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from saving_world import column, frame_of

from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.saving.writing import save_frame

TRACE = [[0.0, 1.0, 2.0], None, [], [7.5]]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    cells = [None if trace is None else np.array(trace) for trace in TRACE]
    zoned = pd.array(pd.to_datetime(["2025-01-01 10:00", None], utc=True))
    frame = frame_of(
        {
            ("meso", "dF_F"): column(*cells),
            ("notes", "at"): column(zoned),
            ("log", "device"): column(pd.Categorical(["cam", "nidaq", None])),
            ("map", "grid"): column(np.arange(4.0).reshape(2, 2)),
            ("log", "meta"): column({"n": 3, "who": "é"}),
            ("age", "value"): [1.5, np.nan] * 2,
            ("sex", "value"): pd.array(["F", "M"] * 2, dtype="str"),
            ("odd", "value"): column(1, "x"),
            ("none", "value"): column(None),
            ("span", "value"): column(np.array([1, 2], dtype="m8[us]")),
        }
    )
    frame.attrs = {"datakit": {"version": "1"}}
    return save_frame(frame, tmp_path / "saved.parquet")


def test_pandas_opens_it_with_index_and_attrs(saved: Path) -> None:
    frame = pd.read_parquet(saved)
    assert frame.index.names == ["Subject", "Session", "Task"]
    assert frame.attrs == {"datakit": {"version": "1"}}
    assert [None if trace is None else trace.tolist() for trace in frame["meso.dF_F"]] == TRACE
    assert frame["age.value"].tolist()[0] == 1.5
    assert frame["log.device"].iloc[0].tolist() == ["cam", "nidaq", None]
    assert pd.read_parquet(saved, columns=["sex.value"])["sex.value"].tolist() == ["F", "M", "F", "M"]


def test_polars_opens_it(saved: Path) -> None:
    frame = pl.read_parquet(saved)
    assert frame["meso.dF_F"].to_list() == TRACE
    assert frame.schema["meso.dF_F"] == pl.List(pl.Float64)
    assert frame.schema["notes.at"] == pl.List(pl.Datetime("us", "UTC"))
    assert frame.filter(pl.col("Subject") == "02")["map.grid"].to_list() == [[0.0, 1.0, 2.0, 3.0]]
    assert frame["map.grid:shape"].to_list()[0] == [2, 2]


def test_duckdb_opens_it(saved: Path) -> None:
    with duckdb.connect() as database:
        query = f"""SELECT "Subject", list_avg("meso.dF_F"), "log.meta"::JSON->>'who', "age.value" FROM '{saved}' ORDER BY 1"""
        assert database.execute(query).fetchall() == [
            ("00", 1.0, "é", 1.5),
            ("01", None, "é", None),
            ("02", None, "é", 1.5),
            ("03", 7.5, "é", None),
        ]
        everything = database.sql(f"SELECT * FROM '{saved}'").to_arrow_table()
        assert everything.shape == (4, len(pq.read_schema(saved).names))


def test_pyarrow_opens_it(saved: Path) -> None:
    assert pq.read_table(saved, columns=["meso.dF_F"])["meso.dF_F"].to_pylist() == TRACE
    assert pq.read_table(saved)["sex.value"].to_pylist() == ["F", "M", "F", "M"]


def test_no_column_is_pickled(saved: Path) -> None:
    binary = [field.name for field in pq.read_schema(saved) if "binary" in str(field.type)]
    assert binary == []


def test_parquet_of_others_opens_here(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=pd.Index([5, 6], name="key"))
    frame.attrs = {"k": 1}
    frame.to_parquet(tmp_path / "theirs.parquet")
    loaded = load_saved(tmp_path / "theirs.parquet")
    pd.testing.assert_frame_equal(loaded, frame)
    assert loaded.attrs == {"k": 1}
    pl.DataFrame({"a": [[1.0], None]}).write_parquet(tmp_path / "polars.parquet")
    assert load_saved(tmp_path / "polars.parquet").shape == (2, 1)


def test_hdf5_holds_plain_arrays(saved: Path, tmp_path: Path) -> None:
    save_frame(load_saved(saved), tmp_path / "saved.h5")
    with h5py.File(tmp_path / "saved.h5") as file:
        trace = file["dataset/columns/meso.dF_F"]
        offsets, values = trace["offsets"][:], trace["values/values"][:]
        assert [values[start:stop].tolist() for start, stop in pairwise(offsets)] == [
            [0.0, 1.0, 2.0],
            [],
            [],
            [7.5],
        ]
        kinds: set[str] = set()
        file.visititems(lambda _, node: kinds.add(node.dtype.kind) if isinstance(node, h5py.Dataset) else None)
        assert kinds <= set("biuf")
