"""Which cells differ between two versions of a dataset, and why; it compares what they were made from and reads no values."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sinagotd.datakit.builds.cells import Cell, Cells, Key, read_cells
from sinagotd.datakit.builds.home import Home
from sinagotd.errors import DatasetError


class Cause(StrEnum):
    """Why a cell is not what it was."""

    APPEARED = "appeared"
    GONE = "gone"
    FILE = "file"
    PATH = "path"
    CODE = "code"
    OPTIONS = "options"
    DEPENDENCY = "dependency"
    PROGRAM = "program"
    LOADED_AGAIN = "loaded again"


class Change(NamedTuple):
    """A cell that differs: its row, its source, why, and what is to be known about that, as the tags it depends on."""

    row: Key
    source: str
    causes: tuple[Cause, ...]
    detail: str = ""


def diff(output: Path, old: int, new: int) -> list[Change]:
    """The cells that differ between two kept versions. Raises DatasetError for a version that is not kept."""
    return list(changes(_cells(output, old), _cells(output, new)))


def changes(old: Cells, new: Cells) -> Iterator[Change]:
    """The cells that differ, in the order of the new version, then those of rows that are gone."""
    for row, cells in new.by_row.items():
        before = old.by_row.get(row, {})
        if before is cells:  # it was taken over
            continue
        for source, cell in cells.items():
            yield from _change(before.get(source), cell)
        yield from (
            Change(row, source, (Cause.GONE,))
            for source, cell in before.items()
            if source not in cells and _there(cell)
        )
    for row in old.by_row.keys() - new.by_row.keys():
        yield from (Change(row, source, (Cause.GONE,)) for source, cell in old.by_row[row].items() if _there(cell))


def in_words(found: Iterable[Change]) -> str:
    """A sentence for the log: how many cells changed, by cause."""
    counts = Counter(cause for change in found for cause in change.causes)
    told = ", ".join(f"{count} {cause}" for cause, count in counts.most_common())
    return f"cells changed: {told}" if told else "no cell changed, but the declaration or the program did"


def _change(old: Cell | None, new: Cell) -> Iterator[Change]:
    was, there = old is not None and _there(old), _there(new)
    if there and not was:
        yield Change(new.row, new.source, (Cause.APPEARED,))
    elif was and not there:
        yield Change(new.row, new.source, (Cause.GONE,))
    elif old is not None and there:
        yield from _remade(old, new)


def _there(cell: Cell) -> bool:
    return bool(cell.made.path)


def _remade(old: Cell, new: Cell) -> Iterator[Change]:
    if (old.made.key, old.status, old.message) == (new.made.key, new.status, new.message):
        return
    names = {Cause.FILE: "digest", Cause.PATH: "path", Cause.CODE: "code", Cause.OPTIONS: "options"}
    causes = [cause for cause, name in names.items() if getattr(old.made, name) != getattr(new.made, name)]
    needs = _needs(old, new)
    causes += [Cause.DEPENDENCY] if needs else []
    if not causes:
        causes = [Cause.LOADED_AGAIN if "" in (old.made.key, new.made.key) else Cause.PROGRAM]
    yield Change(new.row, new.source, tuple(causes), ", ".join(needs))


def _needs(old: Cell, new: Cell) -> list[str]:
    before, after = (json.loads(cell.made.needs or "{}") for cell in (old, new))
    return sorted(tag for tag in before.keys() | after.keys() if before.get(tag) != after.get(tag))


def _cells(output: Path, number: int) -> Cells:
    home = Home(output)
    try:
        return read_cells(home.of(number) / "cells.arrow")
    except FileNotFoundError:
        kept = ", ".join(map(str, home.numbers())) or "none"
        raise DatasetError(f"{output}: there is no version {number}; kept are {kept}") from None
    except (OSError, ValueError) as fault:
        raise DatasetError(f"{output}: the cells of version {number} cannot be read ({fault})") from fault
