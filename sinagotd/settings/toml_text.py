"""Writes keys and values in TOML's form, always in one line of printable characters."""

import json
import re
from collections.abc import Iterable
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def key_text(parts: Iterable[str]) -> str:
    """A dotted key: `run.steps."HDC/behavior/scores".timeout`."""
    return ".".join(part if _BARE_KEY.fullmatch(part) else _quoted(part) for part in parts)


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
        case _:
            return str(value)


def _quoted(text: str) -> str:
    return "".join(map(_escaped, json.dumps(text, ensure_ascii=False)))


def _escaped(character: str) -> str:
    return character if character.isprintable() else f"\\U{ord(character):08x}"
