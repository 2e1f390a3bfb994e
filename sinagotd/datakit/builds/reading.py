"""Reads what is published, whole: a folder of files is looked up once, so that no reader mixes two versions."""

import json
import os
from functools import reduce
from pathlib import Path

import pandas as pd

from sinagotd.datakit.saving.adapting import adapt
from sinagotd.datakit.saving.footer import KEY, read_layout
from sinagotd.datakit.saving.frames import Gathering
from sinagotd.datakit.saving.layout import Layout
from sinagotd.datakit.saving.parquet import opened, tables
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.errors import DatasetError


def load_published(output: Path) -> pd.DataFrame:
    """The frame that readers see now, also while a build goes on. Raises FileNotFoundError, DatasetError for a damaged file."""
    real = Path(os.path.realpath(output))
    return load_folder(real) if real.is_dir() else load_saved(real)


def load_folder(folder: Path) -> pd.DataFrame:
    """The rows of all files of a partitioned dataset, sorted by their index. Raises DatasetError where there is none."""
    files = sorted(folder.rglob("*.parquet"))
    layouts, rows = [], 0
    for path in files:
        with opened(path) as file:
            layouts.append(read_layout(file.metadata.metadata[KEY], file.schema_arrow))
            rows += file.metadata.num_rows
    if not layouts:
        raise DatasetError(f"{folder}: there is no file of a dataset in it")
    whole = reduce(Layout.with_, layouts)
    gathering = Gathering(whole, rows)
    for path, layout in zip(files, layouts, strict=True):
        with opened(path) as file:
            for table in tables(file):
                gathering.add(adapt(table, layout, whole))
    frame = gathering.frame().sort_index()
    frame.attrs.update(json.loads((folder / "_attrs.json").read_bytes()))
    return frame
