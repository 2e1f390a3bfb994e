"""Parameters of a session, one a line, each with the type of its own value; none is put into groups that it may not fit."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import TableSource, Timed
from sinagotd.datakit.sources.delimited import read_delimited, require
from sinagotd.datakit.sources.faults import UnreadableError

WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
LEADING_ZERO = re.compile(r"[+-]?0\d")
ABSENT = frozenset({"", "na", "nan", "none", "null", "n/a"})
TRUTHS = {"true": True, "false": False}
MAPPING = {"subject": ["sex", "genotype", "DOS", "DOB"], "session": ["weight", "XYZ", "PT"]}
IDENTITY = ("subject", "session")


class SessionConfig(TableSource):
    """`*_configuration.csv` with `Parameter` and `Value`: one scalar per parameter, a number where it is written as one."""

    tag = "session_config"
    patterns = ("*_configuration.csv",)

    def build_table(self, path: Path, *, context: LoadContext | None) -> Timed:  # noqa: ARG002  a file of its own
        table = read_delimited(path)
        require(path, table, "Parameter", "Value")
        values = key_values(path, table, "Parameter", "Value")
        return np.zeros(1), values, {"source_file": str(path), "scope": "session", **_groups(values)}


def key_values(path: Path, table: pa.Table, key: str, value: str) -> dict[str, Any]:
    """Typed values by key, in order. Raises UnreadableError where a key has two values that differ."""
    values: dict[str, Any] = {}
    pairs = zip(table[key].to_pylist(), table[value].to_pylist(), strict=True)
    for row, (name, word) in enumerate(pairs, start=2):
        if name is None:
            continue
        typed = typed_word(word)
        if name.strip() in values and values[name.strip()] != typed:
            raise UnreadableError(path, f"a second value for {name.strip()!r}; which one holds?", row=row)
        values[name.strip()] = typed
    return values


def typed_word(word: str | None) -> bool | int | float | str | None:
    """What a word says by itself; a number with a zero before it, as in an id, stays text."""
    trimmed = (word or "").strip()
    if trimmed.lower() in ABSENT:
        return None
    if trimmed.lower() in TRUTHS:
        return TRUTHS[trimmed.lower()]
    if WHOLE.fullmatch(trimmed):
        return int(trimmed)
    if NUMBER.fullmatch(trimmed) and not LEADING_ZERO.match(trimmed):
        return float(trimmed)
    return trimmed


def _groups(values: dict[str, Any]) -> dict[str, Any]:
    known = {name for names in MAPPING.values() for name in names}
    rest = {name: value for name, value in values.items() if name not in known and name not in IDENTITY}
    return {
        "n_params": len(rest),
        "parameter_values": rest,
        **{f"{group}_variables": {n: values[n] for n in names if n in values} for group, names in MAPPING.items()},
        "unmapped_variables": {name: value for name, value in rest.items() if value is not None},
        "variable_mapping": MAPPING,
    }
