"""Reads tables and arrays out of HDF5 with h5py, also those pandas wrote through PyTables; no object in it is unpickled.

pandas writes a frame as a group, either "fixed" (`axis0`, `block0_items`, `block0_values` …) or "table" (one compound data
set `table`, whose blocks are named in attributes that PyTables pickles). Those attributes are lists of plain words; they are
read by an unpickler that knows no class and calls nothing.
"""

import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sinagotd.datakit.sources.faults import UnreadableError

if TYPE_CHECKING:
    import h5py

Label = str | int | float | tuple[Any, ...]
Columns = dict[Label, NDArray[Any]]


class _PlainWords(pickle.Unpickler):
    """Lists, tuples, dictionaries, words and numbers; whatever would import or call something is refused."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise pickle.UnpicklingError(f"it wants {module_name}.{global_name}")


@contextmanager
def opened(path: Path) -> "Iterator[h5py.File]":
    """An HDF5 file, for reading. Raises UnreadableError where it is cut or something else."""
    import h5py  # noqa: PLC0415  imported where such a file is read

    path.stat()  # FileNotFoundError for what is not there, and no h5py message of many lines
    try:
        with h5py.File(path, "r") as file:
            yield file
    except UnreadableError:
        raise
    except Exception as fault:  # noqa: BLE001  h5py tells damage in any of seven ways, and runs nothing of ours
        raise UnreadableError(path, f"cannot be read as HDF5: {fault}") from None


def read_table(path: Path, key: str | None = None) -> Columns:
    """Columns (n,) by label of the table under a key, or of the only one in the file.

    A table is a group that pandas wrote, a compound data set, or a group of data sets of one length. Raises
    UnreadableError when there is none, several without a key, or one that holds pickled objects.
    """
    with opened(path) as file:
        name = key or _only_key(path, file)
        if name not in file:
            raise UnreadableError(path, f"no {name!r} in it; there are {', '.join(file)}")
        return _columns(path, file[name])


def read_array(path: Path, key: str | None = None) -> NDArray[Any]:
    """One data set of any dimension. Raises UnreadableError where it is no data set, or one of objects."""
    import h5py  # noqa: PLC0415

    with opened(path) as file:
        name = key or _only_key(path, file)
        node = file.get(name)
        if not isinstance(node, h5py.Dataset):
            raise UnreadableError(path, f"no data set {name!r} in it; there are {', '.join(file)}")
        return _values(path, node)


def _only_key(path: Path, file: "h5py.File") -> str:
    names = [str(name) for name in file]
    if len(names) != 1:
        raise UnreadableError(path, f"say which of its {len(names)} entries to read: {', '.join(names)}")
    return names[0]


def _columns(path: Path, node: Any) -> Columns:
    import h5py  # noqa: PLC0415

    if isinstance(node, h5py.Dataset):
        return _compound(path, node)
    if "table" in node:
        return _appendable(path, node)
    if "block0_values" in node or "nblocks" in node.attrs:
        return _fixed(path, node)
    columns = {
        name: _values(path, one) for name, one in node.items() if isinstance(one, h5py.Dataset) and one.ndim == 1
    }
    if not columns or len({len(values) for values in columns.values()}) > 1:
        raise UnreadableError(path, f"{node.name} holds no columns of one length")
    return columns


def _compound(path: Path, node: Any) -> Columns:
    if node.dtype.names is None:
        raise UnreadableError(path, f"{node.name} is an array and no table")
    values = node[()]
    return {name: _text(values[name]) for name in node.dtype.names}


def _appendable(path: Path, group: Any) -> Columns:
    """A frame in pandas' "table" layout; the columns in the frame's own order."""
    table = group["table"]
    values = table[()]
    columns: Columns = {}
    for name in table.dtype.names:
        labels = table.attrs.get(f"{name}_kind")
        if labels is not None and name != "index":
            block = values[name].reshape(len(values), -1)
            columns |= {label: _text(block[:, place]) for place, label in enumerate(_words(path, labels))}
    axes = group.attrs.get("non_index_axes")
    order = _words(path, axes)[0][1] if axes is not None else list(columns)
    return {label: columns[label] for label in map(_label, order) if label in columns}


def _fixed(path: Path, group: Any) -> Columns:
    """A frame in pandas' "fixed" layout."""
    columns: Columns = {}
    for place in range(int(group.attrs["nblocks"])):
        labels = _axis(path, group, f"block{place}_items")
        block = _values(path, group[f"block{place}_values"])
        columns |= {label: _text(block[:, at]) for at, label in enumerate(labels)}
    return {label: columns[label] for label in _axis(path, group, "axis0")}


def _axis(path: Path, group: Any, name: str) -> list[Label]:
    if name in group:
        return [_label(word) for word in _text(_values(path, group[name])).tolist()]
    levels = int(group.attrs[f"{name}_nlevels"])
    words = [_text(_values(path, group[f"{name}_level{level}"])) for level in range(levels)]
    codes = [group[f"{name}_label{level}"][()] for level in range(levels)]
    return list(zip(*(word[code].tolist() for word, code in zip(words, codes, strict=True)), strict=True))


def _values(path: Path, node: Any) -> NDArray[Any]:
    import h5py  # noqa: PLC0415

    if node.dtype.kind == "O" and h5py.check_string_dtype(node.dtype) is None:
        raise UnreadableError(path, f"{node.name} holds pickled objects, which are never read")
    return np.asarray(node.asstr()[()] if node.dtype.kind == "O" else node[()])


def _words(path: Path, pickled: Any) -> list[Any]:
    try:
        words = _PlainWords(io.BytesIO(bytes(pickled))).load()
    except Exception as fault:  # noqa: BLE001  broken pickles fail in many ways, and none of them is ours
        raise UnreadableError(path, f"the names of its columns are not plain words: {fault}") from None
    return [_label(word) for word in words] if isinstance(words, list) else []


def _label(word: Any) -> Any:
    return tuple(word) if isinstance(word, list) and word and not isinstance(word[0], list | tuple) else word


def _text(values: NDArray[Any]) -> NDArray[Any]:
    """Bytes as text, everything else as it is."""
    return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values
