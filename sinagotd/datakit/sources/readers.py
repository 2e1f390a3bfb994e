"""Chooses the reader for a file by its suffix: one for tables, one for arrays, one for lines. It never unpickles.

Tables: `.csv` `.tsv` `.tab` `.txt` (columns of text), `.json` `.jsonl` `.ndjson`, `.parquet`, `.npz`, `.npy` (with named
fields), `.h5` `.hdf5`. Arrays: `.npy`, `.npz`, `.h5`, `.hdf5`, and tables of numbers.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from sinagotd.datakit.sources import hdf5
from sinagotd.datakit.sources.arrays import Array, read_npy, read_npz
from sinagotd.datakit.sources.columns import numbers
from sinagotd.datakit.sources.delimited import read_delimited
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.records import Records, read_json, read_json_lines, records_of


class Reading(NamedTuple):
    """How to read a file where its suffix and content do not say it.

    `key` is the entry of a JSON object, NPZ archive or HDF5 file; `expand` names nested objects whose entries become columns.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    key: str | None = None
    expand: tuple[str, ...] = ()


def read_table(path: Path, how: Reading = Reading()) -> pa.Table:  # noqa: B008  a NamedTuple never changes
    """A table of any format. Raises UnreadableError for a suffix without a reader, and whatever that reader raises."""
    return _reader(path, how, TABLES, "table")(path, how)


def read_array(path: Path, how: Reading = Reading()) -> Array:  # noqa: B008  as above
    """An array of numbers of any format and dimension. Raises UnreadableError as `read_table` does."""
    return np.asarray(_reader(path, how, ARRAYS, "array")(path, how))


def table_of_records(path: Path, records: Records, *, expand: tuple[str, ...] = ()) -> pa.Table:
    """One row per record; the entries of the nested objects that `expand` names become columns as well."""
    flat = [_expanded(record, expand) for record in records]
    names = dict.fromkeys(name for record in (*records, *flat) for name in record if name not in expand)
    return _table(path, {name: [record.get(name) for record in flat] for name in names})


def _reader(path: Path, how: Reading, readers: Mapping[str, Any], what: str) -> Any:
    suffix = f".{how.format}" if how.format else path.suffix.lower()
    if suffix not in readers:
        raise UnreadableError(
            path, f"no {what} can be read from {suffix or 'a name without a suffix'}; from {' '.join(readers)} it can"
        )
    return readers[suffix]


def _text(path: Path, how: Reading, usual: str = "\t") -> pa.Table:
    return read_delimited(path, delimiter=how.delimiter or usual, encoding=how.encoding)


def _json(path: Path, how: Reading) -> pa.Table:
    value = read_json(path, how.encoding)
    if how.key is not None:
        if not isinstance(value, dict) or how.key not in value:
            raise UnreadableError(path, f"no key {how.key!r} at its top")
        value = value[how.key]
    if isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        return _table(path, value)
    return table_of_records(path, records_of(path, value), expand=how.expand)


def _json_lines(path: Path, how: Reading) -> pa.Table:
    return table_of_records(path, read_json_lines(path, how.encoding), expand=how.expand)


def _parquet(path: Path, how: Reading) -> pa.Table:  # noqa: ARG001  one signature for all readers
    from pyarrow import parquet  # noqa: PLC0415

    try:
        return _worded(parquet.read_table(path, use_threads=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
        raise UnreadableError(path, f"cannot be read as Parquet: {fault}") from None


def _archive(path: Path, how: Reading) -> pa.Table:
    arrays = read_npz(path)
    return _table(path, _fields(arrays[how.key]) if how.key in arrays else arrays)


def _structured(path: Path, how: Reading) -> pa.Table:  # noqa: ARG001  as above
    values = read_npy(path)
    if values.dtype.names is None:
        raise UnreadableError(path, "an array without named fields is no table; declare it as a matrix")
    return _table(path, _fields(values))


def _hdf5(path: Path, how: Reading) -> pa.Table:
    columns = hdf5.read_table(path, how.key)
    named = {".".join(map(str, label)) if isinstance(label, tuple) else str(label): v for label, v in columns.items()}
    return _table(path, named)


def _fields(values: Array) -> dict[str, Array]:
    return {name: values[name] for name in values.dtype.names or ()}


def _expanded(record: dict[str, Any], nested: tuple[str, ...]) -> dict[str, Any]:
    """The entries of nested objects beside those of the record, which come first where names are equal."""
    inner = {key: value for name in nested for key, value in (record.get(name) or {}).items()}
    return {**record, **{key: value for key, value in inner.items() if key not in record}}


def _table(path: Path, columns: Mapping[str, Any]) -> pa.Table:
    shapes = {
        name: (len(values),) if isinstance(values, list) else np.shape(values) for name, values in columns.items()
    }
    if len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 1:
        raise UnreadableError(path, f"its entries are no columns of one length: {shapes}")
    return _worded(pa.table({name: _column(values) for name, values in columns.items()}))


def _worded(table: pa.Table) -> pa.Table:
    """Text of a format that has types as `large_string`, so that it stays text: only what comes from CSV may be a number."""
    for place, kind in enumerate(table.schema):
        if pa.types.is_string(kind.type):
            table = table.set_column(place, kind.name, table.column(place).cast(pa.large_string()))
    return table


def _column(values: Any) -> pa.Array:
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # several types, or numbers beyond 64 bits
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _npy(path: Path, how: Reading) -> Array:  # noqa: ARG001  one signature for all readers
    return read_npy(path)


def _npz(path: Path, how: Reading) -> Array:
    arrays = read_npz(path)
    key = how.key or (next(iter(arrays)) if len(arrays) == 1 else "")
    if key not in arrays:
        raise UnreadableError(path, f"say by key which of its arrays to read: {', '.join(arrays)}")
    return arrays[key]


def _from_table(path: Path, how: Reading) -> Array:
    table = read_table(path, how)
    return np.column_stack([numbers(table[name]) for name in table.column_names])


def _hdf5_array(path: Path, how: Reading) -> Array:
    return hdf5.read_array(path, how.key)


TABLES: Mapping[str, Callable[[Path, Reading], pa.Table]] = MappingProxyType(
    {
        ".csv": partial(_text, usual=","),
        **dict.fromkeys((".tsv", ".tab", ".txt"), _text),
        ".json": _json,
        **dict.fromkeys((".jsonl", ".ndjson"), _json_lines),
        ".parquet": _parquet,
        ".npz": _archive,
        ".npy": _structured,
        **dict.fromkeys((".h5", ".hdf5"), _hdf5),
    }
)
ARRAYS: Mapping[str, Callable[[Path, Reading], Array]] = MappingProxyType(
    {
        ".npy": _npy,
        ".npz": _npz,
        **dict.fromkeys((".h5", ".hdf5"), _hdf5_array),
        **dict.fromkeys((".csv", ".tsv", ".parquet"), _from_table),
    }
)
