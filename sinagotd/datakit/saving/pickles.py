"""Reads pickled frames of this and other libraries without running what they hold: only names on a list are admitted."""

import bz2
import gzip
import lzma
import pickle
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from sinagotd.datakit.saving.admitted import RENAMED, type_called
from sinagotd.datakit.saving.faults import DamagedError, NoFrameError, RefusedError
from sinagotd.datakit.saving.makers import maker_called
from sinagotd.datakit.saving.rehearsal import rehearse

COMPRESSIONS: dict[bytes, tuple[Any, Any]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bz2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
}
LONGEST_MAGIC_BYTES = 6
CUT_OFF = (EOFError, pickle.UnpicklingError, lzma.LZMAError, gzip.BadGzipFile)


def read_pickle(path: Path, *, trust: bool = False) -> pd.DataFrame:
    """The frame of a pickle, compressed or not. With `trust` the file may run anything: only for files you made yourself.

    Raises RefusedError for what is not on the list, DamagedError, TypeError for something else than a frame, OSError.
    """
    try:
        frame = pd.read_pickle(path, compression=_compression(path)[0]) if trust else _read(path)  # noqa: S301  asked for
    except RefusedError as fault:
        raise RefusedError(
            f"{path} was not loaded, for it holds {fault}; only if you know who made it, load it with trust=True (--trust)"
        ) from fault
    except OSError as fault:
        if fault.errno is not None:
            raise
        raise _damaged(path, fault) from fault
    except Exception as fault:
        if trust and not isinstance(fault, CUT_OFF):
            raise
        raise _damaged(path, fault) from fault
    if not isinstance(frame, pd.DataFrame):
        raise NoFrameError(f"{path} holds no table, but {type(frame).__name__}")
    return frame


def _read(path: Path) -> Any:
    with _opened(path) as file:
        rehearse(file, find)
    with _opened(path) as file:
        frame = _Unpickler(file).load()
    if type(frame) is not pd.DataFrame:
        return frame
    clean = pd.DataFrame(frame, copy=False)
    clean.attrs = dict(frame.attrs)
    return clean


def find(module: str, name: str) -> Any:
    """What an admitted name stands for: a type, a guarded function or a constant. Raises RefusedError for any other."""
    place = RENAMED.get((module, name), (module, name))
    home = type_called(*place)
    if home is None and place != ("pandas._libs.missing", "NA"):
        maker = maker_called(*place)
        if maker is None:
            raise RefusedError(f"{module}.{name}, which is not plain data")
        return maker
    module, name = home or place
    return getattr(import_module(module), name)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return find(module, name)


def _opened(path: Path) -> Any:
    _, opener = _compression(path)
    return opener(path, "rb")


def _compression(path: Path) -> tuple[Any, Any]:
    """How a file is compressed, by its first bytes: what pandas calls it, and what opens it."""
    with path.open("rb") as file:
        start = file.read(LONGEST_MAGIC_BYTES)
    return next((known for magic, known in COMPRESSIONS.items() if start.startswith(magic)), (None, Path.open))


def _damaged(path: Path, fault: Exception) -> DamagedError:
    told = f"{type(fault).__name__}: {fault}".splitlines()[0][:200]
    return DamagedError(f"{path}: the pickle is cut off or damaged and cannot be read ({told})")
