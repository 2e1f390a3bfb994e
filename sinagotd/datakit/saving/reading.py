"""Loads a saved dataset whatever its format is, and never runs what a file holds unless it is told to trust it."""

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from sinagotd.datakit.saving.formats import Format, recognise


def load_saved(path: str | Path, *, hdf_key: str = "dataset", trust: bool = False) -> pd.DataFrame:
    """The frame that was saved, with its attrs.

    Raises FileNotFoundError; FormatError (a ValueError) for what is no saved dataset; DamagedError (a DatasetError) for a file that
    is cut off or newer than this program; RefusedError (an UnpicklingError) for a pickle that holds anything but plain data, unless
    it is trusted; TypeError for a pickle of something else than a frame; KeyError for an HDF5 key that is not there.
    """
    place = Path(path).expanduser().resolve()
    if not place.is_file():
        raise FileNotFoundError(errno.ENOENT, _nothing(place), str(place))
    return _reader(recognise(place), hdf_key, trust)(place)


def _nothing(place: Path) -> str:
    return (
        "is a folder, and a saved dataset is a file"
        if place.is_dir()
        else "there is neither a file nor a folder of this name"
    )


def _reader(format_: Format, hdf_key: str, trust: bool) -> Callable[[Path], pd.DataFrame]:  # noqa: FBT001  as its user has it
    """What reads a format; the others are not even imported, for each costs memory."""
    match format_:
        case Format.PARQUET:
            from sinagotd.datakit.saving.parquet import read_parquet as read  # noqa: PLC0415
        case Format.HDF5:
            from sinagotd.datakit.saving.hdf5 import read_hdf5  # noqa: PLC0415

            return partial(read_hdf5, key=hdf_key)
        case Format.CSV:
            from sinagotd.datakit.saving.csv import read_csv as read  # noqa: PLC0415
        case Format.PICKLE:
            from sinagotd.datakit.saving.pickles import read_pickle  # noqa: PLC0415

            return partial(read_pickle, trust=trust)
    return read
