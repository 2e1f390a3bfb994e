"""A dataset's making and what it tells of itself (spec 2.3, 3.1 to 3.3, 6.3)."""

from pathlib import Path

import pandas as pd
import pytest
from datakit_world import experiment, small_sources, write

import sinagotd.datakit.registry
from sinagotd.datakit import Dataset, DatasetSettings, inspect_sources, load, load_path


@pytest.fixture
def sources():
    return small_sources()


@pytest.fixture
def found(tmp_path, sources):
    return Dataset.from_directory(experiment(tmp_path), registry=sources)


@pytest.fixture
def as_default(sources, monkeypatch):
    monkeypatch.setattr(sinagotd.datakit.registry, "default_sources", lambda: sources)
    for module in ("dataset", "opening"):
        monkeypatch.setattr(f"sinagotd.datakit.{module}.default_sources", lambda: sources)


def test_a_dataset_tells_its_rows_and_sources(found, tmp_path):
    assert repr(found) == "Dataset(rows=4, sources=3, task_level=True)"
    assert (found.subjects, found.sessions, found.tasks) == (["01", "02"], ["ses-1"], ["task-a", "task-b"])
    assert (found.sources, found.roots, found.notes) == (("licks", "trials", "weight"), (tmp_path,), [])
    assert (len(found), [len(row) for row in found]) == (4, [1, 1, 1, 1])
    assert found.problems.empty
    assert "licks" in found._repr_html_()


def test_the_inventory_is_a_copy(found):
    inventory = found.inventory
    inventory.iloc[:, :] = "gone"
    assert "gone" not in found.inventory.to_numpy()


def test_notes_are_texts(found):
    assert found.add_note("one") is found
    with pytest.raises(TypeError):
        found.add_note(1)


def test_a_single_name_is_one_source_and_a_single_root_one_root(tmp_path, sources):
    """V37: both were split into letters."""
    one = Dataset.from_directory(str(experiment(tmp_path)), sources="licks", registry=sources)
    assert one.sources == ("licks",)
    assert list(one.inventory.columns) == ["licks", "trials", "weight"]
    assert Dataset(one.inventory, sources="weight", roots=str(tmp_path), registry=sources).roots == (tmp_path,)
    assert list(inspect_sources(one, "weight").index) == ["weight"]


@pytest.mark.parametrize(
    ("inventory", "error"),
    [
        ([], TypeError),
        (pd.DataFrame({"licks": ["x"]}), ValueError),
        (pd.DataFrame({"licks": ["x"]}, index=pd.MultiIndex.from_tuples([("1",)])), ValueError),
        (pd.DataFrame({"licks": ["x"]}, index=pd.MultiIndex.from_tuples([("1", "2", "3", "4")])), ValueError),
    ],
)
def test_an_inventory_is_a_frame_with_the_rows_index(inventory, error, sources):
    with pytest.raises(error):
        Dataset(inventory, registry=sources)


def test_unknown_sources_are_refused_by_name_before_anything_is_walked(tmp_path, sources, found):
    with pytest.raises(KeyError, match="called a, b;"):
        Dataset.from_directory(tmp_path / "never", sources=["b", "licks", "a"], registry=sources)
    with pytest.raises(KeyError, match="called a;"):
        Dataset(found.inventory, sources=["a"], registry=sources)


def test_columns_that_no_source_has_are_kept_and_not_loaded(found, sources):
    inventory = found.inventory.assign(video="/x.mp4")
    more = Dataset(inventory, registry=sources)
    assert more.sources == ("licks", "trials", "weight")
    assert "video" in more.inventory


def test_a_source_without_a_column_is_missing_everywhere(found, sources):
    less = Dataset(found.inventory[["licks"]], sources=["licks", "weight"], registry=sources)
    assert set(less.validate(level="discovery").query("Source == 'weight'").status) == {"missing"}


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda root: root / "never", "is not there"),
        (lambda root: write(root, "file"), "is a file"),
        (lambda root: root, "no name there fits a pattern"),
        (lambda root: write(root, "data/x_licks.csv").parents[1], "1 were there, and none could be used"),
        (lambda _: [], "no root"),
    ],
)
def test_a_root_with_nothing_to_find_says_which_nothing(tmp_path, sources, prepare, message):
    with pytest.raises(ValueError, match=message):
        Dataset.from_directory(prepare(tmp_path), registry=sources)


