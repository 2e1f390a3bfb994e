"""Files that are cut off, damaged, newer or hostile are told in a sentence that names them."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from saving_world import column, frame_of

from sinagotd.datakit.saving import footer
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.saving.writing import save_frame
from sinagotd.errors import DatasetError


def saved(path: Path) -> Path:
    return save_frame(
        frame_of({("a", "x"): column(np.random.default_rng(0).random(4000)), ("a", "d"): column({"k": 1})}), path
    )


@pytest.mark.parametrize("suffix", ["parquet", "h5", "pkl"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, suffix: str, kept: float) -> None:
    path = saved(tmp_path / f"saved.{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(DatasetError, match="cut off or damaged") as told:
        load_saved(path)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("suffix", ["parquet", "h5", "pkl", "csv"])
def test_an_empty_file_is_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"saved.{suffix}"
    path.touch()
    with pytest.raises(DatasetError, match=str(path)):
        load_saved(path)


def test_a_flipped_bit_in_the_values_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path / "saved.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="cut off or damaged"):
        load_saved(path)


@pytest.mark.parametrize("suffix", ["parquet", "h5"])
def test_a_file_from_a_newer_program_is_told(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footer, "VERSION", 2)
    path = saved(tmp_path / f"saved.{suffix}")
    monkeypatch.undo()
    with pytest.raises(DatasetError, match=r"saved by a newer sinagotd \(layout 2, this one reads up to 1\): update"):
        load_saved(path)


LAYOUTS: list[Any] = [
    [],
    {"version": "x"},
    {"version": 1},
    {
        "version": 1,
        "index": [],
        "columns": [[["a"], "no", "object", "nan", [["array", "<f8", [""]]]]],
        "rows": [[]],
        "heads": [[]],
    },
    {
        "version": 1,
        "index": [],
        "columns": [["x", "x", "object", "nan", [["eval", "", [""]]]]],
        "rows": [[], [], False],
        "heads": [[None], ["object"], False],
    },
    {
        "version": 1,
        "index": [],
        "columns": [["x", "x", "object", "odd", []]],
        "rows": [[], [], True],
        "heads": [[None], ["object"], False],
    },
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_description_that_does_not_fit_is_told(tmp_path: Path, layout: Any) -> None:
    table = pa.table({"x": [1.0]}).replace_schema_metadata({footer.KEY: json.dumps(layout)})
    pq.write_table(table, tmp_path / "odd.parquet")
    with pytest.raises(DatasetError, match=r"odd\.parquet"):
        load_saved(tmp_path / "odd.parquet")


def test_hdf5_of_pandas_is_refused_for_it_pickles(tmp_path: Path) -> None:
    """V 7: PyTables unpickles objects and attributes; we do not, and say what can be done."""
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        file.create_group("dataset").attrs["pandas_type"] = b"frame"
    with pytest.raises(DatasetError, match=r"no dataset of ours.*pandas\.read_hdf \(it can run code\)"):
        load_saved(tmp_path / "theirs.h5")


def test_hdf5_with_false_offsets_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path / "saved.h5")
    with h5py.File(path, "r+") as file:
        file["dataset/columns/a.x/offsets"][-1] = 10**9
    with pytest.raises(DatasetError, match="cut off or damaged"):
        load_saved(path)


def test_csv_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"a,b\n1,2,3\n\xff\xfe\n")
    with pytest.raises(DatasetError, match="no table in CSV"):
        load_saved(tmp_path / "x.csv")


def test_nested_text_holds_nothing_that_runs(tmp_path: Path) -> None:
    hostile = {"~path": "/etc/passwd", "more": 1}
    frame = frame_of({("a", "x"): column(hostile, {"~eval": "1"})})
    pd.testing.assert_frame_equal(load_saved(save_frame(frame, tmp_path / "saved.parquet")), frame)
