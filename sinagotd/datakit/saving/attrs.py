"""Reads what a saved dataset says of itself, without its values where the format allows."""

from pathlib import Path
from typing import Any

import h5py

from sinagotd.datakit.saving.footer import ATTRS_KEY, read_attrs
from sinagotd.datakit.saving.formats import Format, recognise
from sinagotd.datakit.saving.parquet import opened
from sinagotd.datakit.saving.reading import load_saved


def saved_attrs(path: Path, *, hdf_key: str = "dataset", trust: bool = False) -> dict[str, Any]:
    """The attrs of a saved dataset; a pickle is loaded for them, and CSV has none. Raises what `load_saved` raises."""
    match recognise(path):
        case Format.PARQUET:
            with opened(path) as file:
                return read_attrs(file.schema_arrow.metadata)
        case Format.HDF5:
            with h5py.File(path, "r") as file:
                return read_attrs({ATTRS_KEY: file[f"{hdf_key}/attrs"][:].tobytes()})
        case Format.CSV:
            return {}
    return {str(key): value for key, value in load_saved(path, trust=trust).attrs.items()}
