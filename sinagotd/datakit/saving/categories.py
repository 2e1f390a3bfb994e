"""How categoricals become lists of their values, with the categories of each beside them; categories and their order come back."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sinagotd.datakit.saving import forms
from sinagotd.datakit.saving.dtypes import dtype_of, text_of
from sinagotd.datakit.saving.forms import Arrays, Form
from sinagotd.datakit.saving.kinds import NESTED, Kind, kind_of
from sinagotd.datakit.saving.lists import joined, listed, pieces
from sinagotd.datakit.saving.objects import OBJECTS
from sinagotd.datakit.saving.tags import values_of

CATEGORIES = "categories"
FORMS = {"array": forms.FORMS["array"], "extension": forms.FORMS["extension"], "objects": OBJECTS}
NO_CATEGORY = -1


def write_categorical(_: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    """Values as lists, categories as lists with the suffix `categories`; what has odd categories stays nested."""
    categories = [values_of(cell.categories) for cell in cells]
    kind = kind_of(categories[0])
    if not isinstance(kind, Kind) or kind.form not in FORMS:
        return forms.write(NESTED, cells)
    kind, arrays = forms.write(kind, categories, FORMS)
    if kind == NESTED:
        return forms.write(NESTED, cells)
    ordered, dtype = bool(cells[0].ordered), text_of(cells[0].categories.dtype)
    values = joined(arrays[""]).take(_places(cells))
    lists = {"": listed(values, forms.lengths(cells), nullable=True), CATEGORIES: arrays[""]}
    return Kind("categorical", json.dumps([ordered, dtype, *kind])), lists


def read_categorical(kind: Kind, arrays: Arrays) -> list[Any]:
    ordered, dtype, form, detail = json.loads(kind.detail)
    categories = FORMS[form].read(Kind(form, detail), {"": arrays[CATEGORIES]})
    coded = joined(arrays[""]).dictionary_encode()
    values = pd.Index(_read_values(Kind(form, detail), coded.dictionary), dtype=dtype_of(dtype))
    codes = coded.indices.fill_null(len(values)).to_numpy()
    known: dict[tuple[Any, ...], tuple[Any, Any]] = {}
    learn = partial(_dtype_and_codes, values, dtype_of(dtype), ordered=ordered)
    cells = []
    for piece, own in zip(pieces(codes, arrays[""]), categories, strict=True):
        key = tuple(own)
        if key not in known:
            known[key] = learn(own)
        type_, own_codes = known[key]
        cells.append(pd.Categorical.from_codes(own_codes[piece], dtype=type_, validate=False))
    return cells


def _places(cells: Sequence[Any]) -> Any:
    """Where each value stands among the categories of all cells joined; null where it has none."""
    codes = np.concatenate([cell.codes for cell in cells]).astype(np.int64)
    counts = [len(cell.categories) for cell in cells]
    before = np.repeat(np.cumsum([0, *counts[:-1]]), forms.lengths(cells))
    return pa.array(codes + before, mask=codes == NO_CATEGORY)


def _read_values(kind: Kind, dictionary: Any) -> Any:
    """The distinct values of the whole column, as the categories of a cell are read."""
    (values,) = FORMS[kind.form].read(kind, {"": listed(dictionary, [len(dictionary)], nullable=True)})
    return values


def _dtype_and_codes(values: Any, dtype: Any, own: Any, *, ordered: bool) -> tuple[Any, Any]:
    """The dtype with a cell's own categories, and the code in it of each distinct value of the column, -1 for none."""
    categories = pd.Index(own, dtype=dtype)
    codes = np.append(categories.get_indexer(values), NO_CATEGORY)
    smallest = np.min_scalar_type(-max(len(categories), 1))
    return pd.CategoricalDtype(categories, ordered=ordered), codes.astype(smallest)


CATEGORICAL = Form(write_categorical, read_categorical)
