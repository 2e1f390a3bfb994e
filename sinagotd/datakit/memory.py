"""How many bytes values occupy in memory, each piece counted once however often it is referred to. Knows no column."""

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.saving.tags import values_of

PANDAS_BYTES = {
    pd.api.extensions.ExtensionArray: 200,
    pd.CategoricalDtype: 1300,
    pd.api.extensions.ExtensionDtype: 100,
    pd.Index: 550,
    pd.Series: 600,
    pd.DataFrame: 1100,
}
"""What pandas objects hold beside their values and attributes: managers, blocks, caches. Measured with pandas 3.1."""

Contents = tuple[int, Iterable[Any]]

DEEPEST = 32
SHARED_ALWAYS = (bool, type(None), type, type(pd.NA), type(pd.NaT))


class Weighing:
    """Weighs values one after the other; what was weighed before weighs nothing the next time.

    An array counts its own elements, also where it is a view: the views of one block add up to it. What a text or a number of
    an array of objects needs is counted, as is the object around each array. Allocators round up a little: expect 5 %.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._held: list[Any] = []

    def weigh(self, value: Any, depth: int = 0) -> int:
        """The bytes that a value occupies and no other weighed before it does."""
        if isinstance(value, SHARED_ALWAYS) or id(value) in self._seen or depth > DEEPEST:
            return 0
        self._seen.add(id(value))
        self._held.append(value)
        own, further = next((contents(value) for kind, contents in CONTENTS if isinstance(value, kind)), (0, ()))
        return _shell(value) + own + sum(self.weigh(held, depth + 1) for held in further)


def _shell(value: Any) -> int:
    """The object itself, without what it refers to."""
    if isinstance(value, np.ndarray):
        return ARRAY_BYTES
    for kind, hidden_bytes in PANDAS_BYTES.items():
        if isinstance(value, kind):
            return object.__sizeof__(value) + hidden_bytes + sys.getsizeof(getattr(value, "__dict__", None))
    return sys.getsizeof(value)


def _of_array(array: Any) -> Contents:
    return int(array.nbytes), array.ravel().tolist() if array.dtype == object else ()


def _of_extension(array: Any) -> Contents:
    if isinstance(array, pd.Categorical):
        return int(array.codes.nbytes) + ARRAY_BYTES, [array.dtype]
    if array.dtype == object or (isinstance(array.dtype, pd.StringDtype) and array.dtype.storage == "python"):
        return _of_array(np.asarray(array))
    return int(array.nbytes) + ARRAY_BYTES, ()


def _of_frame(frame: Any) -> Contents:
    return 0, [frame.index, frame.columns, *(values_of(frame.iloc[:, place]) for place in range(frame.shape[1]))]


def _of_index(index: Any) -> Contents:
    if isinstance(index, pd.RangeIndex):
        return 0, ()
    if isinstance(index, pd.MultiIndex):
        return 0, [*index.levels, *index.codes]
    engine = getattr(index, "_cache", {}).get(
        "_engine"
    )  # pandas keeps a copy of texts in it, once it has looked one up
    return 0, [held for held in (values_of(index), getattr(engine, "values", None)) if held is not None]


ARRAY_BYTES = sys.getsizeof(np.empty(0))
LEAVES = (str, bytes, int, float, complex, np.generic, datetime, timedelta)
CONTENTS: tuple[tuple[Any, Callable[[Any], Contents]], ...] = (
    (LEAVES, lambda _: (0, ())),  # to ask a time for its attributes would make it hold some
    (np.ndarray, _of_array),
    (Mapping, lambda held: (0, [*held.keys(), *held.values()])),
    ((list, tuple, set, frozenset), lambda held: (0, held)),
    (pd.DataFrame, _of_frame),
    (pd.Series, lambda held: (0, [held.index, values_of(held)])),
    (pd.Index, _of_index),
    (pd.api.extensions.ExtensionArray, _of_extension),
    (object, lambda held: (0, [vars(held)] if hasattr(held, "__dict__") else ())),
)
"""What a value of each type holds: bytes of its own, and further values."""
