"""Writes keys and values in TOML's form, always in one line of printable characters."""

import re
from collections.abc import Iterable
from typing import Any

_MAX_VALUE = 60
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def key_text(parts: Iterable[str]) -> str:
    """A dotted key: `run.steps."HDC/behavior/scores".timeout`."""
    return ".".join(part if re.fullmatch("[A-Za-z0-9_-]+", part) else _quoted(part) for part in parts)


def value_text(value: Any) -> str:
    """Text, number, truth, date, list or table as it may stand after `key = `."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case dict():
            return "{" + ", ".join(f"{key_text([key])} = {value_text(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(value_text, value)) + "]"
        case int() if value.bit_length() > 8192:
            return hex(value)  # str() refuses thousands of digits
        case _:
            return str(value)


def shown(value: Any) -> str:
    """A value as it stands in the file, or what it is if that would be long."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return shortened(value_text(value), _MAX_VALUE)


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "…"


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if code < ord(" "):
        return f"\\u{code:04x}"
    return character if character.isprintable() else f"\\U{code:08x}"
