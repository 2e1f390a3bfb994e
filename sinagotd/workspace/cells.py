"""Reads what steps made, and raw files, as cells of a dataset: by suffix, or as `[processed]` of the settings says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from sinagotd.datakit.arrays import column_array
from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import DataSource
from sinagotd.datakit.sources.readers import TABLES, read_table
from sinagotd.datakit.sources.session_config import typed_word
from sinagotd.datakit.streams import LoadedStream
from sinagotd.workspace.outputs import READERS, read_output
from sinagotd.workspace.plugins.processed import TYPES

READING = 1
"""Counts what is made of a file here. Who changes that raises it, and datasets load their cells again."""
LONGEST_WORD = 200
"""Text up to so many characters may be a number or a truth; longer text is text."""


class StepSource(DataSource):
    """A file of a step; `getter` is a data getter of Sinagot, or "" for what the suffix says."""

    is_timeseries = False
    getter: ClassVar[str] = ""
    data_type: ClassVar[str | None] = None
    columns: ClassVar[tuple[str, ...]] = ()

    def load(self, path: Path, *, context: LoadContext | None = None) -> LoadedStream:
        """A table is a feature for each column, a mapping for each key, anything else the feature `value` or `values`."""
        del context
        value = GETTERS[self.getter](self, path)
        shown = value if isinstance(value, dict) or np.ndim(value) == 0 else {"values": np.asarray(value)}
        return self.stream([], shown, {"scope": "session"})

    def options(self) -> dict[str, Any]:
        return {
            "getter": self.getter,
            "data_type": self.data_type,
            "columns": list(self.columns),
            "reading": READING,
        }


def step_source(tag: str, wanted: Mapping[str, Any]) -> type[StepSource]:
    """A class for one tag; `wanted` are the keys of `[processed]` that say how it is read, if any do."""
    attributes = {
        "__module__": __name__,
        "tag": tag,
        "getter": wanted.get("data_getter", "single_data") if wanted else "",
        "data_type": wanted.get("data_type"),
        "columns": tuple(wanted.get("columns") or ()),
    }
    return type(f"StepSource_{tag}", (StepSource,), attributes)


def _by_suffix(_: StepSource, path: Path) -> Any:
    if path.suffix.lower() not in READERS and path.suffix.lower() in TABLES:
        return _columns(read_table(path).to_pandas())
    value = read_output(path)
    match value:
        case pd.DataFrame():
            return _columns(value)
        case str() if len(value) <= LONGEST_WORD:
            return typed_word(value)
        case Path():
            return str(value)
    return value


def _single(source: StepSource, path: Path) -> Any:
    return TYPES[source.data_type](path.read_text())


def _table(_: StepSource, path: Path) -> dict[str, Any]:
    return _columns(pd.read_csv(path))


def _series(source: StepSource, path: Path) -> dict[str, Any]:
    rows = pd.read_csv(path, header=None, index_col=0, names=["name", "value"])["value"]
    made = {str(name): value for name, value in rows.items()}
    return {name: made.get(name) for name in source.columns} if source.columns else made


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): column_array(column) for name, column in frame.items()}


GETTERS = {"": _by_suffix, "single_data": _single, "dataframe_from_csv": _table, "series_from_csv": _series}
