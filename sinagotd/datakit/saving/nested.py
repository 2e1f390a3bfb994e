"""Nested values as JSON text, and back without loss; types that JSON lacks become an object with one key that starts with `~`.

Reads nothing that could run: each `~` key has its own plain reader. Knows no column and no file.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from sinagotd.datakit.saving.tags import TAGS, UnsavableError

MARK = "~"
ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
ATOMS = frozenset((str, int, bool, type(None)))
NAMES = {tag.type: name for name, tag in TAGS.items()}
GROUPS = {"~tuple": tuple, "~set": set, "~frozenset": frozenset}
READERS: dict[str, Callable[[Any], Any]] = {name: tag.read for name, tag in TAGS.items()} | {
    "~float": float,
    "~dict": dict,
    "~missing": {"NaT": pd.NaT, "<NA>": pd.NA}.__getitem__,
    **GROUPS,
}


def dumps(value: object) -> str:
    """The value as one line of JSON. Raises UnsavableError."""
    try:
        return ENCODER.encode(_plain(value))
    except RecursionError:
        raise UnsavableError("a nested value that holds itself, or is nested too deep") from None


def loads(text: str | bytes) -> Any:
    """The value that `dumps` made the text of. Raises ValueError for text that it cannot have made."""
    decoded: Any = DECODER.decode(text if isinstance(text, str) else text.decode())
    return decoded


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is float:
        return value if math.isfinite(value) else {"~float": repr(value)}
    if kind is list:
        return [item if type(item) in ATOMS else _plain(item) for item in value]
    if kind is dict:
        return _plain_dict(value)
    return _tagged(value)


def _plain_dict(value: Mapping[Any, Any]) -> dict[str, Any]:
    plain = {}
    for key, item in value.items():
        if type(key) is not str or key[:1] == MARK:
            return {"~dict": [[_plain(key), _plain(item)] for key, item in value.items()]}
        plain[key] = item if type(item) in ATOMS else _plain(item)
    return plain


def _tagged(value: Any) -> Any:
    if value is pd.NaT or value is pd.NA:
        return {"~missing": str(value)}
    name = NAMES.get(type(value)) or next((name for name, tag in TAGS.items() if isinstance(value, tag.type)), None)
    if name is not None:
        return {name: _plain(TAGS[name].write(value))}
    if isinstance(value, Mapping):
        return _plain_dict(value)
    for group, type_ in GROUPS.items():
        if isinstance(value, type_):
            return {group: [_plain(item) for item in value]}
    ancestor: Any = next((ancestor for ancestor in (int, float, str, list) if isinstance(value, ancestor)), None)
    if ancestor is not None:
        return _plain(ancestor(value))
    raise UnsavableError(f"a {type(value).__module__}.{type(value).__qualname__}")


def _restored(read: dict[str, Any]) -> Any:
    if len(read) != 1:
        return read
    ((key, held),) = read.items()
    if not key.startswith(MARK):
        return read
    if key not in READERS:
        raise ValueError(f"a nested value of a kind {key!r} that this program does not know")
    return READERS[key](held)


DECODER = json.JSONDecoder(object_hook=_restored)
