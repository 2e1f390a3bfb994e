"""Datasets of scalars as CSV: one header line, `source.feature`, and the index first. Types and attrs are not kept."""

from pathlib import Path
from typing import Any

import pandas as pd

from sinagotd.datakit.saving.columns import TYPED
from sinagotd.datakit.saving.faults import DamagedError, FormatError
from sinagotd.datakit.saving.footer import KEY, read_layout
from sinagotd.datakit.saving.frames import Gathering
from sinagotd.datakit.saving.layout import Column, Layout
from sinagotd.datakit.saving.parquet import opened, tables

SCALARS = frozenset(("bool", "int", "float", "str", "number", "stamp", TYPED))
HEADS = ("Source", "Feature")


def write_csv(parquet: Path, path: Path, _: str) -> None:
    """Write the dataset of a Parquet file of ours, some rows at a time. Raises FormatError for the first column that holds more."""
    with opened(parquet) as source, path.open("w", encoding="utf-8", newline="") as file:
        layout = read_layout(source.metadata.metadata[KEY], source.schema_arrow)
        _refuse_more_than_scalars(layout)
        head: list[str] | bool = [column.name for column in layout.columns]
        for table in tables(source):
            _frame(table, layout).to_csv(file, header=head)
            head = False
        if head:
            _frame(source.schema_arrow.empty_table(), layout).to_csv(file, header=head)


def read_csv(path: Path) -> pd.DataFrame:
    """A frame of scalars; the columns before the first with a dot are the index, as text. Raises DamagedError and OSError."""
    try:
        names = [str(name) for name in pd.read_csv(path, nrows=0).columns]
        levels = _levels(names)
        frame = pd.read_csv(path, dtype=dict.fromkeys(levels, str), index_col=levels or None, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as fault:
        raise DamagedError(f"{path}: this is no table in CSV ({fault})") from fault
    if levels:
        frame.columns = pd.MultiIndex.from_tuples([tuple(name.split(".", 1)) for name in frame.columns], names=HEADS)
    return frame


def _levels(names: list[str]) -> list[str]:
    """The columns of the index; none if the columns are not those of a dataset."""
    dotted = ["." in name for name in names]
    first = dotted.index(True) if any(dotted) else 0
    return names[:first] if all(dotted[first:]) else []


def _frame(table: Any, layout: Layout) -> pd.DataFrame:
    gathering = Gathering(layout, table.num_rows)
    gathering.add(table)
    return gathering.frame()


def _refuse_more_than_scalars(layout: Layout) -> None:
    for column in layout.columns:
        if not _is_scalar(column):
            raise FormatError(
                f"CSV holds one value per cell, and the column {column.name!r} has more: leave it out, or save as Parquet"
            )


def _is_scalar(column: Column) -> bool:
    return all(variant.kind.form in SCALARS for variant in column.variants)
