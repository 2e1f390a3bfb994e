"""Which format a path means, told from its name and the caller's wish, or from the first bytes of a file. Opens no dataset."""

from enum import StrEnum
from pathlib import Path

from sinagotd.datakit.saving.faults import FormatError

PICKLE_COMPRESSIONS = (".gz", ".bz2", ".xz")
LONGEST_MAGIC_BYTES = 8


class Format(StrEnum):
    """The formats of a saved dataset; Parquet is the default."""

    PARQUET = "parquet"
    HDF5 = "hdf5"
    CSV = "csv"
    PICKLE = "pickle"


SUFFIXES = {
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".h5": Format.HDF5,
    ".hdf5": Format.HDF5,
    ".csv": Format.CSV,
    ".pkl": Format.PICKLE,
    ".pickle": Format.PICKLE,
}
ALSO_CALLED = {"h5": Format.HDF5, "pkl": Format.PICKLE, "pq": Format.PARQUET}
MAGIC = {
    b"PAR1": Format.PARQUET,
    b"\x89HDF\r\n\x1a\n": Format.HDF5,
    b"\x80": Format.PICKLE,
    b"\x1f\x8b": Format.PICKLE,
    b"BZh": Format.PICKLE,
    b"\xfd7zXZ\x00": Format.PICKLE,
}


def choose(path: Path, name: str | None = None) -> Format:
    """The format to save in: the one named, else the suffix's, else Parquet if the path has no suffix.

    Raises FormatError (a ValueError) for a name or suffix that is unknown, and for two that contradict each other.
    """
    by_suffix = of_suffix(path)
    wanted = None if name is None else _named(name)
    if wanted and by_suffix and wanted is not by_suffix:
        raise FormatError(
            f"{path}: the suffix means {by_suffix}, but format={name!r} was asked for: change one of the two"
        )
    if path.suffixes and path.suffix in PICKLE_COMPRESSIONS:
        raise FormatError(
            f"{path}: compressed files are read but not written; leave {path.suffix} off (Parquet is compressed)"
        )
    if wanted or by_suffix:
        return wanted or by_suffix or Format.PARQUET
    if path.suffix:
        raise FormatError(
            f"{path}: no format has the suffix {path.suffix!r}; take one of {', '.join(SUFFIXES)}, or name the format"
        )
    return Format.PARQUET


def of_suffix(path: Path) -> Format | None:
    """What the name of a file says about its format; a compressed pickle is one too."""
    inner = path.with_suffix("") if path.suffix in PICKLE_COMPRESSIONS else path
    return SUFFIXES.get(inner.suffix.lower())


def recognise(path: Path) -> Format:
    """The format of a file that is there: by its first bytes, else by its suffix. Raises FormatError and OSError."""
    with path.open("rb") as file:
        start = file.read(LONGEST_MAGIC_BYTES)
    by_content = next((format_ for magic, format_ in MAGIC.items() if start.startswith(magic)), None)
    found = by_content or of_suffix(path)
    if found is None:
        raise FormatError(
            f"{path}: this is no saved dataset: neither its suffix nor its content is of Parquet, HDF5, CSV or pickle"
        )
    return found


def _named(name: str) -> Format:
    lowered = name.lower()
    if lowered in ALSO_CALLED:
        return ALSO_CALLED[lowered]
    try:
        return Format(lowered)
    except ValueError:
        raise FormatError(f"there is no format {name!r}; take one of {', '.join(Format)}") from None
