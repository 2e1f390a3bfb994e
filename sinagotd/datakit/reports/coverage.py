"""How many rows a source is there for, in all and by subject. Reads nothing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

SHOWN_DIGITS = 1
Matrix = dict[str, dict[str, float]]


def coverage(inventory: pd.DataFrame, tags: tuple[str, ...]) -> pd.DataFrame:
    """Rows that have a file, by source; a tag without a column is present nowhere."""
    total = len(inventory)
    present = [int(inventory[tag].notna().sum()) if tag in inventory.columns else 0 for tag in tags]
    frame = pd.DataFrame(
        {"present": present, "total": total}, index=pd.Index(tags, name="source", dtype=object), dtype="int64"
    )
    frame["missing"] = frame["total"] - frame["present"]
    frame["coverage"] = frame["present"] / total if total else 0.0
    return frame


def coverage_matrix(present: pd.DataFrame) -> Matrix:
    """By column, then by subject (the first level of the index): the share of rows that are True, in per cent."""
    if present.empty:
        return {str(column): {} for column in present.columns}
    shares = present.groupby(level=0, sort=True).mean() * 100
    return {
        str(column): {str(subject): percent(share) for subject, share in shares[column].items()}
        for column in shares.columns
    }


def percent(share: float) -> float:
    return round(float(share), SHOWN_DIGITS)


def hierarchy(index: Any) -> dict[str, Any]:
    """The values of an index as nested mappings, the last level as a list; only combinations that are there."""
    nested: dict[str, Any] = {}
    for key in index:
        parts = [str(part) for part in key] if isinstance(key, tuple) else [str(key)]
        _place(nested, parts)
    return nested


def _place(nested: dict[str, Any], parts: list[str]) -> None:
    *above, last = parts
    if not above:
        nested.setdefault(last, None)
        return
    for part in above[:-1]:
        nested = nested.setdefault(part, {})
    leaves = nested.setdefault(above[-1], [])
    if last not in leaves:
        leaves.append(last)


def matrix_rows(matrix: Mapping[str, Mapping[str, float]]) -> tuple[list[str], list[list[str]]]:
    """A matrix as the head and the rows of a table."""
    subjects = sorted({subject for shares in matrix.values() for subject in shares})
    rows = [[name, *(f"{shares.get(subject, 0):.0f} %" for subject in subjects)] for name, shares in matrix.items()]
    return ["source", *subjects], rows
