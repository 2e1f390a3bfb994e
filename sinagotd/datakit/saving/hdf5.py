"""Datasets in HDF5 through h5py: the columns of the Parquet file as plain arrays of numbers, nothing pickled. Writes from Parquet.

A column is a group below `<key>/columns`: `values`; for lists also `offsets` (a list is values[offsets[i]:offsets[i+1]]); for
texts `values` are the UTF-8 bytes of all of them and `ends` says where each ends; where something is missing, `valid` is False.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.saving.faults import DamagedError, NoKeyError
from sinagotd.datakit.saving.footer import ATTRS_KEY, KEY, fitting, read_attrs, read_layout
from sinagotd.datakit.saving.frames import Gathering
from sinagotd.datakit.saving.lists import joined
from sinagotd.datakit.saving.parquet import opened

FEW_BYTES = 2**16
COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
LAYOUT, ATTRS, SCHEMA, COLUMNS, ROWS = "layout", "attrs", "schema", "columns", "rows"
VALUES, OFFSETS, ENDS, VALID = "values", "offsets", "ends", "valid"
READABLE = " ~:,()[]"


def write_hdf5(parquet: Path, path: Path, key: str) -> None:
    """Write the dataset of a Parquet file of ours below a key, one column in memory at a time, and read it back."""
    with opened(parquet) as source, h5py.File(path, "w") as file:
        group = file.create_group(key)
        schema = source.schema_arrow
        group.attrs[ROWS] = source.metadata.num_rows
        _put(group, LAYOUT, _bytes(source.metadata.metadata[KEY]))
        _put(group, ATTRS, _bytes(schema.metadata[ATTRS_KEY]))
        _put(group, SCHEMA, _bytes(schema.remove_metadata().serialize()))
        for field in schema:
            column = source.read(columns=[field.name]).column(field.name)
            _write(
                group.create_group(f"{COLUMNS}/{_group_name(field.name)}"),
                pa.concat_arrays(column.chunks or [column.combine_chunks()]),
            )
    read_hdf5(path, key)


def read_hdf5(path: Path, key: str) -> pd.DataFrame:
    """The frame that was saved below a key, with its attrs. Raises KeyError for a key that is not there, DamagedError, OSError."""
    try:
        with h5py.File(path, "r") as file:
            group = _group(file, path, key)
            with fitting():
                return _read_frame(group)
    except DamagedError as fault:
        raise DamagedError(f"{path}: {fault}") from fault
    except NoKeyError:
        raise
    except (OSError, pa.ArrowException, ValueError, TypeError) as fault:
        if isinstance(fault, OSError) and fault.filename is not None:
            raise
        raise DamagedError(
            f"{path}: the file is cut off or damaged and cannot be read ({str(fault).splitlines()[0]})"
        ) from fault


def _group(file: Any, path: Path, key: str) -> Any:
    if not isinstance(file.get(key), h5py.Group):
        raise NoKeyError(f"{path}: there is no dataset {key!r}; there are: {', '.join(file) or 'none'}")
    if LAYOUT not in file[key]:
        raise DamagedError(
            f"{key!r} is no dataset of ours; if pandas wrote it, load it with pandas.read_hdf (it can run code) and save it as Parquet"
        )
    return file[key]


def _read_frame(group: Any) -> pd.DataFrame:
    schema = pa.ipc.read_schema(pa.py_buffer(group[SCHEMA][:].tobytes()))
    layout = read_layout(group[LAYOUT][:].tobytes(), schema)
    rows = int(group.attrs[ROWS])
    arrays = [_read(group[f"{COLUMNS}/{_group_name(field.name)}"], field.type, rows) for field in schema]
    table = pa.table(arrays, schema=schema)
    table.validate(full=True)
    gathering = Gathering(layout, rows)
    gathering.add(table)
    frame = gathering.frame()
    frame.attrs |= read_attrs({ATTRS_KEY: group[ATTRS][:].tobytes()})
    return frame


def _write(group: Any, array: Any) -> None:
    type_ = array.type
    if array.null_count and not pa.types.is_null(type_):
        _put(group, VALID, array.is_valid().to_numpy(zero_copy_only=False))
    if pa.types.is_large_list(type_):
        offsets = array.offsets.to_numpy()
        _put(group, OFFSETS, offsets - offsets[0])
        _write(group.create_group(VALUES), joined(array).slice(offsets[0], offsets[-1] - offsets[0]))
    elif _is_text(type_):
        whole = array.fill_null(b"" if pa.types.is_large_binary(type_) else "")
        _, offsets, content = whole.buffers()
        ends = np.frombuffer(offsets, np.int64)[whole.offset : whole.offset + len(whole) + 1]
        _put(group, ENDS, ends[1:] - ends[0])
        _put(group, VALUES, np.frombuffer(content or b"", np.uint8)[ends[0] : ends[-1]])
    elif not pa.types.is_null(type_):
        _put(group, VALUES, _numbers(array))


def _read(group: Any, type_: pa.DataType, rows: int) -> Any:
    if pa.types.is_null(type_):
        return pa.nulls(rows)
    missing = ~group[VALID][:] if VALID in group else None
    if pa.types.is_large_list(type_):
        offsets = group[OFFSETS][:]
        values = _read(group[VALUES], type_.value_type, int(offsets[-1]))
        return pa.LargeListArray.from_arrays(
            pa.array(offsets), values, type=type_, mask=None if missing is None else pa.array(missing)
        )
    if _is_text(type_):
        ends = np.concatenate(([0], group[ENDS][:])).astype(np.int64)
        buffers = [
            None if missing is None else pa.array(~missing).buffers()[1],
            pa.py_buffer(ends),
            pa.py_buffer(group[VALUES][:].tobytes()),
        ]
        return pa.Array.from_buffers(type_, len(ends) - 1, buffers)
    numbers = pa.array(group[VALUES][:], mask=missing)
    return numbers if numbers.type == type_ else numbers.view(type_)


def _numbers(array: Any) -> Any:
    """Booleans as such, times and durations as whole numbers of their unit, numbers as they are; zero where one is missing."""
    plain = array.view(pa.int64()) if pa.types.is_temporal(array.type) else array
    return (
        plain.fill_null(False if pa.types.is_boolean(plain.type) else 0).to_numpy(zero_copy_only=False)
        if plain.null_count
        else plain.to_numpy(zero_copy_only=False)
    )


def _put(group: Any, name: str, values: Any) -> None:
    group.create_dataset(name, data=values, **(COMPRESSION if values.nbytes > FEW_BYTES else {}))


def _bytes(content: bytes) -> Any:
    return np.frombuffer(content, np.uint8)


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(type_) or pa.types.is_large_binary(type_))


def _group_name(name: str) -> str:
    """A column's name as the name of a group, where a slash or a lone dot would mean something else."""
    quoted = quote(name, safe=READABLE)
    return quoted.replace(".", "%2E") if set(quoted) <= {"."} else quoted
