"""How the cells of one kind become Arrow arrays, and come back: one writer and one reader per form, over whole columns.

A writer gets the cells that are there, all of one kind; it gives the kind as refined by what it saw, and arrays by suffix: the
one with the suffix "" is what other programs read, the rest is what only we need. Nothing here loops over elements in Python.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.saving.dtypes import dtype_of, from_arrow
from sinagotd.datakit.saving.kinds import NESTED, Kind
from sinagotd.datakit.saving.lists import joined, listed, pieces
from sinagotd.datakit.saving.nested import dumps, loads

Arrays = dict[str, Any]
SHAPE = "shape"


class Form(NamedTuple):
    """`write(kind, cells)` gives the refined kind and the arrays; `read(kind, arrays)` the cells of the rows that are there."""

    write: Callable[[Kind, Sequence[Any]], tuple[Kind, Arrays]]
    read: Callable[[Kind, Arrays], list[Any]]


def write(kind: Kind, cells: Sequence[Any], table: "Mapping[str, Form] | None" = None) -> tuple[Kind, Arrays]:
    """Cells of one kind as arrays; what Arrow cannot take after all (huge ints, broken text) is stored as nested."""
    try:
        return (table or FORMS)[kind.form].write(kind, cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        return _write_nested(NESTED, cells)


def plain(type_: pa.DataType) -> Form:
    """A form whose cells are Python values that one Arrow type holds."""
    return Form(lambda kind, cells: (kind, {"": pa.array(cells, type_)}), _read_plain)


def _read_plain(_: Kind, arrays: Arrays) -> list[Any]:
    values: list[Any] = arrays[""].drop_null().to_numpy(zero_copy_only=False).tolist()
    return values


def _write_nested(kind: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    return kind, {"": pa.array([dumps(cell) for cell in cells], pa.large_string())}


def _read_nested(_: Kind, arrays: Arrays) -> list[Any]:
    return [loads(text) for text in _read_plain(NESTED, arrays)]


def _write_number(kind: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    return kind, {"": native(np.array(cells, dtype=kind.detail))}


def _read_number(kind: Kind, arrays: Arrays) -> list[Any]:
    return list(from_arrow(arrays[""].drop_null(), np.dtype(kind.detail)))


def _write_stamp(kind: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    return kind, {"": pa.array(pd.array(list(cells), dtype=dtype_of(kind.detail)))}


def _read_stamp(kind: Kind, arrays: Arrays) -> list[Any]:
    values = from_arrow(arrays[""].drop_null(), dtype_of(kind.detail))
    return list(pd.Index(values))


def _write_array(kind: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    return kind, {
        "": listed(native(np.concatenate(cells)), lengths(cells), nullable=np.dtype(kind.detail).kind in "mM")
    }


def _read_array(kind: Kind, arrays: Arrays) -> list[Any]:
    return pieces(from_arrow(joined(arrays[""]), np.dtype(kind.detail)), arrays[""])


def _write_grid(kind: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    flat = [cell.ravel() for cell in cells]
    shapes = [np.array(cell.shape, dtype=np.int64) for cell in cells]
    _, arrays = _write_array(kind, flat)
    return kind, arrays | {SHAPE: listed(pa.array(np.concatenate(shapes)), lengths(shapes), nullable=False)}


def _read_grid(kind: Kind, arrays: Arrays) -> list[Any]:
    shapes = pieces(joined(arrays[SHAPE]).to_numpy(), arrays[SHAPE])
    return [flat.reshape(shape) for flat, shape in zip(_read_array(kind, arrays), shapes, strict=True)]


def _write_complex(kind: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    """Real and imaginary parts lie side by side, as a last axis of two."""
    part = _part(kind)
    native_cells = [np.ascontiguousarray(cell, dtype=np.dtype(kind.detail).newbyteorder("=")) for cell in cells]
    _, arrays = _write_grid(
        part, [cell.view(part.detail).reshape(*old.shape, 2) for cell, old in zip(native_cells, cells, strict=True)]
    )
    return kind, arrays


def _read_complex(kind: Kind, arrays: Arrays) -> list[Any]:
    dtype = np.dtype(kind.detail)
    parts = _read_grid(_part(kind), arrays)
    return [cell.view(dtype.newbyteorder("=")).reshape(cell.shape[:-1]).astype(dtype, copy=False) for cell in parts]


def _part(kind: Kind) -> Kind:
    return Kind("grid", f"f{np.dtype(kind.detail).itemsize // 2}")


def _write_texts(kind: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    return kind, {"": listed(pa.array(np.concatenate(cells), pa.large_string()), lengths(cells), nullable=False)}


def _read_texts(_: Kind, arrays: Arrays) -> list[Any]:
    values = joined(arrays[""]).to_numpy(zero_copy_only=False)
    return [np.array(piece, dtype=str) for piece in pieces(values, arrays[""])]


def _write_extension(kind: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    whole = type(cells[0])._concat_same_type(cells)  # noqa: SLF001  pandas documents it for users of extension arrays
    return kind, {"": listed(flat(whole), lengths(cells), nullable=True)}


def _read_extension(kind: Kind, arrays: Arrays) -> list[Any]:
    dtype = dtype_of(kind.detail)
    values = from_arrow(joined(arrays[""]), dtype)
    return pieces(pd.array(values, dtype=dtype, copy=False) if isinstance(dtype, np.dtype) else values, arrays[""])


def flat(values: Any) -> Any:
    """A pandas array of any dtype that Arrow has a type for, as one Arrow array; missing values become null."""
    array = pa.array(np.asarray(values) if isinstance(values.dtype, np.dtype) else values, from_pandas=True)
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return whole.cast(pa.large_string()) if pa.types.is_string(whole.type) else whole


def native(values: Any) -> Any:
    """A numpy array as an Arrow array without a copy, if its bytes are in this machine's order; NaT becomes null, NaN stays."""
    return pa.array(values.astype(values.dtype.newbyteorder("="), copy=False))


def lengths(cells: Sequence[Any]) -> Any:
    """The length of each cell."""
    return np.fromiter(map(len, cells), dtype=np.int64, count=len(cells))


FORMS: dict[str, Form] = {
    "bool": plain(pa.bool_()),
    "int": plain(pa.int64()),
    "float": plain(pa.float64()),
    "str": plain(pa.large_string()),
    "bytes": plain(pa.large_binary()),
    "nested": Form(_write_nested, _read_nested),
    "number": Form(_write_number, _read_number),
    "stamp": Form(_write_stamp, _read_stamp),
    "array": Form(_write_array, _read_array),
    "grid": Form(_write_grid, _read_grid),
    "complex": Form(_write_complex, _read_complex),
    "texts": Form(_write_texts, _read_texts),
    "extension": Form(_write_extension, _read_extension),
}
