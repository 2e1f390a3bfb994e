"""Makes a Parquet file of row groups of others, byte for byte: only footers are read and written anew, no value is decoded.

Parquet's own words for its footer are FileMetaData, RowGroup, ColumnChunk and ColumnMetaData; the numbers below are those of their fields.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

import xxhash

from sinagotd.datakit.saving.compact import BINARY, I64, LIST, STRUCT, Struct, read_struct, write_struct
from sinagotd.datakit.saving.contents import NO_CONTENTS, Contents, Group
from sinagotd.datakit.saving.digesting import Digesting
from sinagotd.datakit.saving.faults import DamagedError
from sinagotd.datakit.saving.parquet import opened

MAGIC = b"PAR1"
FOOTER_END = 8
"""The length of the footer, and the magic."""
SCHEMA, ROWS, GROUPS, WORDS = 2, 3, 4, 5
CHUNKS, ROWS_OF_GROUP, START_OF_GROUP, ORDINAL = 1, 3, 5, 7
CHUNK_START, CHUNK = 2, 3
ELSEWHERE = (1, 4, 6, 8, 9)
"""Fields of a chunk that is not all in its place: in another file, with an index, encrypted."""
CHUNK_BYTES, PAGES, INDEX, DICTIONARY, BLOOM = 7, 9, 10, 11, 14
MOST_ORDINALS = 1 << 15


class NotAlikeError(ValueError):
    """Row groups that cannot stand in one file as they are."""


class Piece(NamedTuple):
    """A row group that is to be copied: the file, and which of its groups."""

    path: Path
    at: int


def contents_of(path: Path, held: Sequence[int]) -> Contents:
    """What a file holds, given what each row group took in memory; no groups if they cannot be copied.

    Raises DamagedError and OSError.
    """
    text = _footer_text(path)
    entries = _groups(_footer(path, text))
    try:
        places = [_place(entry) for entry in entries]
    except NotAlikeError:
        return NO_CONTENTS
    with path.open("rb") as file:
        digests = [_digest(_read(file, start, size)) for start, size in places]
    rows = [entry[ROWS_OF_GROUP][1] for entry in entries]
    each = zip(rows, held, places, digests, strict=True)
    groups = (Group(count, taken, *place, digest) for count, taken, place, digest in each)
    return Contents(_digest(text), tuple(groups))


def check_footer(path: Path, contents: Contents) -> bytes:
    """Read the footer, of which Parquet has no checksum. Raises DamagedError if it is not what was written, and OSError."""
    text = _footer_text(path)
    if _digest(text) != contents.footer:
        raise DamagedError(f"{path}: the file is damaged: its footer is not what was written")
    return text


def stitch(
    target: Path, pieces: Sequence[Piece], known: Mapping[Path, Contents], said: Mapping[bytes, bytes]
) -> Contents:
    """Write a file of these row groups that says so of itself, read it back, and tell what it holds.

    `known` is what each file held when it was written. Raises NotAlikeError if their columns are not the same,
    DamagedError if a file is not what it was, or the new one not what was written, and OSError.
    """
    footers = {path: _footer(path, check_footer(path, contents)) for path, contents in known.items()}
    *_, whole = footers.values()
    if any(footer[SCHEMA] != whole[SCHEMA] for footer in footers.values()):
        raise NotAlikeError("the columns of two files are not the same")
    groups = tuple(_at_its_place(pieces, known))
    entries = [
        _moved(_groups(footers[path])[at], group.start - known[path].groups[at].start, place)
        for place, ((path, at), group) in enumerate(zip(pieces, groups, strict=True))
    ]
    rows = sum(group.rows for group in groups)
    words = [{1: (BINARY, key), 2: (BINARY, value)} for key, value in said.items()]
    changed = {ROWS: (I64, rows), GROUPS: (LIST, (STRUCT, entries)), WORDS: (LIST, (STRUCT, words))}
    footer = write_struct({**whole, **changed})
    sink = Digesting(target)
    try:
        sink.write(MAGIC)
        for piece in pieces:
            sink.write(_bytes_of(piece, known[piece.path].groups[piece.at]))
        sink.write(footer + len(footer).to_bytes(4, "little") + MAGIC)
    finally:
        sink.close()
    _check(target, sink, groups)
    return Contents(_digest(footer), groups)


def _at_its_place(pieces: Sequence[Piece], known: Mapping[Path, Contents]) -> Iterator[Group]:
    """The row groups as they will stand in the new file."""
    start = len(MAGIC)
    for path, at in pieces:
        group = known[path].groups[at]
        yield group._replace(start=start)
        start += group.size


def _bytes_of(piece: Piece, group: Group) -> bytes:
    with piece.path.open("rb") as file:
        content = _read(file, group.start, group.size)
    if _digest(content) != group.digest:
        raise DamagedError(f"{piece.path}: the file is damaged: a row group is not what was written")
    return content


def _check(target: Path, sink: Digesting, made: Sequence[Group]) -> None:
    with opened(target) as file:
        sink.check()
        rows = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    if rows != [group.rows for group in made]:
        raise DamagedError(f"{target}: its footer does not tell of the rows that were written")


def _footer_text(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        end = _read(file, max(size - FOOTER_END, 0), min(size, FOOTER_END))
        length = int.from_bytes(end[:4], "little")
        if end[4:] != MAGIC or length > size - FOOTER_END - len(MAGIC):
            raise DamagedError(f"{path}: the file is cut off or damaged: it has no footer")
        return _read(file, size - FOOTER_END - length, length)


def _footer(path: Path, text: bytes) -> Struct:
    try:
        return read_struct(text)
    except ValueError as fault:
        raise DamagedError(f"{path}: the file is cut off or damaged: its footer cannot be read ({fault})") from fault


def _groups(footer: Struct) -> list[Struct]:
    groups: list[Struct] = footer[GROUPS][1][1]
    return groups


def _chunks(entry: Struct) -> list[Struct]:
    chunks: list[Struct] = entry[CHUNKS][1][1]
    return chunks


def _place(entry: Struct) -> tuple[int, int]:
    """Where a row group begins, and its bytes. Raises NotAlikeError if they are not all in one stretch."""
    spans = sorted(_span(chunk) for chunk in _chunks(entry))
    if any(stop != start for (_, stop), (start, _) in pairwise(spans)):
        raise NotAlikeError("a row group does not lie in one stretch")
    return spans[0][0], spans[-1][1] - spans[0][0]


def _span(chunk: Struct) -> tuple[int, int]:
    about: Struct = chunk[CHUNK][1]
    if any(field in chunk for field in ELSEWHERE) or BLOOM in about:
        raise NotAlikeError("something of a column lies elsewhere")
    start: int = min(about[field][1] for field in (PAGES, DICTIONARY) if field in about)
    return start, start + about[CHUNK_BYTES][1]


def _moved(entry: Struct, by: int, at: int) -> Struct:
    """What a footer says of a row group that stands elsewhere in another file."""
    moved = _shifted(entry, by, START_OF_GROUP)
    if ORDINAL in entry and at < MOST_ORDINALS:
        moved[ORDINAL] = entry[ORDINAL][0], at
    chunks = [
        _shifted(chunk, by, CHUNK_START) | {CHUNK: (STRUCT, _shifted(chunk[CHUNK][1], by, PAGES, INDEX, DICTIONARY))}
        for chunk in _chunks(entry)
    ]
    return moved | {CHUNKS: (LIST, (STRUCT, chunks))}


def _shifted(fields: Struct, by: int, *numbers: int) -> Struct:
    """Nothing begins at 0, where every file says what it is: that means that it is not told."""
    return fields | {number: (I64, fields[number][1] + by) for number in numbers if fields.get(number, (0, 0))[1]}


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    content = file.read(size)
    if len(content) != size:
        raise DamagedError(f"{file.name}: the file is cut off")
    return content


def _digest(content: bytes) -> str:
    digest: str = xxhash.xxh3_128_hexdigest(content)
    return digest
