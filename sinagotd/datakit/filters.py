"""Which rows of an index an `include`, `exclude` or `select` means; it knows rows and values, no files."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Wanted = frozenset[str]


def wanted(name: str, value: object) -> Wanted | None:
    """The values a filter asks for, as text; None where it asks for nothing. Raises TypeError for what is no list of names."""
    return None if value is None else frozenset(map(str, _several(f"{name}=", value)))


def wanted_rows(levels: Mapping[str, str], constraints: Mapping[str, object]) -> dict[str, Wanted]:
    """The constraints by index level; `levels` has the level for each word that a filter may use.

    Raises ValueError for a level that the rows do not have, TypeError as `wanted`.
    """
    found = {}
    for word, value in constraints.items():
        values = wanted(word, value)
        if values is None:
            continue
        if word not in levels:
            raise ValueError(f"these rows have no {word!r} level, only {', '.join(levels)}; leave {word}= out")
        found[levels[word]] = values
    return found


def matching(index: pd.MultiIndex, constraints: Mapping[str, Wanted]) -> Mask:
    """Rows that meet every constraint; a value is compared exactly, as text."""
    mask = np.ones(len(index), dtype=np.bool_)
    for level, values in constraints.items():
        number = index.names.index(level)
        meets = np.array([str(value) in values for value in index.levels[number]] + [False], dtype=np.bool_)
        mask &= meets[index.codes[number]]
    return mask


def names_of(what: str, value: Any) -> tuple[str, ...]:
    """A name or several names as a tuple without repeats. Raises TypeError for what is neither."""
    names = () if value is None else tuple(dict.fromkeys(_several(what, value)))
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise TypeError(f"{what} holds {wrong[0]!r}, which is no name")
    return names


def _several(what: str, value: object) -> Iterable[Any]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bytes | bytearray | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"{what} wants a name or several names, not {type(value).__name__}")
    return value
