"""Makes a new Parquet file of an old one's rows, as they are, and of new rows between them; memory holds a row group and a batch.

Row groups of the old file that stay as they are are copied byte for byte; rows are decoded only where something changes beside them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sinagotd.datakit.builds.features import Feature
from sinagotd.datakit.saving.contents import NO_CONTENTS, Contents, Group
from sinagotd.datakit.saving.footer import KEY, read_layout
from sinagotd.datakit.saving.layout import Layout
from sinagotd.datakit.saving.parquet import is_small, opened, said_of
from sinagotd.datakit.saving.parts import Parts
from sinagotd.datakit.saving.stitching import NotAlikeError, Piece, check_footer, contents_of, stitch


class Block(NamedTuple):
    """Rows as an Arrow table with the layout that says how to read it."""

    table: Any
    layout: Layout


class Place(NamedTuple):
    """Where a row of the new file comes from: a position among the new rows, or one in the old file."""

    is_old: bool
    at: int


class Written(NamedTuple):
    """A file, and what it held when it was written."""

    path: Path
    contents: Contents


class Run(NamedTuple):
    """Rows that follow each other: those of a whole row group of the old file, or such as are to be encoded."""

    group: int | None
    places: Sequence[Place]


MakeBlocks = Callable[[Sequence[int]], Iterator[Block]]


class OldRows:
    """The rows of an open file, given out in ascending order; in memory is the row group in use."""

    def __init__(self, file: pq.ParquetFile, features: Iterable[Feature]) -> None:
        kept = set(features)
        layout = read_layout(file.metadata.metadata[KEY], file.schema_arrow)
        self.layout = replace(layout, columns=tuple(column for column in layout.columns if column.label in kept))
        self._file = file
        self._names = self.layout.schema().names
        self._starts = _starts(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
        self._group, self._table = -1, None

    def take(self, places: Sequence[int]) -> Iterator[Block]:
        """These rows."""
        for group, here in groupby(places, key=lambda place: bisect_right(self._starts, place) - 1):
            if group != self._group:
                self._table = None  # or two would be in memory
                self._group, self._table = group, self._file.read_row_group(group).select(self._names)
            yield Block(_taken(self._table, [place - self._starts[group] for place in here]), self.layout)


def weave(
    folder: Path,
    places: Sequence[Place],
    old: Written | None,
    make_blocks: MakeBlocks,
    *,
    start: Block,
    attrs: dict[str, Any],
) -> Written:
    """Write the rows in the given order into a folder that is made here, and read the file back.

    `start` is a block without rows that has the columns in their order. Raises DamagedError (a DatasetError), OSError.
    """
    folder.mkdir()
    if old is not None and old.contents != NO_CONTENTS:
        check_footer(old.path, old.contents)
    with ExitStack() as stack:
        kept = OldRows(stack.enter_context(opened(old.path)), _features(start.layout)) if old else None
        weaver = _Weaver(kept, make_blocks, start, attrs)
        if old is not None and kept is not None and start.layout.with_(kept.layout) == start.layout:
            runs = _runs(places, old.contents.groups)
            if any(run.group is not None for run in runs):
                with suppress(NotAlikeError):
                    return _stitched(folder, runs, old, weaver)
        return weaver.write(folder / "whole", [Run(None, places)]).file


class _Woven(NamedTuple):
    """A file of runs, and how many of its row groups each of them has."""

    file: Written
    groups: list[int]


class _Weaver:
    """Encodes rows, be they old or new."""

    def __init__(self, kept: OldRows | None, make_blocks: MakeBlocks, start: Block, attrs: dict[str, Any]) -> None:
        self._kept = kept
        self._make_blocks = make_blocks
        self._start = start
        self._attrs = attrs

    @property
    def said(self) -> dict[bytes, bytes]:
        """What the whole file says of itself."""
        return said_of(self._start.layout, self._attrs)

    def write(self, folder: Path, runs: Iterable[Run], *, is_piece: bool = False) -> _Woven:
        """Write runs one behind the other, none in a row group of another.

        A piece is without attrs. Raises NotAlikeError if it has further columns.
        """
        with ExitStack() as stack:
            parts = Parts(folder)
            stack.callback(parts.abandon)
            parts.add(*self._start)
            ends = [self._add(parts, run.places) for run in runs]
            if is_piece and parts.layout != self._start.layout:
                raise NotAlikeError("what is new has further columns")
            whole = parts.finish({} if is_piece else self._attrs)
        groups = [end - before for before, end in zip([0, *ends], ends, strict=False)]
        return _Woven(Written(whole.path, contents_of(whole.path, whole.held)), groups)

    def _add(self, parts: Parts, places: Sequence[Place]) -> int:
        """Add the rows; gives how many row groups there are with them."""
        for is_old, run in groupby(places, key=lambda place: place.is_old):
            wanted = [place.at for place in run]
            for block in self._kept.take(wanted) if is_old and self._kept else self._make_blocks(wanted):
                parts.add(*block)
        return parts.end_group()


def _stitched(folder: Path, runs: Sequence[Run], old: Written, weaver: _Weaver) -> Written:
    """Encode what is not copied, and put it between what is. Raises NotAlikeError."""
    encoded = weaver.write(folder / "encoded", [run for run in runs if run.group is None], is_piece=True)
    known: Mapping[Path, Contents] = {file.path: file.contents for file in (old, encoded.file)}
    counts, done = iter(encoded.groups), 0
    pieces: list[Piece] = []
    for run in runs:
        if run.group is not None:
            pieces.append(Piece(old.path, run.group))
            continue
        count = next(counts)
        pieces += [Piece(encoded.file.path, at) for at in range(done, done + count)]
        done += count
    target = folder / "stitched"
    return Written(target, stitch(target, pieces, known, weaver.said))


def _runs(places: Sequence[Place], groups: Sequence[Group]) -> list[Run]:
    """The rows by what becomes of them. A small row group is encoded with the rows beside it, or there would be ever more of them."""
    runs = list(_by_group(places, groups))
    beside = [run.group is None for run in runs]
    is_encoded = [
        run.group is None or (is_small(groups[run.group].held) and any(beside[max(at - 1, 0) : at + 2]))
        for at, run in enumerate(runs)
    ]
    found: list[Run] = []
    for encoded, several in groupby(zip(is_encoded, runs, strict=True), key=lambda pair: pair[0]):
        own = [run for _, run in several]
        found += [Run(None, [place for run in own for place in run.places])] if encoded else own
    return found


def _by_group(places: Sequence[Place], groups: Sequence[Group]) -> Iterator[Run]:
    group_at = dict(zip(_starts(group.rows for group in groups), range(len(groups)), strict=False))
    at = 0
    while at < len(places):
        group = group_at.get(places[at].at) if places[at].is_old else None
        stop = at + (groups[group].rows if group is not None else 1)
        rows = places[at:stop]
        is_whole = group is not None and _follow(rows, groups[group].rows)
        yield Run(group if is_whole else None, rows if is_whole else rows[:1])
        at += len(rows) if is_whole else 1


def _follow(rows: Sequence[Place], count: int) -> bool:
    """Whether these are so many old rows without a gap; they ascend in any case."""
    return len(rows) == count and all(row.is_old for row in rows) and rows[-1].at - rows[0].at == count - 1


def _starts(rows: Iterable[int]) -> list[int]:
    """The position of the first row of each row group, and that behind the last."""
    return list(accumulate(rows, initial=0))


def _features(layout: Layout) -> list[Feature]:
    return [column.label for column in layout.columns]


def _taken(table: Any, places: list[int]) -> Any:
    """Rows of a table; where they lie side by side, without a copy."""
    if places[-1] - places[0] + 1 == len(places):
        return table.slice(places[0], len(places))
    return table.take(pa.array(places))
