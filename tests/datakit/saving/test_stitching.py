"""Row groups of several Parquet files in one, byte for byte: what other readers see in it, and what is refused."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinagotd.datakit.saving.compact import BINARY, DOUBLE, FALSE, I64, LIST, STRUCT, TRUE, read_struct, write_struct
from sinagotd.datakit.saving.contents import NO_CONTENTS, Contents
from sinagotd.datakit.saving.faults import DamagedError
from sinagotd.datakit.saving.stitching import NotAlikeError, Piece, contents_of, stitch

GROUP = 3
SAID = {b"who": "é".encode()}
Files = dict[Path, Contents]


def rows(first: int, count: int = 9) -> Any:
    """Texts by dictionary, fractions, lists with nothing in them: what is encoded in different ways."""
    numbers = range(first, first + count)
    return pa.table(
        {
            "at": pa.array(numbers, pa.int64()),
            "name": pa.array([f"row {at % 3}" for at in numbers]),
            "trace": pa.array(
                [None if at % 4 == 3 else np.arange(at % 5) / 3 for at in numbers], pa.list_(pa.float64())
            ),
        }
    )


def file_of(path: Path, table: Any, **options: Any) -> Path:
    pq.write_table(table, path, row_group_size=GROUP, compression="zstd", write_page_checksum=True, **options)
    return path


@pytest.fixture
def files(tmp_path: Path) -> Files:
    paths = [file_of(tmp_path / f"{first}.parquet", rows(first)) for first in (0, 100)]
    return {path: contents_of(path, [0] * 3) for path in paths}


def stitched(files: Files, target: Path, *wanted: tuple[int, int]) -> Path:
    """A file of these row groups, each by the number of its file and its own."""
    paths = list(files)
    stitch(target, [Piece(paths[file], at) for file, at in wanted], files, SAID)
    return target


def test_every_reader_sees_the_rows_of_the_groups_in_their_new_order(files: Files, tmp_path: Path) -> None:
    target = stitched(files, tmp_path / "new.parquet", (0, 1), (1, 2), (0, 0), (1, 0))
    wanted = pa.concat_tables([rows(3, 3), rows(106, 3), rows(0, 3), rows(100, 3)])
    assert pq.read_table(target, page_checksum_verification=True).equals(wanted)
    assert pq.read_metadata(target).metadata == SAID
    pd.testing.assert_frame_equal(pd.read_parquet(target), wanted.to_pandas())
    assert pl.read_parquet(target).to_dicts() == wanted.to_pylist()
    assert pl.scan_parquet(target).filter(pl.col("at") == 107).collect()["name"].to_list() == ["row 2"]
    with duckdb.connect() as database:
        assert database.sql(f"SELECT * FROM '{target}'").to_arrow_table().to_pylist() == wanted.to_pylist()
        assert database.sql(f"""SELECT "at" FROM '{target}' WHERE name = 'row 2' ORDER BY "at" """).fetchall()[-1] == (
            107,
        )


def test_what_is_stitched_can_be_stitched_again(files: Files, tmp_path: Path) -> None:
    paths = list(files)
    first = tmp_path / "first.parquet"
    contents = stitch(first, [Piece(paths[0], 2), Piece(paths[1], 1)], files, SAID)
    assert contents == contents_of(first, [0] * 2)
    again = tmp_path / "again.parquet"
    stitch(again, [Piece(first, 1), Piece(paths[0], 0), Piece(first, 0)], files | {first: contents}, SAID)
    assert pq.read_table(again).equals(pa.concat_tables([rows(103, 3), rows(0, 3), rows(6, 3)]))


def test_bytes_that_are_copied_are_those_that_were_written(files: Files, tmp_path: Path) -> None:
    (old, contents), _ = files.items()
    target = stitched(files, tmp_path / "new.parquet", (1, 0), (0, 2))
    group = contents.groups[2]
    assert old.read_bytes()[group.start : group.start + group.size] in target.read_bytes()


@pytest.mark.parametrize("place", [100, -100, -20])
def test_a_file_that_is_not_what_was_written_is_not_copied_from(files: Files, tmp_path: Path, place: int) -> None:
    """Be it in the values or in the footer, of which Parquet has no checksum."""
    old = next(iter(files))
    content = bytearray(old.read_bytes())
    content[place] ^= 1
    old.write_bytes(content)
    with pytest.raises(DamagedError, match=r"0\.parquet: the file is damaged"):
        stitched(files, tmp_path / "new.parquet", (0, 0), (1, 0))


def test_a_file_that_is_cut_off_is_told(files: Files, tmp_path: Path) -> None:
    old = next(iter(files))
    old.write_bytes(old.read_bytes()[:-50])
    with pytest.raises(DamagedError, match="cut off or damaged"):
        stitched(files, tmp_path / "new.parquet", (0, 0), (1, 0))


def test_columns_that_are_not_alike_are_refused(files: Files, tmp_path: Path) -> None:
    other = file_of(tmp_path / "other.parquet", rows(0).rename_columns(["at", "title", "trace"]))
    files[other] = contents_of(other, [0] * 3)
    with pytest.raises(NotAlikeError):
        stitched(files, tmp_path / "new.parquet", (2, 0), (1, 0))


def test_row_groups_that_something_outside_of_them_belongs_to_are_not_copied(tmp_path: Path) -> None:
    assert contents_of(file_of(tmp_path / "indexed.parquet", rows(0), write_page_index=True), [0] * 3) == NO_CONTENTS


numbers = st.integers(-(1 << 63), (1 << 63) - 1).map(lambda value: (I64, value))
plain = st.one_of(
    numbers,
    st.binary(max_size=200).map(lambda value: (BINARY, value)),
    st.booleans().map(lambda value: (TRUE if value else FALSE, value)),
    st.floats(allow_nan=False).map(lambda value: (DOUBLE, value)),
    st.lists(numbers.map(lambda pair: pair[1]), max_size=40).map(lambda members: (LIST, (I64, members))),
)
structs = st.recursive(
    st.dictionaries(st.integers(1, 300), plain, max_size=5),
    lambda inner: st.dictionaries(
        st.integers(1, 300),
        st.one_of(
            inner.map(lambda value: (STRUCT, value)),
            st.lists(inner, max_size=20).map(lambda members: (LIST, (STRUCT, members))),
        ),
        max_size=3,
    ),
    max_leaves=20,
)


@given(structs)
def test_a_structure_comes_back_as_it_was(fields: Any) -> None:
    assert read_struct(write_struct(fields)) == fields


def test_a_footer_of_pyarrow_comes_back_byte_for_byte(files: Files) -> None:
    content = next(iter(files)).read_bytes()
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") : -8]
    assert write_struct(read_struct(footer)) == footer


@pytest.mark.parametrize("content", [b"", b"\x15", b"\x18\x05ab", b"\x15" + b"\xff" * 20, b"\x1b\x01"])
def test_what_is_no_structure_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="Thrift"):
        read_struct(content)