def test_the_same_recording_in_two_roots_is_one_row(tmp_path, sources):
    """V12: it was two rows with one name; the same root twice doubled all rows."""
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "data/sub-1/ses-1/x_licks.csv", "time,side\n0,left\n")
    write(two, "data/sub-1/ses-1/x_weight.txt", "grams=3")
    write(two, "data/sub-1/ses-1/x_licks.csv", "later")
    write(two, "data/sub-1/ses-1/x_trials.csv", "start_s,stop_s\n1,2\n")
    both = Dataset.from_directory([one, two, one], registry=sources)
    assert (len(both), both.roots) == (1, (one, two))
    assert both.inventory["licks"].item() == str(one / "data/sub-1/ses-1/x_licks.csv")
    assert both.problems["kind"].tolist() == ["duplicate"]
    assert both.materialize()["trials", "start_s"].item().tolist() == [4.0]


def test_a_root_without_files_beside_another_is_a_problem(tmp_path, sources):
    (tmp_path / "empty").mkdir()
    both = Dataset.from_directory([experiment(tmp_path / "full"), tmp_path / "empty"], registry=sources)
    assert both.problems["kind"].tolist() == ["empty root"]


def test_a_generator_of_roots_will_do(tmp_path, sources):
    roots = (root for root in [experiment(tmp_path)])
    assert len(Dataset.from_directory(roots, registry=sources)) == 4


def test_problems_are_a_frame_and_stay_with_the_filtered(tmp_path, sources):
    """V1."""
    experiment(tmp_path)
    write(tmp_path, "data/readme_licks.csv")
    problems = Dataset.from_directory(tmp_path, registry=sources).head(1).problems
    assert problems.iloc[0][["kind", "path", "source", "used"]].tolist() == [
        "unidentified",
        str(tmp_path / "data/readme_licks.csv"),
        "licks",
        False,
    ]


def test_settings_belong_to_one_dataset(tmp_path, sources):
    """V51: renaming the levels renamed them for every dataset."""
    mine = DatasetSettings(index_names=("Mouse", "Day", "Game"), session_task="task-none")
    write(experiment(tmp_path), "data/sub-01/ses-1/x_licks.csv")
    other = Dataset.from_directory(tmp_path, registry=sources, settings=mine)
    assert other.inventory.index.names == ["Mouse", "Day", "Game"]
    assert other.include(mouse="01", game="task-none").tasks == ["task-none"]
    assert len(other.select("01", "ses-1", "task-none")) == 1
    assert Dataset.from_directory(tmp_path, registry=sources).inventory.index.names == ["Subject", "Session", "Task"]


def test_inspect_counts_the_cells_of_the_datasets_own_sources(found, as_default):
    """V16: it listed excluded sources, and failed without any."""
    counted = inspect_sources(found.exclude(source="licks", subject="01").exclude(source="weight"))
    assert counted.loc["licks"].tolist() == [2, 4, 2, 0.5]
    assert list(counted.index) == ["licks", "trials"]
    assert list(inspect_sources(found.inventory, ["licks", "never"])["present"]) == [4, 0]
    assert inspect_sources(found.include(source=[])).empty
    assert list(inspect_sources(found.include(source=[])).columns) == ["present", "total", "missing", "coverage"]
    assert inspect_sources(found.head(0))["coverage"].tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(TypeError):
        inspect_sources("a path")


def test_load_finds_and_materializes(tmp_path, sources):
    options = {"progress": False, "return_errors": True, "registry": sources}
    frame, records = load(experiment(tmp_path), sources="weight", **options)
    assert frame["weight", "grams"].tolist() == [201.0, 201.0, 202.0, 202.0]
    assert len(records) == 4


def test_one_file_can_be_loaded_alone(tmp_path, as_default, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, "any.txt", "grams=1")
    assert load_path("weight", "~/any.txt").value == {"grams": 1.0}
    with pytest.raises(KeyError, match="no source 'never'"):
        load_path("never", Path("any.txt"))
    with pytest.raises(FileNotFoundError, match=r"no file of this name: 'never\.txt'"):
        load_path("weight", Path("never.txt"))
