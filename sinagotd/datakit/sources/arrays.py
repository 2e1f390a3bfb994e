"""Reads NumPy's files, arrays of numbers only: what holds pickled objects is refused, never unpickled."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinagotd.datakit.sources.faults import UnreadableError

Array = NDArray[Any]


def read_npy(path: Path) -> Array:
    """One array of any dimension. Raises UnreadableError for pickled objects, and for a file that is cut or no array."""
    with path.open("rb") as file:
        try:
            return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
        except Exception as fault:  # noqa: BLE001  the header is parsed as Python, so damage fails in many ways
            raise UnreadableError(path, f"cannot be read as an array: {fault}") from None


def read_npz(path: Path) -> dict[str, Array]:
    """All arrays of an archive by name. Raises UnreadableError as `read_npy` does."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as fault:
        raise UnreadableError(path, f"cannot be read as an archive of arrays: {fault}") from None
