"""Which format a path means, before anything is loaded or made: V 14, V 15, V 17, V 18."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from saving_world import column, frame_of

from sinagotd.datakit.saving.formats import Format, choose
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.saving.writing import open_writer, save_frame


def scalars() -> pd.DataFrame:
    return frame_of(
        {
            ("a", "x"): [1.5, np.nan] * 2,
            ("a", "t"): pd.array(["é", None] * 2, dtype="str"),
            ("b", "n"): pd.array([1, 2] * 2, dtype="Int64"),
        }
    )


@pytest.mark.parametrize(
    ("name", "format_", "wanted"),
    [
        ("x.parquet", None, Format.PARQUET),
        ("x.PQ", None, Format.PARQUET),
        ("x", None, Format.PARQUET),
        ("x.h5", None, Format.HDF5),
        ("x.csv", None, Format.CSV),
        ("x.pkl", None, Format.PICKLE),
        ("x.dat", "Parquet", Format.PARQUET),
        ("x", "pickle", Format.PICKLE),
        ("x.hdf5", "h5", Format.HDF5),
    ],
)
def test_the_name_or_the_suffix_says_the_format(name: str, format_: str | None, wanted: Format) -> None:
    assert choose(Path(name), format_) is wanted


@pytest.mark.parametrize(
    ("name", "format_", "told"),
    [
        ("x.parquet", "pickle", "change one of the two"),
        ("x.xlsx", None, "no format has the suffix '.xlsx'"),
        ("x.parquet", "excel", "no format 'excel'"),
        ("x.pkl.gz", None, "leave .gz off"),
    ],
)
def test_a_format_that_does_not_suit_is_refused_before_anything_is_made(
    tmp_path: Path, name: str, format_: str | None, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        open_writer(tmp_path / "new" / name, format=format_)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.parquet", "x", "x.h5", "x.csv", "x.pkl", "odd.dat"])
def test_every_file_that_is_saved_can_be_loaded(tmp_path: Path, name: str) -> None:
    path = save_frame(scalars(), tmp_path / name, format="parquet" if name == "odd.dat" else None)
    assert path == tmp_path / name
    assert load_saved(path).shape == (4, 3)


def test_a_file_is_known_by_its_content_whatever_it_is_called(tmp_path: Path) -> None:
    save_frame(scalars(), tmp_path / "x.h5").rename(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(load_saved(tmp_path / "x.parquet"), scalars())


def test_csv_keeps_the_values_and_the_axes_of_scalars(tmp_path: Path) -> None:
    path = save_frame(scalars(), tmp_path / "x.csv")
    assert path.read_text(encoding="utf-8").splitlines()[:2] == [
        "Subject,Session,Task,a.x,a.t,b.n",
        "00,ses-1,task-a,1.5,é,1",
    ]
    pd.testing.assert_frame_equal(load_saved(path), scalars().astype({("b", "n"): "int64"}))


@pytest.mark.parametrize("cell", [np.arange(3), {"a": 1}])
def test_csv_refuses_what_is_no_scalar_and_leaves_what_was_there(tmp_path: Path, cell: Any) -> None:
    path = save_frame(scalars(), tmp_path / "x.csv")
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"CSV holds one value per cell, and the column 'a\.x' has more"):
        save_frame(frame_of({("a", "x"): column(cell)}), path)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])


def test_a_csv_of_others_is_a_plain_table(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert load_saved(tmp_path / "x.csv").to_dict("list") == {"a": [1], "b": [2]}


def test_an_hdf5_key_is_kept_and_another_is_told(tmp_path: Path) -> None:
    save_frame(scalars(), tmp_path / "x.h5", hdf_key="mine/own")
    pd.testing.assert_frame_equal(load_saved(tmp_path / "x.h5", hdf_key="mine/own"), scalars())
    with pytest.raises(KeyError, match="there is no dataset 'dataset'; there are: mine"):
        load_saved(tmp_path / "x.h5")


def test_a_file_that_is_not_there_or_is_none_of_ours_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_saved(tmp_path / "x.parquet")
    with pytest.raises(FileNotFoundError):
        load_saved(tmp_path)
    (tmp_path / "x.txt").write_text("no dataset")
    with pytest.raises(ValueError, match="no saved dataset"):
        load_saved(tmp_path / "x.txt")


def test_home_is_expanded_and_folders_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert save_frame(scalars(), "~/new/folder/x.parquet") == Path("~/new/folder/x.parquet")
    assert load_saved("~/new/folder/x.parquet").shape == (4, 3)
