"""One column of a frame as Arrow arrays by kind, and back. Knows no file and no other column."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.saving import forms
from sinagotd.datakit.saving.categories import CATEGORICAL
from sinagotd.datakit.saving.dtypes import dtype_of, from_arrow, text_of
from sinagotd.datakit.saving.forms import Arrays, Form
from sinagotd.datakit.saving.kinds import MARKS, NAN, NESTED, Kind, Missing, kind_of, stores_as_is
from sinagotd.datakit.saving.layout import OBJECT, Column, Variant, plain_name
from sinagotd.datakit.saving.lists import joined, spread
from sinagotd.datakit.saving.nested import dumps, loads
from sinagotd.datakit.saving.objects import OBJECTS

TYPED = "typed"
CATEGORY = "category:"


class Encoded(NamedTuple):
    """A column and, for each of its kinds, the arrays by suffix: one value or null per row."""

    column: Column
    arrays: Mapping[Kind, Arrays]


def encode(label: Any, values: Any) -> Encoded:
    """The values of a column (a Series or the level of an index), one per row. Raises UnsavableError."""
    if stores_as_is(values.dtype):
        return _encode_typed(label, values)
    return _encode_cells(label, list(values.astype(object)), _text_of(values.dtype))


def decode(column: Column, arrays: Mapping[Kind, Arrays], rows: int) -> Any:
    """The cells of as many rows, as an object array; a row that no kind has is missing."""
    cells = np.full(rows, MARKS[column.missing], dtype=object)
    for kind, by_suffix in arrays.items():
        there = by_suffix[""].is_valid().to_numpy(zero_copy_only=False)
        cells[there] = np.fromiter(FORMS[kind.form].read(kind, by_suffix), dtype=object, count=int(there.sum()))
    return cells


def is_typed(column: Column) -> bool:
    """Whether the whole column is of one dtype that Arrow has a type for: `typed_values` reads it faster."""
    return [variant.kind for variant in column.variants] == [Kind(TYPED, column.dtype)]


def typed_values(column: Column, array: Any) -> Any:
    """The values of a typed column from an Arrow array, chunked or not."""
    return from_arrow(array, dtype_of(column.dtype))


def of_dtype(column: Column, cells: Any) -> Any:
    """Cells as an array of the dtype that the column had."""
    if column.dtype == OBJECT:
        return cells
    dtype = _category_of(column.dtype) or dtype_of(column.dtype)
    return pd.array(list(cells), dtype=dtype) if not isinstance(dtype, np.dtype) else np.array(list(cells), dtype=dtype)


def _encode_typed(label: Any, values: Any) -> Encoded:
    array = forms.flat(values.array)
    kind = Kind(TYPED, text_of(values.dtype))
    variants = () if array.null_count == len(array) else (Variant(kind, {"": array.type}),)
    column = Column(label, plain_name(label), kind.detail, variants=variants)
    return Encoded(column, {kind: {"": array}} if variants else {})


def _encode_cells(label: Any, cells: Sequence[Any], dtype: str) -> Encoded:
    groups, missing = _grouped(cells)
    nested = groups.pop(NESTED, [])
    arrays: dict[Kind, Arrays] = {}
    for kind, places in groups.items():
        refined, dense = forms.write(kind, [cells[place] for place in places], FORMS)
        if refined == NESTED:
            nested += places
        else:
            arrays[refined] = _spread(dense, places, len(cells))
    if nested:
        _, dense = forms.write(NESTED, [cells[place] for place in sorted(nested)])
        arrays[NESTED] = _spread(dense, nested, len(cells))
    variants = tuple(
        Variant(kind, _types(by_suffix), _quiet(kind, by_suffix[""])) for kind, by_suffix in arrays.items()
    )
    return Encoded(Column(label, plain_name(label), dtype, missing, variants), arrays)


def _grouped(cells: Sequence[Any]) -> tuple[dict[Kind, list[int]], str]:
    """Where the cells of each kind are, and the commonest mark for a missing one; those with another mark count as nested."""
    groups: dict[Kind | Missing, list[int]] = {}
    last, places = None, list[int]()
    for place, cell in enumerate(cells):
        kind = kind_of(cell)
        if kind is not last:
            last, places = kind, groups.setdefault(kind, [])
        places.append(place)
    missing = {mark: places for mark, places in groups.items() if isinstance(mark, Missing)}
    present = {kind: places for kind, places in groups.items() if isinstance(kind, Kind)}
    commonest = max(missing, key=lambda mark: len(missing[mark]), default=NAN)
    for mark in missing.keys() - {commonest}:
        present.setdefault(NESTED, []).extend(missing[mark])
    return present, commonest.mark


def _spread(dense: Arrays, places: Sequence[int], rows: int) -> Arrays:
    there = np.zeros(rows, dtype=bool)
    there[places] = True
    return {suffix: spread(array, there) for suffix, array in dense.items()}


def _types(arrays: Arrays) -> dict[str, pa.DataType]:
    return {suffix: array.type for suffix, array in arrays.items()}


def _quiet(kind: Kind, array: Any) -> int:
    """How little lists tell of their type: 1 if all are empty, 2 if they hold only NaN or nulls, else 0. A grid's type is none by accident."""
    if not pa.types.is_large_list(array.type):
        return 0
    values = joined(array)
    if not len(values):
        return 1
    if kind.form == "grid" or values.null_count == len(values):
        return 0 if kind.form == "grid" else 2
    is_blank = pa.types.is_floating(values.type) and _is_nan(values[0].as_py())
    return 2 if is_blank and np.isnan(values.to_numpy(zero_copy_only=False)).all() else 0


def _is_nan(number: float | None) -> bool:
    return number is None or number != number  # noqa: PLR0124  only NaN differs from itself


def _text_of(dtype: Any) -> str:
    if not isinstance(dtype, pd.CategoricalDtype):
        return text_of(dtype)
    return CATEGORY + dumps({"categories": dtype.categories, "ordered": bool(dtype.ordered)})


def _category_of(text: str) -> Any:
    return pd.CategoricalDtype(**loads(text.removeprefix(CATEGORY))) if text.startswith(CATEGORY) else None


def _read_typed(kind: Kind, arrays: Arrays) -> list[Any]:
    """Values of a typed column that must stand among others after all."""
    values = from_arrow(arrays[""].drop_null(), dtype_of(kind.detail))
    return list(pd.Series(values).astype(object))


FORMS: Mapping[str, Form] = {
    **forms.FORMS,
    "objects": OBJECTS,
    "categorical": CATEGORICAL,
    TYPED: Form(
        lambda kind, cells: (kind, {"": forms.flat(pd.array(list(cells), dtype=dtype_of(kind.detail)))}), _read_typed
    ),
}
