"""Readers by suffix: every format gives the same table, a cut one is told, and none runs what a file holds."""

import json
import pickle

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from rig_files import write_pandas_fixed, write_pandas_table

from sinagotd.datakit.sources import columns, hdf5, instants
from sinagotd.datakit.sources.faults import UnreadableError
from sinagotd.datakit.sources.readers import Reading, read_array, read_table


class Payload:
    """Unpickling it leaves a mark behind."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return (open, (self.mark, "w"))


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


def as_lists(table):
    return {name: table[name].to_pylist() for name in table.column_names}


FRAME = {"x": [1.5, 2.5], "n": [1, 2], "s": ["007", "b"]}


def write_npz(path):
    np.savez(path, x=np.array(FRAME["x"]), n=np.array(FRAME["n"]), s=np.array(FRAME["s"]))


def write_structured(path):
    rows = list(zip(*FRAME.values(), strict=True))
    np.save(path, np.array(rows, dtype=[("x", "f8"), ("n", "i8"), ("s", "U3")]))


def write_h5(path):
    with h5py.File(path, "w") as file:
        for name, values in FRAME.items():
            file[f"t/{name}"] = values


WRITERS = {
    "x.csv": lambda path: pd.DataFrame(FRAME).to_csv(path, index=False),
    "x.tsv": lambda path: pd.DataFrame(FRAME).to_csv(path, index=False, sep="\t"),
    "x.json": lambda path: path.write_text(json.dumps(pd.DataFrame(FRAME).to_dict("records"))),
    "columns.json": lambda path: path.write_text(json.dumps(FRAME)),
    "x.jsonl": lambda path: pd.DataFrame(FRAME).to_json(path, orient="records", lines=True),
    "x.parquet": lambda path: parquet.write_table(pa.table(FRAME), path),
    "x.npz": write_npz,
    "x.npy": write_structured,
    "x.h5": write_h5,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_is_read_by_its_suffix(tmp_path, name):
    WRITERS[name](tmp_path / name)
    table = read_table(tmp_path / name)
    np.testing.assert_array_equal(columns.numbers(table["x"]), FRAME["x"])
    np.testing.assert_array_equal(columns.plain(table["n"]), FRAME["n"])
    assert [str(word) for word in table["s"].to_pylist()] == FRAME["s"]


@pytest.mark.parametrize("name", ["x.json", "x.parquet", "x.npz", "x.h5"])
def test_text_of_a_format_with_types_is_never_a_number(tmp_path, name):
    WRITERS[name](tmp_path / name)
    only_digits = read_table(tmp_path / name)["s"].slice(0, 1)
    assert list(columns.plain(only_digits)) == ["007"]


@pytest.mark.parametrize("name", ["x.parquet", "x.npz", "x.npy", "x.h5", "x.json", "x.jsonl"])
def test_a_file_that_was_cut_is_told_by_name(tmp_path, name):
    WRITERS[name](tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(UnreadableError, match=rf"^{name}"):
        read_table(tmp_path / name)


def test_a_broken_line_of_json_is_told_with_its_row(tmp_path):
    path = written(tmp_path, "x.jsonl", b'{"a": 1}\n\n{"a": \n')
    with pytest.raises(UnreadableError, match=r"^x.jsonl, row 3: no whole JSON"):
        read_table(path)


def test_entries_of_nested_objects_become_columns(tmp_path):
    path = written(tmp_path, "x.json", b'{"p": [{"a": 1, "m": {"a": 9, "b": 2}}, {"a": 3, "m": null}]}')
    assert as_lists(read_table(path, Reading(key="p", expand=("m",)))) == {"a": [1, 3], "b": [2, None]}


def test_a_suffix_without_a_reader_is_told(tmp_path):
    with pytest.raises(UnreadableError, match=r"no table can be read from \.xlsx; from \.csv"):
        read_table(tmp_path / "x.xlsx")


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.h5"])
def test_an_array_is_read_by_its_suffix(tmp_path, name):
    values = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "x.npy", values)
    np.savez(tmp_path / "x.npz", only=values)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["only"] = values
    np.testing.assert_array_equal(read_array(tmp_path / name), values)


def test_pickled_objects_in_arrays_are_refused_and_do_not_run(tmp_path):
    """V 7: `.npy` files of objects."""
    mark = tmp_path / "ran"
    np.save(tmp_path / "x.npy", np.array([Payload(mark)], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", only=np.array([Payload(mark)], dtype=object))
    for name in ("x.npy", "x.npz"):
        with pytest.raises(UnreadableError, match="Object arrays cannot be loaded"):
            read_array(tmp_path / name)
    assert not mark.exists()


LABELS = [("net", part, name) for part in "ab" for name in ("x", "y", "likelihood")]


@pytest.mark.parametrize("write", [write_pandas_table, write_pandas_fixed])
def test_frames_of_pandas_in_hdf5_are_read_without_pandas(tmp_path, write):
    values = np.arange(24.0).reshape(4, 6)
    write(tmp_path / "x.h5", values, LABELS)
    read = hdf5.read_table(tmp_path / "x.h5")
    assert sorted(read) == sorted(LABELS)
    for place, label in enumerate(LABELS):
        np.testing.assert_array_equal(read[label], values[:, place])


def test_a_pickled_attribute_with_a_payload_is_refused_and_does_not_run(tmp_path):
    """V 7 and its correction: PyTables unpickles attributes of a node when it is opened."""
    mark = tmp_path / "ran"
    write_pandas_table(tmp_path / "x.h5", np.zeros((4, 6)), LABELS, pickled=pickle.dumps(Payload(mark), protocol=0))
    with pytest.raises(UnreadableError, match=r"names of its columns are not plain words: it wants \w+\.open"):
        hdf5.read_table(tmp_path / "x.h5")
    assert not mark.exists()


def test_a_damaged_or_foreign_hdf5_file_is_told(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_group("df").attrs["nblocks"] = 1
    with pytest.raises(UnreadableError, match=r"^x.h5: cannot be read as HDF5"):
        hdf5.read_table(tmp_path / "x.h5")
    with pytest.raises(FileNotFoundError):
        hdf5.read_table(tmp_path / "nobody.h5")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["other"] = [1.0]
    with pytest.raises(UnreadableError, match=r"say which of its 2 entries to read: df, other"):
        hdf5.read_table(tmp_path / "x.h5")
    with pytest.raises(UnreadableError, match=r"no 'nobody' in it; there are df, other"):
        hdf5.read_table(tmp_path / "x.h5", "nobody")


def test_a_block_of_pickled_objects_is_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        kind = h5py.vlen_dtype(np.uint8)
        file.create_dataset("t/a", (1,), dtype=kind)[0] = np.frombuffer(pickle.dumps(Payload(tmp_path)), np.uint8)
    with pytest.raises(UnreadableError, match="pickled objects, which are never read"):
        hdf5.read_table(tmp_path / "x.h5")


def test_times_of_a_format_with_types_keep_their_zone(tmp_path):
    at = pd.Timestamp("2025-01-01T12:00")
    table = pa.table({"here": [at], "there": [at.tz_localize("Europe/Paris")], "words": ["2025-01-01T12:00+01:00"]})
    parquet.write_table(table, tmp_path / "x.parquet")
    read = read_table(tmp_path / "x.parquet")
    assert instants.local_times(read["here"]) == at.to_datetime64()
    for name in ("there", "words"):
        assert list(instants.local_times(read[name])) == [pd.Timestamp("2025-01-01T11:00Z")]
        assert list(instants.times(read[name])) == [pd.Timestamp("2025-01-01T11:00Z")]
