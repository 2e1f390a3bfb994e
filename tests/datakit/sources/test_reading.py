"""Text and its tables as they really come: marked, badly encoded, cut, empty."""

import csv
import io
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinagotd.datakit.sources import columns, instants
from sinagotd.datakit.sources.delimited import ABSENT, parse_delimited, read_delimited
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.readers import read_table
from sinagotd.datakit.sources.texts import Text, read_text


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


def as_lists(table):
    return {name: table[name].to_pylist() for name in table.column_names}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_byte_order_mark_says_the_encoding(tmp_path, encoding):
    path = written(tmp_path, "x.csv", "note,n\nµ,1\n".encode(encoding))
    assert as_lists(read_delimited(path)) == {"note": ["µ"], "n": ["1"]}


def test_a_file_in_latin_1_is_read_and_said_to_be_so(tmp_path):
    text = read_text(written(tmp_path, "x.txt", "20 °C".encode("latin-1")))
    assert text == ("20 °C".encode(), "windows-1252")
    assert text.findings == {"encoding": "windows-1252"}


def test_an_encoding_that_is_given_has_to_be_right(tmp_path):
    path = written(tmp_path, "x.csv", b"a\nfine\n\xff\n")
    with pytest.raises(UnreadableError, match=r"^x.csv, row 3: not in utf-8"):
        read_delimited(path, encoding="utf-8")


def test_zero_bytes_after_a_power_cut_are_told_with_their_row(tmp_path):
    path = written(tmp_path, "x.csv", b"a,b\n1,2\n3,4\n\0\0\0\0")
    with pytest.raises(UnreadableError, match=r"^x.csv, row 4: zero bytes"):
        read_delimited(path)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_table_is_told(tmp_path, content):
    with pytest.raises(UnreadableError, match=r"^x.csv: the file is empty$"):
        read_delimited(written(tmp_path, "x.csv", content))


def test_a_cut_row_is_told_with_its_number(tmp_path):
    path = written(tmp_path, "x.csv", b"a,b,c\n1,2,3\n4,5")
    with pytest.raises(
        UnreadableError, match=r"^x.csv, row 3: 2 values where the first line names 3; was the file cut"
    ):
        read_delimited(path)


def test_names_alone_are_a_table_without_rows(tmp_path):
    assert as_lists(read_delimited(written(tmp_path, "x.csv", b"a,b"))) == {"a": [], "b": []}


def test_columns_without_a_name_and_of_one_name_are_called_as_in_pandas(tmp_path):
    content = b"a,,a,a\n1,2,3,4\n"
    table = read_delimited(written(tmp_path, "x.csv", content))
    assert table.column_names == list(pd.read_csv(io.BytesIO(content)).columns)


def test_an_error_survives_the_way_from_another_process(tmp_path):
    path = written(tmp_path, "x.csv", b"a,b\n1\n")
    with pytest.raises(UnreadableError) as caught:
        read_delimited(path)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.path, again.row) == (str(caught.value), path, 2)


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.tuples(
                *[st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1)] * width
            ),
            min_size=1,
            max_size=6,
        )
    )
)
def test_what_the_csv_module_writes_is_read_back(rows):
    stream = io.StringIO()
    names = [f"c{place}" for place in range(len(rows[0]))]
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *rows])
    table = parse_delimited(None, Text(stream.getvalue().encode(), "utf-8"))
    expected = [[None if word in ABSENT else word for word in column] for column in zip(*rows, strict=True)]
    assert [table[name].to_pylist() for name in names] == expected


def column(*words):
    return pa.chunked_array([pa.array(words, pa.string())])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["1", "2"], np.array([1, 2])),
        (["1", None], np.array([1.0, np.nan])),
        (["1", "2.5", "3"], np.array([1.0, 2.5, 3.0])),
        (["18446744073709551615", "1"], np.array([2**64 - 1, 1], dtype=np.uint64)),
        (["True", "False"], np.array([True, False])),
        ([None, None], np.array([np.nan, np.nan])),
    ],
)
def test_a_column_is_what_all_its_values_are(words, expected):
    read = columns.plain(column(*words))
    assert read.dtype == expected.dtype
    np.testing.assert_array_equal(read, expected)


def test_one_word_among_numbers_makes_the_column_text():
    assert list(columns.plain(column("1", "x", "3"))) == ["1", "x", "3"]
    assert list(columns.plain(column("1", "2", "x"))) == ["1", "2", "x"]
    np.testing.assert_array_equal(columns.numbers(column("1", "x", "3")), [1, np.nan, 3])


def test_every_time_is_read_by_itself():
    """V 41: one value without a fraction does not turn the others into nothing, and offsets may differ."""
    read = instants.times(
        column("2025-01-01T10:00:00", "2025-01-01 10:00:00.5", "2025-01-01T12:00:00+02:00", "never", None, "2625-01-01")
    )
    seconds = instants.seconds(instants.nanoseconds(read), instants.nanoseconds(read)[0])
    np.testing.assert_array_equal(seconds, [0, 0.5, 0, np.nan, np.nan, np.nan])


def test_times_without_an_offset_stay_times_on_the_wall():
    assert instants.local_times(column("2025-01-01 10:00:00")).dtype == "datetime64[ns]"
    assert (
        str(instants.local_times(column("2025-01-01T10:00:00", "2025-01-01T10:00:00Z")).dtype) == "datetime64[ns, UTC]"
    )


@pytest.mark.parametrize("words", [[" 1", "2 "], ["+1", "2"], ["1", " 2"]])
def test_blanks_and_signs_around_numbers_are_no_text(words):
    np.testing.assert_array_equal(columns.plain(column(*words)), [1, 2])


def test_lines_may_end_as_on_old_machines(tmp_path):
    for name, ending in (("n.csv", b"\n"), ("rn.csv", b"\r\n"), ("r.csv", b"\r")):
        path = written(tmp_path, name, ending.join([b"a,b", b"1,2", b"3,4", b""]))
        assert as_lists(read_delimited(path)) == {"a": ["1", "3"], "b": ["2", "4"]}, name


def test_ten_thousand_columns_are_read(tmp_path):
    names = ",".join(["x"] * 10_000)
    table = read_delimited(written(tmp_path, "x.csv", f"{names}\n{names}\n".encode()))
    assert (len(set(table.column_names)), table.num_rows) == (10_000, 1)


def test_rubbish_in_the_first_line_is_told(tmp_path):
    with pytest.raises(UnreadableError, match=r"^x.csv, row 1: no names of columns"):
        read_delimited(written(tmp_path, "x.csv", b"a" * 200_000 + b"\n1\n"))


def test_json_that_is_too_deep_or_too_large_is_told_or_kept(tmp_path):
    deep = written(tmp_path, "deep.json", b"[" * 100_000)
    with pytest.raises(UnreadableError, match="no whole JSON"):
        read_table(deep)
    large = written(tmp_path, "large.json", b'[{"a": 1180591620717411303424}, {"a": 1}]')
    assert as_lists(read_table(large)) == {"a": ["1180591620717411303424", "1"]}
