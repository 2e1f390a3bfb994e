"""Writes the files of a new version into a staged folder: what changed from cells, the rest copied from the last version."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd

from sinagotd.atomic import fsync_file
from sinagotd.datakit.assembly import size_of
from sinagotd.datakit.builds.cells import Cells, Key
from sinagotd.datakit.builds.features import Examples, Feature, frame_of
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.builds.versions import File, Version, file_of
from sinagotd.datakit.builds.weaving import Block, Place, Written, weave
from sinagotd.datakit.saving.formats import Format
from sinagotd.datakit.saving.frames import to_table
from sinagotd.datakit.saving.writing import CONVERTERS

_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 512


class Part(NamedTuple):
    """The rows of one file: their places among all rows, in order, and the file of the last version that has some of them."""

    name: str
    places: list[int]


class Old(NamedTuple):
    """A file whose rows can be copied: where it is, how it is described, and at which position each row stands."""

    path: Path
    file: File
    positions: Mapping[Key, int]


def olds_of(home: Home, version: Version, cells: Cells, partition_by: Sequence[str]) -> dict[str, Old]:
    """The files of a version, whose cells these are, by name; none if it was divided otherwise."""
    names = [level.lower() for level in cells.levels]
    levels = [level.lower() for level in (partition_by if version.is_folder else ())]
    if not set(levels) <= set(names):
        return {}
    by_file: dict[str, dict[Key, int]] = {}
    for row in cells.by_row:
        values = tuple(row[names.index(level)] for level in levels)
        rows = by_file.setdefault(file_name_of(values) if version.is_folder else home.output.name, {})
        rows[row] = len(rows)
    return {
        file.name: Old(version.table(home, file), file, by_file[file.name])
        for file in version.files
        if file.rows == len(by_file.get(file.name, ()))
    }


@dataclass(frozen=True, eq=False)
class Content:
    """What is written: the rows by name and label, which of them are fresh, their values by feature, and the columns."""

    rows: Sequence[Key]
    labels: pd.MultiIndex
    fresh: frozenset[Key]
    values: Callable[[Key], Mapping[Feature, Any]]
    examples: Examples

    @cached_property
    def start(self) -> Block:
        """A block without rows that has all columns in their order."""
        return self._block([])

    def blocks(self, places: Sequence[int]) -> Iterator[Block]:
        """The rows of these places, from their cells, in batches of a bounded size."""
        batch: list[int] = []
        rows: list[Mapping[Feature, Any]] = []
        room = _BATCH_BYTES
        for place in places:
            row = self.values(self.rows[place])
            batch.append(place)
            rows.append(row)
            room -= sum(map(size_of, row.values()))
            if room <= 0 or len(batch) == _BATCH_ROWS:
                yield self._block(batch, rows)
                batch, rows, room = [], [], _BATCH_BYTES
        if batch:
            yield self._block(batch, rows)

    def _block(self, places: Sequence[int], rows: Sequence[Mapping[Feature, Any]] = ()) -> Block:
        labels = self.labels.take([*places, *[0] * self.examples.rows]) if len(self.labels) else self.labels
        table, layout = to_table(frame_of(rows, labels, self.examples))
        return Block(table.slice(0, len(places)), layout)


def parts_of(labels: pd.MultiIndex, partition_by: Sequence[str], name: str) -> list[Part]:
    """One part named as given, or one for each combination of the levels' values."""
    if not partition_by:
        return [Part(name, list(range(len(labels))))]
    levels = {str(level).lower(): at for at, level in enumerate(labels.names)}
    values = [labels.get_level_values(levels[wanted.lower()]).astype(str) for wanted in partition_by]
    named = sorted((file_name_of(each), place) for place, each in enumerate(zip(*values, strict=True)))
    return [Part(part, [place for _, place in run]) for part, run in groupby(named, key=lambda pair: pair[0])]


def write_part(
    folder: Path, part: Part, content: Content, old: Old | None, attrs: dict[str, Any], *, may_take_over: bool
) -> File:
    """Write a part below `folder/published`, or take over its file if none of its rows changed. Raises DatasetError, OSError."""
    names = [content.rows[place] for place in part.places]
    target = folder / "published" / part.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if may_take_over and old is not None and list(old.positions) == names and content.fresh.isdisjoint(names):
        _take_over(old.path, target)
        return old.file
    places = _places(names, part.places, content.fresh, old)
    copied = Written(old.path, old.file.contents) if old and any(place.is_old for place in places) else None
    woven = weave(folder / "parts", places, copied, content.blocks, start=content.start, attrs=attrs)
    woven.path.rename(target)
    shutil.rmtree(folder / "parts")
    fsync_file(target)
    return file_of(folder / "published", part.name, len(names), woven.contents)


def convert(folder: Path, file: File, kind: Format) -> File:
    """Turn the Parquet file of a staged version into the format that is published; the Parquet stays, to be copied from."""
    target = folder / "published" / file.name
    table = folder / "table.parquet"
    target.rename(table)
    CONVERTERS[kind](table, target, "dataset")
    fsync_file(target)
    return file_of(folder / "published", file.name, file.rows, file.contents)


def _places(names: Sequence[Key], places: Sequence[int], fresh: frozenset[Key], old: Old | None) -> list[Place]:
    """Old rows are copied as long as they come in their old order."""
    last = -1
    found = []
    for name, place in zip(names, places, strict=True):
        position = old.positions.get(name, -1) if old is not None and name not in fresh else -1
        found.append(Place(is_old=position > last, at=position if position > last else place))
        last = max(last, position)
    return found


def _take_over(file: Path, target: Path) -> None:
    with suppress(OSError):
        os.link(file, target)
        return
    shutil.copy2(file, target)


def file_name_of(values: tuple[str, ...]) -> str:
    """Folders and a file that no reader skips: names that begin with a dot or underscore are hidden to some."""
    quoted = [quote(value, safe=" +,=@~()-_.") or "%" for value in values]
    shown = [f"%{ord(value[0]):02X}{value[1:]}" if value[0] in "._" else value for value in quoted]
    return "/".join(shown) + ".parquet"
