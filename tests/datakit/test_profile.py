"""Memory figures against what is really allocated: V 17, V 28."""

import gc
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from saving_world import column, frame_of

from sinagotd.datakit.profile import profile_materialized
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.saving.writing import save_frame

ROWS = 40


def each(make: Callable[[int], Any], rows: int = ROWS) -> Callable[[], pd.DataFrame]:
    return lambda: frame_of({("s", "x"): column(*(make(row) for row in range(rows)), rows=rows)}, rows=rows)


def shared() -> pd.DataFrame:
    one = np.random.default_rng(0).random(100_000)
    return frame_of({("s", "x"): column(one, rows=ROWS), ("s", "y"): column(one, rows=ROWS)}, rows=ROWS)


def views() -> pd.DataFrame:
    block = np.random.default_rng(0).random(ROWS * 1000)
    return each(lambda row: block[row * 1000 : (row + 1) * 1000])()


FRAMES: dict[str, Callable[[], pd.DataFrame]] = {
    "arrays": each(lambda row: np.full(5000, row, dtype="f8")),
    "small arrays": each(lambda row: np.full(3, row, dtype="f8"), rows=5000),
    "grids": each(lambda row: np.full((50, 20), row, dtype="f4")),
    "texts in arrays of objects": each(
        lambda row: np.array([f"text {number} of {row}" for number in range(500)], dtype=object)
    ),
    "times in arrays of objects": each(
        lambda row: np.array(list(pd.date_range("2020", periods=100 + row, tz="UTC")), dtype=object)
    ),
    "texts": each(lambda row: pd.array([f"text {number} of {row}" for number in range(2000)], dtype="str")),
    "categories": each(lambda row: pd.Categorical.from_codes(np.zeros(10_000 + row, dtype="i1"), ["a", "b"])),
    "zoned times": each(lambda row: pd.array(pd.date_range("2020", periods=2000 + row, tz="UTC"))),
    "nested": each(lambda row: {f"key {number}": float(number + row) for number in range(200)}),
    "lists": each(lambda row: [float(number + row) for number in range(1000)]),
    "tables": each(lambda row: pd.DataFrame({"a": np.full(3000, row), "b": [f"{row} text"] * 3000})),
    "scalars": lambda: frame_of({("s", "x"): np.ones(50_000)}, rows=50_000).reset_index(drop=True),
    "shared": shared,
    "views": views,
}


def allocated(make: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, int]:
    """A frame, and how much memory making it took and kept."""
    make()
    gc.collect()
    arrow = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        frame = make()
        gc.collect()
        return frame, tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes() - arrow
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", FRAMES)
def test_figures_are_right_to_a_tenth(name: str) -> None:
    frame, real = allocated(FRAMES[name])
    report = profile_materialized(frame)
    assert report.estimated_total_bytes == pytest.approx(real, rel=0.1, abs=10_000)  # the frame itself
    assert real > 150_000


def test_a_loaded_dataset_is_weighed_right(tmp_path: Path) -> None:
    path = save_frame(FRAMES["arrays"](), tmp_path / "saved.parquet")
    frame, real = allocated(lambda: load_saved(path))
    assert profile_materialized(frame).estimated_total_bytes == pytest.approx(real, rel=0.1)


@pytest.fixture
def frame() -> pd.DataFrame:
    nested = {"deep": {"deeper": np.ones(100)}, "flat": 1}
    table = pd.DataFrame({"inner": np.ones(500)})
    return frame_of(
        {
            ("a", "x"): column(np.ones(1000), None),
            ("a", "meta"): column(nested),
            ("b", "t"): column(table),
            ("b", "n"): [1.0] * 4,
        }
    )


def test_the_report_tells_columns_sources_keys_and_cells(frame: pd.DataFrame) -> None:
    report = profile_materialized(frame, top_n_cells=2)
    x = report.columns[0]
    assert (x.column, x.source, x.feature, x.dtype, x.n_total, x.n_non_null, x.n_null) == (
        "a.x",
        "a",
        "x",
        "object",
        4,
        2,
        2,
    )
    assert x.value_type_counts == {"ndarray": 2}
    assert report.columns[1].nested_dict_key_bytes["deep.deeper"] > 4 * 800
    assert set(report.columns[2].nested_dataframe_inner_bytes) == {"<index>", "inner"}
    assert report.columns[3].estimated_total_bytes == 32
    assert report.by_source_bytes["a"] == sum(column.estimated_total_bytes for column in report.columns[:2])
    largest = [(cell.row, cell.column, cell.value_type) for cell in report.largest_cells]
    assert largest == [("00.ses-1.task-a", "a.x", "ndarray"), ("00.ses-1.task-a", "b.t", "DataFrame")]
    assert (report.column_levels, report.index_names) == (("Source", "Feature"), ("Subject", "Session", "Task"))


@pytest.mark.parametrize("suffix", ["parquet", "h5", "pkl"])
def test_every_saved_format_can_be_profiled(tmp_path: Path, frame: pd.DataFrame, suffix: str) -> None:
    path = save_frame(frame, tmp_path / f"saved.{suffix}")
    report = profile_materialized(path)
    assert (report.source_path, report.shape) == (str(path), (4, 4))


def test_the_report_reads_as_text_and_json(tmp_path: Path, frame: pd.DataFrame) -> None:
    report = profile_materialized(frame, source_path="where/from")
    assert report.summary().startswith("where/from: 4 rows x 4 columns\nin memory: ")
    assert "deep.deeper" in report.verbose()
    assert report.verbose(top_n_cells=1).count(" of 0") == 1
    written = report.to_json(tmp_path / "new" / "report.json")
    assert json.loads(written.read_text()) == report.to_dict()


def test_a_flat_frame_and_other_targets() -> None:
    report = profile_materialized(pd.DataFrame({"a": [1]}))
    assert (report.column_levels, report.columns[0].column) == (("columns",), "a")
    with pytest.raises(TypeError, match="wants a frame or the path of a saved one, not list"):
        profile_materialized([1])  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        profile_materialized("nowhere.parquet")
