"""Reads the value of a PATH_IN, PATH_OUT or PATH_CONTROL into labelled tuples of path parts; fills in nothing."""

import os
from collections.abc import Mapping
from typing import Any

SINGLE = ""
"""The label of a script's only path."""

Parts = tuple[str, ...]
LabelledParts = tuple[tuple[str, Parts], ...]

DEFAULT_IN: Parts = ("FOLDER_IN", "{id}-{task}.in")
DEFAULT_OUT: Parts = ("FOLDER_OUT", "{id}-{task}.out")
DEFAULT_CONTROL: Parts = ("FOLDER_CONTROL", "{id}-{task}.control")


def read_parts(value: Any) -> LabelledParts:
    """Read one path, or a dict of them by label. Raises TypeError with a sentence about what is wrong."""
    if not isinstance(value, Mapping):
        return ((SINGLE, _one_path(value)),)
    for label in value:
        if not (isinstance(label, str) and label):
            raise TypeError(f"the label {label!r} must be a text that is not empty")
    return tuple((label, _one_path(path)) for label, path in value.items())


def _one_path(value: Any) -> Parts:
    if isinstance(value, str | os.PathLike):
        value = (value,)
    if not isinstance(value, tuple | list):
        raise TypeError(f"write a tuple of path parts such as ('raw', '{{id}}.csv'), not {value!r}")
    parts = tuple(_one_part(part) for part in value)
    if not parts:
        raise TypeError("the path is empty")
    return parts


def _one_part(part: Any) -> str:
    text = os.fspath(part) if isinstance(part, str | os.PathLike) else None
    if not isinstance(text, str) or not text:
        raise TypeError(f"the path part {part!r} must be a text that is not empty")
    return text
