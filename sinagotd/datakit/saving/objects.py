"""How arrays of Python objects (texts, times, numbers, with gaps) become lists of one Arrow type. Mixed ones stay nested."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.saving import forms
from sinagotd.datakit.saving.forms import Arrays, Form
from sinagotd.datakit.saving.kinds import MARKS, NESTED, Kind, Missing, kind_of
from sinagotd.datakit.saving.lists import joined, listed, pieces, spread

FLAT = {str: "str", bool: "bool", int: "int", float: "float", bytes: "bytes"}
TIMES = (pd.Timestamp, pd.Timedelta)
EMPTY = Kind("str")


def write_objects(_: Kind, cells: Sequence[Any]) -> tuple[Kind, Arrays]:
    """Lists of one type with one mark for what is missing; else nested."""
    elements = np.concatenate(cells)
    missing = pd.isna(elements)
    marks = {kind_of(element) for element in elements[missing]} or {Missing("None")}
    present = elements[~missing]
    kind = _only_kind(present)
    if kind is None or len(marks) > 1:
        return forms.write(NESTED, cells)
    kind, arrays = forms.write(kind, list(present))
    values = spread(arrays[""], ~missing)
    detail = json.dumps([next(iter(marks))[0], *kind])
    return Kind("objects", detail), {"": listed(values, forms.lengths(cells), nullable=True)}


def read_objects(kind: Kind, arrays: Arrays) -> list[Any]:
    mark, form, detail = json.loads(kind.detail)
    values = joined(arrays[""])
    elements = np.full(len(values), MARKS[mark], dtype=object)
    present = values.is_valid().to_numpy(zero_copy_only=False)
    elements[present] = np.fromiter(
        forms.FORMS[form].read(Kind(form, detail), {"": values}), dtype=object, count=int(present.sum())
    )
    return pieces(elements, arrays[""])


def _only_kind(elements: Any) -> Kind | None:
    """The one kind of all elements; None if there are several, or one that no Arrow type holds."""
    types = set(map(type, elements))
    if not types:
        return EMPTY
    if len(types) > 1:
        return None
    (type_,) = types
    if type_ in FLAT:
        return Kind(FLAT[type_])
    kinds = {kind_of(element) for element in elements} if type_ in TIMES else set()
    kind = kinds.pop() if len(kinds) == 1 else None
    return kind if isinstance(kind, Kind) else None


OBJECTS = Form(write_objects, read_objects)
