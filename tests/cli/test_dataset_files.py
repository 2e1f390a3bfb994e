"""`sinagotd dataset` on folders and saved files, without a service: V 16, V 17, V 18, V 49."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from saving_world import column, frame_of

from sinagotd.cli import dataset_shell
from sinagotd.cli.main import sinagotd
from sinagotd.datakit import load_dataset
from sinagotd.datakit.saving.writing import save_frame

Call = Callable[..., Any]


def call(*words: object) -> Any:
    return CliRunner().invoke(sinagotd, ["dataset", *map(str, words)])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for subject in ("01", "02"):
        folder = tmp_path / "tree" / "data" / f"sub-{subject}" / "ses-a"
        folder.mkdir(parents=True)
        (folder / f"sub-{subject}_ses-a_notes.txt").write_text(
            "2025-01-01 10:00:00: calm\n2025-01-01 10:00:05: awake\n"
        )
        (folder / f"sub-{subject}_ses-a_configuration.csv").write_text("Parameter,Value\nsex,F\n")
    return tmp_path / "tree"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    frame = frame_of({("meso", "dF_F"): column(np.arange(5.0), None), ("age", "value"): [1.0, np.nan, np.nan, np.nan]})
    return save_frame(frame, tmp_path / "saved.parquet")


@pytest.mark.parametrize("name", ["parquet", "hdf5", "pickle"])
def test_a_folder_is_built_into_a_file_of_any_format(tree: Path, tmp_path: Path, name: str) -> None:
    result = call("build", tree, "-o", tmp_path / "out", "-f", name, "--json")

    report = json.loads(result.stdout)
    assert (result.exit_code, report["rows"], report["failed"]) == (0, 2, [])
    frame = load_dataset(report["output"])
    assert [len(notes) for notes in frame["notes", "note"]] == [2, 2]


def test_without_an_output_the_file_is_in_processed(tree: Path) -> None:
    result = call("build", tree, "-t", "notes")

    (file,) = (tree / "processed").iterdir()
    assert result.exit_code == 0
    assert file.name.endswith("_dataset.parquet")
    assert str(file) in result.stdout
    assert set(load_dataset(file).columns.get_level_values("Source")) == {"notes"}


def test_rows_and_sources_can_be_chosen(tree: Path, tmp_path: Path) -> None:
    sources = tmp_path / "sources.py"
    sources.write_text(
        "from sinagotd.datakit import TableSource\nclass Own(TableSource):\n    tag = 'own'\n    patterns = ('**/*_notes.txt',)\n    def build_table(self, path, *, context):\n        return [0.0], {'size': path.stat().st_size}, {}\n"
    )

    result = call(
        "build", tree, "-o", tmp_path / "x.parquet", "--sources-from", sources, "-t", "own", "--subject", "02"
    )

    assert result.exit_code == 0
    assert load_dataset(tmp_path / "x.parquet")["own", "size"].tolist() == [53]


def test_csv_refuses_arrays_in_a_sentence(tree: Path, tmp_path: Path) -> None:
    result = call("build", tree, "-o", tmp_path / "x.csv")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "CSV holds one value per cell" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_cannot_be_loaded_stops_a_build_unless_it_is_lenient(tree: Path, tmp_path: Path) -> None:
    bad = next(tree.rglob("sub-02*_configuration.csv"))
    bad.write_text("nothing,of\nthe,sort\n")

    strict = call("build", tree, "-o", tmp_path / "x.parquet")
    lenient = call("build", tree, "-o", tmp_path / "x.parquet", "--lenient")

    assert strict.exit_code == 1
    assert strict.stderr.splitlines()[0] == "1 of 4 cells could not be loaded (--lenient builds without them):"
    assert bad.name in strict.stderr.splitlines()[1]
    assert lenient.exit_code == 1
    assert f"session_config, data/sub-02/ses-a/{bad.name}" in lenient.stdout
    assert len(load_dataset(tmp_path / "x.parquet")) == 2


def test_a_lenient_build_tells_what_it_left_out_in_any_format(tree: Path, tmp_path: Path) -> None:
    """CSV has no room for it, and nothing was said."""
    bad = next(tree.rglob("sub-02*_configuration.csv"))
    bad.write_text("nothing,of\nthe,sort\n")

    result = call("build", tree, "-t", "session_config", "-o", tmp_path / "x.csv", "--lenient")

    assert result.exit_code == 1
    assert f"session_config, data/sub-02/ses-a/{bad.name}" in result.stdout
    assert call("validate", tmp_path / "x.csv").stdout.strip().startswith("it can be read;")


def test_more_failed_cells_than_are_told_have_a_command_that_tells_them(tree: Path, tmp_path: Path) -> None:
    for at in range(10, 17):
        folder = tree / f"data/sub-{at}/ses-a"
        folder.mkdir(parents=True)
        (folder / f"sub-{at}_ses-a_task-x_configuration.csv").write_text("nothing,of\nthe,sort\n")

    said = call("build", tree, "-o", tmp_path / "x.parquet").stderr.splitlines()

    assert said[-1] == f"  and 2 more, which `sinagotd dataset validate {tree}` names"


def test_validate_tells_the_cells_that_fail(tree: Path) -> None:
    fine = call("validate", tree)
    bad = next(tree.rglob("sub-02*_configuration.csv"))
    bad.write_text("nothing,of\nthe,sort\n")
    faulty = call("validate", tree, "--json")
    found = call("validate", tree, "--level", "discovery")

    assert fine.exit_code == 0
    assert "4 cells" in fine.stdout
    assert faulty.exit_code == 1
    assert [cell["status"] for cell in json.loads(faulty.stdout)["cells"]].count("error") == 1
    assert (found.exit_code, "4 cells" in found.stdout) == (0, True)


def test_validate_reads_a_saved_file_to_its_end(tree: Path, tmp_path: Path) -> None:
    call("build", tree, "-o", tmp_path / "x.parquet")
    whole = call("validate", tmp_path / "x.parquet")
    (tmp_path / "x.parquet").write_bytes((tmp_path / "x.parquet").read_bytes()[:900])
    cut = call("validate", tmp_path / "x.parquet")

    assert (whole.exit_code, "4 cells" in whole.stdout) == (0, True)
    assert (cut.exit_code, "cut off or damaged" in cut.stderr) == (1, True)


def test_inspect_counts_rows_by_source(tree: Path, saved: Path) -> None:
    next(tree.rglob("sub-02*_configuration.csv")).unlink()

    rows = json.loads(call("inspect", tree, "--json").stdout)

    assert {"source": "session_config", "present": 1, "total": 2, "missing": 1, "coverage": 0.5} in rows
    assert [row["present"] for row in json.loads(call("inspect", saved, "--json").stdout)] == [2, 1]
    assert "50%" in call("inspect", saved).stdout


def test_inspect_of_nothing_is_a_sentence(tmp_path: Path) -> None:
    result = call("inspect", tmp_path)

    assert result.exit_code == 1
    assert str(tmp_path) in result.stderr


def test_what_is_misspelt_is_told_with_what_is_meant(tree: Path, saved: Path) -> None:
    for words, said in [
        (("inspect", tree, "--session", "a"), "no row has the session 'a': did you mean ses-a?"),
        (("validate", tree, "--subject", "9"), "no row has the subject '9'; there are 01, 02"),
        (("build", tree, "-t", "note"), "no source is called note (is it 'notes'?)"),
        (("explore", tree.parent / "tre"), "there is neither a file nor a folder of this name"),
        (("profile", tree), "is a folder, and a saved dataset is a file"),
        (("explore", saved, "--hdf-ky", "x"), "Did you mean"),
    ]:
        result = call(*words)
        assert (result.exit_code in (1, 2), said in result.stderr) == (True, True), result.stderr


def test_explore_shows_and_draws(tree: Path, saved: Path, tmp_path: Path) -> None:
    shown = call("explore", tree, "--plot", tmp_path / "x.svg")

    assert shown.exit_code == 0
    assert "notes" in shown.stdout
    assert (tmp_path / "x.svg").is_file()
    assert json.loads(call("explore", saved, "--json").stdout)["coverage"] == {"meso": 50.0, "age": 25.0}
    assert call("explore", saved, "--plot", tmp_path / "x.xyz").exit_code == 1


def test_profile_tells_sources_cells_and_figures(saved: Path, tmp_path: Path) -> None:
    shown = call("profile", saved, "--verbose", "--json-file", tmp_path / "x.json")

    assert shown.exit_code == 0
    assert "meso.dF_F of 00.ses-1.task-a" in shown.stdout
    told = [json.loads((tmp_path / "x.json").read_text()), json.loads(call("profile", saved, "--json").stdout)]
    assert [[column["column"] for column in report["columns"]] for report in told] == [["meso.dF_F", "age.value"]] * 2


def test_convert_writes_another_format(saved: Path, tmp_path: Path) -> None:
    result = call("convert", saved, tmp_path / "x.h5")

    assert (result.exit_code, "4 rows, 2 columns" in result.stdout) == (0, True)
    pd.testing.assert_frame_equal(load_dataset(tmp_path / "x.h5"), load_dataset(saved))
    assert call("convert", saved, tmp_path / "x.xlsx").exit_code == 1
    assert call("convert", tmp_path / "nothing.pkl", tmp_path / "x.parquet").exit_code == 1


class Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["convert", "explore", "profile", "inspect", "validate", "shell"])
def test_a_pickle_that_would_run_something_is_refused_by_every_command(tmp_path: Path, name: str) -> None:
    bad, trap = tmp_path / "bad.pkl", tmp_path / "trap"
    bad.write_bytes(pickle.dumps(Payload(trap)))

    result = call(name, bad, *([tmp_path / "x.parquet"] if name == "convert" else []))

    assert result.exit_code == 1
    assert "was not loaded" in result.stderr
    assert not trap.exists()


def test_shell_opens_on_a_target(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(
        "sinagotd.datakit.shell.open_shell", lambda *target, **options: opened.append((target, options)) or 0
    )

    assert call("shell", saved, "--trust").exit_code == 0
    assert opened == [((saved,), {"hdf_key": "dataset", "trust": True})]
    assert dataset_shell.command.name == "command"
