"""Frames as materializing makes them, and with every type of cell, for the tests of saving."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.streams import equal_values

ROWS = 4


def column(*cells: Any, rows: int = ROWS) -> Any:
    """The cells over and over, as an object column."""
    held = np.empty(rows, dtype=object)
    for place in range(rows):
        held[place] = cells[place % len(cells)]
    return pd.Series(held, dtype=object)


def frame_of(columns: dict[tuple[str, str], Any], rows: int = ROWS, first: int = 0) -> pd.DataFrame:
    """A frame with the axes that materializing gives."""
    frame = pd.DataFrame(
        {label: pd.Series(values, dtype=getattr(values, "dtype", None)) for label, values in columns.items()}
    )
    frame.columns = pd.MultiIndex.from_tuples(list(columns), names=["Source", "Feature"])
    keys = [[f"{number:02}" for number in range(first, first + rows)], ["ses-1"] * rows, ["task-a"] * rows]
    frame.index = pd.MultiIndex.from_arrays(keys, names=["Subject", "Session", "Task"])
    return frame


def assert_same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """Equal frames, attrs, and cells of the same types all through."""
    pd.testing.assert_frame_equal(found, wanted)
    assert equal_values(found.attrs, wanted.attrs)
    for place in range(wanted.shape[1]):
        _assert_same_cells(found.iloc[:, place].tolist(), wanted.iloc[:, place].tolist(), wanted.columns[place])


def _assert_same_cells(found: Sequence[Any], wanted: Sequence[Any], label: Any) -> None:
    for one, other in zip(found, wanted, strict=True):
        assert type(one) is type(other), (label, one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None), (label, one, other)
        assert getattr(one, "shape", None) == getattr(other, "shape", None), (label, one, other)
        if not isinstance(one, pd.DataFrame):
            assert equal_values(one, other), (label, one, other)
