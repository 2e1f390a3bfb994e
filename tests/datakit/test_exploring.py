"""Reports on trees, frames and files: V 17, V 35; and the shell's names."""

import builtins
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from saving_world import column, frame_of

from sinagotd.datakit import Dataset, explore, open_shell
from sinagotd.datakit.saving.writing import save_frame
from sinagotd.datakit.shell import namespace
from sinagotd.errors import DatasetError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for subject, session in (("01", "a"), ("01", "b"), ("02", "a")):
        folder = tmp_path / "tree" / "data" / f"sub-{subject}" / f"ses-{session}"
        folder.mkdir(parents=True)
        (folder / f"sub-{subject}_ses-{session}_notes.txt").write_text("2025-01-01 10:00:00: calm\n")
    (folder / "sub-02_ses-a_configuration.csv").write_text("Parameter,Value\nsex,F\n")
    return tmp_path / "tree"


@pytest.fixture
def frame() -> pd.DataFrame:
    made = frame_of(
        {
            ("meso", "dF_F"): column(np.arange(5.0), None),
            ("meso", "t"): column(np.arange(5.0) / 50),
            ("meso", "meta"): column({"a": 1, "b": 2}),
            ("age", "value"): [1.0, np.nan, np.nan, np.nan],
        }
    )
    made.attrs = {"datakit": {"version": "7"}}
    return made


def test_a_dataset_is_told_by_source_and_subject(tree: Path) -> None:
    report = explore.inventory(Dataset.from_directory(tree, sources=["notes", "session_config"]))
    assert (report.n_subjects, report.n_sessions, report.n_rows, report.n_total_files) == (2, 2, 3, 4)
    assert [(tag.tag, tag.file_count, tag.coverage_pct, tag.extensions) for tag in report.tags] == [
        ("notes", 3, 100.0, [".txt"]),
        ("session_config", 1, 33.3, [".csv"]),
    ]
    assert report.coverage_matrix == {"notes": {"01": 100.0, "02": 100.0}, "session_config": {"01": 0.0, "02": 100.0}}
    assert report.roots == (str(tree),)


def test_a_frame_is_told_by_source_feature_and_cells(frame: pd.DataFrame) -> None:
    report = explore.materialized(frame)
    assert (report.shape, report.n_sources, report.n_features, report.sources) == ((4, 4), 2, 4, ["meso", "age"])
    assert report.source_features == {"meso": ["dF_F", "t", "meta"], "age": ["value"]}
    assert [column.detail for column in report.columns] == [
        "ndarray float64 (5,)",
        "ndarray float64 (5,)",
        "dict(2) [a, b]",
        "",
    ]
    assert report.coverage == {"meso": 100.0, "age": 25.0}
    assert report.index_counts == {"Subject": 4, "Session": 1, "Task": 1}
    assert (report.version, report.memory_mb > 0) == ("7", True)


def test_only_combinations_that_are_there_are_told(frame: pd.DataFrame) -> None:
    two = frame.iloc[:2].set_axis(
        pd.MultiIndex.from_tuples([("01", "ses-1", "a"), ("02", "ses-2", "b")], names=frame.index.names)
    )
    assert explore.materialized(two).hierarchy == {"01": {"ses-1": ["a"]}, "02": {"ses-2": ["b"]}}


def test_cells_that_differ_and_columns_without_any_are_told(frame: pd.DataFrame) -> None:
    odd = frame_of({("a", "x"): column(np.ones(2), "text"), ("a", "y"): column(None)})
    assert [column.detail for column in explore.materialized(odd).columns] == [
        "ndarray float64 (2,) (varies: str)",
        "all missing",
    ]
    assert explore.materialized(odd.iloc[:0]).coverage == {"a": 0.0}
    flat = explore.materialized(pd.DataFrame({"a": [1]}))
    assert (flat.sources, flat.coverage, flat.columns[0].source) == ([], {"a": 100.0}, None)


@pytest.mark.parametrize("suffix", ["parquet", "h5", "pickle", "csv"])
def test_every_saved_format_can_be_explored(
    tmp_path: Path, frame: pd.DataFrame, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save_frame(frame[["age"]] if suffix == "csv" else frame, tmp_path / f"saved.{suffix}")
    assert explore(path).sources[-1:] == ["age"]  # type: ignore[union-attr]
    assert "rows with a value" in capsys.readouterr().out


def test_a_pipe_gets_no_escape_sequences_even_from_file_names(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = explore(tree)
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert explore.render(report) == str(report)
    assert "session_config" in told
    odd = frame_of({("a\x1b[31m", "x"): [1.0] * 4})
    assert "\\x1b[31m" in str(explore.materialized(odd))


def test_a_notebook_gets_html_with_nothing_in_it_that_runs(frame: pd.DataFrame) -> None:
    hostile = frame.rename(columns={"meso": "<script>"})
    assert "&lt;script&gt;" in explore.materialized(hostile)._repr_html_()
    assert "<script>" not in explore.materialized(hostile)._repr_html_()


def test_reports_are_json_on_request(tree: Path, frame: pd.DataFrame) -> None:
    assert json.loads(explore.materialized(frame).to_json())["coverage"]["age"] == 25.0
    assert json.loads(explore.path(tree).to_json())["n_total_files"] == 4


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_coverage_and_cells_are_drawn(tmp_path: Path, tree: Path, frame: pd.DataFrame, suffix: str) -> None:
    explore.path(tree).plot(tmp_path / f"files.{suffix}")
    explore.materialized(frame).plot(tmp_path / f"values.{suffix}")
    figure = explore.plot(frame, ("00", "ses-1", "task-a"), "meso", "dF_F", tmp_path / f"cell.{suffix}")
    assert figure.axes[0].lines[0].get_xdata()[-1] == 4 / 50
    heads = {path.read_bytes()[1:4] for path in tmp_path.glob(f"*.{suffix}")}
    assert heads == ({b"PNG"} if suffix == "png" else {b"?xm"})
    assert len(list(tmp_path.glob(f"*.{suffix}"))) == 3


def test_what_is_no_array_cannot_be_drawn(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"meso\.meta of .* is no array of numbers"):
        explore.plot(frame, ("00", "ses-1", "task-a"), "meso", "meta")


def test_without_matplotlib_pictures_say_what_to_install(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DatasetError, match=r"pip install 'sinagotd\[plot\]'"):
        explore.materialized(frame).plot()


def test_other_targets_are_told(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="wants a Dataset, a frame or a path, not int"):
        explore(5)
    with pytest.raises(FileNotFoundError):
        explore(tmp_path / "nothing.parquet")


def test_the_shell_has_names_for_each_target(tmp_path: Path, tree: Path, frame: pd.DataFrame) -> None:
    assert set(namespace(None)) == {"datakit", "explore"}
    assert set(namespace(tree)) == {"datakit", "explore", "dataset", "inventory", "report"}
    assert set(namespace(save_frame(frame, tmp_path / "x.parquet"))) == {"datakit", "explore", "df", "report"}
    with pytest.raises(FileNotFoundError, match="neither a folder nor a saved dataset"):
        namespace(tmp_path / "nothing")


def test_the_shell_runs_what_is_typed_and_returns_zero(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(["print(len(dataset))"])

    def answer(_: Any = "") -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(builtins, "input", answer)
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert open_shell(tree) == 0
    assert "3" in capsys.readouterr().out
