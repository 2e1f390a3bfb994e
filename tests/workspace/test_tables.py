"""The records of workspaces as rows of a dataset, and what their steps made as cells."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from sinagotd import Workspace
from sinagotd.daemon.datasets.building import do
from sinagotd.daemon.datasets.jobs import job_for
from sinagotd.datakit import Dataset
from sinagotd.errors import ConfigError, DatasetError
from sinagotd.settings.daemon import load_daemon
from sinagotd.settings.workspace import load_workspace
from sinagotd.workspace.opened import opened
from sinagotd.workspace.tables import Asked, dataset_of, table_of

SCRIPT = """
from sinagotd import ScriptTemplate
class Script(ScriptTemplate):
    PATH_IN = {path_in!r}
    PATH_OUT = {path_out!r}
"""


class Lab:
    """A workspace whose files are as if its steps had run."""

    def __init__(self, folder, settings):
        self.folder = folder
        self.write("workspace.toml", settings)
        (folder / "dataset").mkdir()

    def write(self, path, text=""):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def script(self, name, path_in, path_out):
        self.write(f"scripts/{name}.py", SCRIPT.format(path_in=path_in, path_out=path_out))

    def data(self, path, text=""):
        self.write(f"dataset/{path}", text)

    def dataset(self, **asked):
        return dataset_of(Asked(self.folder, **asked))

    def frame(self, **asked):
        return self.dataset(**asked).materialize()


@pytest.fixture
def unit(tmp_path):
    """One count for each of two records; ids tell subject and session."""
    lab = Lab(
        tmp_path,
        '[records]\nid_pattern = \'(?P<subject>S[0-9]+)-(?P<session>[0-9]+)\'\n[steps]\nscripts = ["count", "table"]\n',
    )
    lab.script("count", ("raw", "{id}.txt"), ("count", "{id}.txt"))
    lab.script("table", ("count", "{id}.txt"), {"rows": ("table", "{id}.csv"), "about": ("table", "{id}.json")})
    for number, record in enumerate(("S1-1", "S1-2", "S2-1"), start=1):
        lab.data(f"raw/{record}.txt", "one two")
        lab.data(f"count/{record}.txt", f"{number}\n")
        lab.data(f"table/{record}.csv", f"a,b\n{number},x\n{number + 1},y\n")
        lab.data(f"table/{record}.json", json.dumps({"mean": number / 2, "ok": True}))
    return lab


@pytest.fixture
def scoped(tmp_path):
    lab = Lab(
        tmp_path,
        """
        [records]
        id_pattern = "REC-[0-9]"
        [tasks.RS]
        modalities = ["EEG", "behavior"]
        [tasks.HDC]
        modalities = ["EEG"]
        [modalities.EEG]
        scripts = ["alpha"]
        [modalities.behavior]
        scripts = ["scores"]
        [processed.power]
        task = "RS"
        modality = "EEG"
        step_label = "alpha"
        data_type = "float"
        [processed.summary]
        task = "RS"
        modality = "behavior"
        step_label = "scores"
        data_getter = "series_from_csv"
        columns = ["hits", "misses"]
        """,
    )
    lab.script("EEG/alpha", ("{task}", "{id}.raw"), ("{task}", "alpha", "{id}.txt"))
    lab.script("behavior/scores", ("{task}", "{id}.log"), ("{task}", "scores", "{id}.csv"))
    for record in ("REC-1", "REC-2"):
        lab.data(f"RS/{record}.raw", "x")
        lab.data(f"HDC/{record}.raw", "x")
        lab.data(f"RS/{record}.log", "x")
        lab.data(f"RS/alpha/{record}.txt", "10")
        lab.data(f"HDC/alpha/{record}.txt", "20")
        lab.data(f"RS/scores/{record}.csv", "hits,3\nfalse,1\n")
    return lab


def test_entities_of_ids_are_levels_and_every_file_of_a_step_a_source(unit):
    dataset = unit.dataset()
    assert list(dataset.inventory.index.names) == ["Subject", "Session"]
    assert list(dataset.inventory.index) == [("S1", "1"), ("S1", "2"), ("S2", "1")]
    assert set(dataset.sources) == {"count", "count.input", "table.rows", "table.about"}


def test_a_number_in_a_text_is_a_number_a_table_columns_and_an_object_keys(unit):
    frame = unit.frame()
    row = frame.loc[("S1", "2")]
    assert row["count", "value"] == 2
    assert row["count.input", "value"] == "one two"
    assert list(row["table.rows", "a"]) == [2, 3]
    assert row["table.about", "mean"] == 1.0
    assert frame["count", "value"].dtype.kind == "i" or str(frame["count", "value"].dtype) == "Int64"


def test_what_was_not_made_yet_is_missing(unit):
    (unit.folder / "dataset/count/S1-2.txt").unlink()
    assert pd.isna(unit.frame().loc[("S1", "2"), ("count", "value")])


def test_only_the_sources_that_are_named_are_loaded(unit):
    assert unit.dataset(sources=("count",)).sources == ("count",)
    with pytest.raises(KeyError, match="nothing"):
        unit.dataset(sources=("nothing",))


def test_filters_know_the_levels(unit):
    assert len(unit.dataset().include(subject="S1")) == 2


def test_task_and_modality_are_levels_where_there_are_any(scoped):
    dataset = scoped.dataset()
    assert list(dataset.inventory.index.names) == ["Record", "Task", "Modality"]
    assert [key for key in dataset.inventory.index if key[0] == "REC-1"] == [
        ("REC-1", "HDC", "EEG"),
        ("REC-1", "RS", "EEG"),
        ("REC-1", "RS", "behavior"),
    ]


def test_processed_of_the_settings_is_a_declaration(scoped):
    frame = scoped.frame()
    assert frame.loc[("REC-1", "RS", "EEG"), ("power", "value")] == 10.0
    assert frame.loc[("REC-1", "HDC", "EEG"), ("alpha", "value")] == 20
    summary = frame.loc[("REC-1", "RS", "behavior"), "summary"]
    assert summary["hits"] == 3
    assert pd.isna(summary.get("misses"))
    assert pd.isna(frame.loc[("REC-1", "HDC", "EEG"), ("power", "value")])


def test_sources_that_are_declared_read_the_files_they_claim(unit):
    declared = {"source": {"counts": {"kind": "table", "files": "table/*.csv", "time": {"column": "a"}}}}
    frame = unit.frame(declared=declared)
    assert "counts" in frame.columns.get_level_values(0)
    assert list(frame.loc[("S1", "1"), ("counts", "b")]) == ["x", "y"]


def test_sources_of_a_python_file_do_so_too(unit):
    unit.write(
        "mine.py",
        "from sinagotd.datakit import DataSource\n"
        "class Mine(DataSource):\n"
        "    tag, patterns, is_timeseries = 'mine', ('raw/*.txt',), False\n"
        "    def load(self, path, *, context=None):\n"
        "        return self.stream([], len(path.read_text()), {'scope': 'session'})\n",
    )
    frame = unit.frame(source_files=(unit.folder / "mine.py",))
    assert list(frame["mine", "value"]) == [7, 7, 7]


def test_ids_without_parts_are_called_by_themselves(tmp_path):
    lab = Lab(tmp_path, "[records]\nid_pattern = 'R[0-9]'\n[steps]\nscripts = ['count']\n")
    lab.script("count", ("{id}.npy",), ("{id}.txt",))
    np.save(tmp_path / "dataset/R1.npy", np.arange(3))
    dataset = lab.dataset()
    assert dataset.inventory.index.get_level_values("Record").tolist() == ["R1"]
    assert list(dataset.materialize()["count.input", "values"].iloc[0]) == [0, 1, 2]


def test_entities_that_do_not_tell_records_apart_stand_beside_the_id(tmp_path):
    lab = Lab(tmp_path, "[records]\nid_pattern = '(?P<subject>S[0-9])-.*'\n[steps]\nscripts = ['count']\n")
    lab.script("count", ("{id}.txt",), ("count", "{id}.txt"))
    lab.data("S1-a.txt", "1")
    lab.data("S1-b.txt", "2")
    assert list(lab.dataset().inventory.index) == [("S1-a", "S1"), ("S1-b", "S1")]


def test_a_workspace_without_records_has_no_rows(tmp_path):
    lab = Lab(tmp_path, "[records]\nid_pattern = 'R[0-9]'\n[steps]\nscripts = ['count']\n")
    lab.script("count", ("{id}.txt",), ("count", "{id}.txt"))
    dataset = lab.dataset(sources=("count",))
    assert (len(dataset), dataset.sources) == (0, ("count",))


def test_an_open_workspace_gives_the_same(unit):
    held = opened(load_workspace(unit.folder))
    pd.testing.assert_frame_equal(table_of(held).materialize(), unit.frame())


def test_a_notebook_has_the_same_table(unit):
    with Workspace(unit.folder) as workspace:
        dataset = Dataset.from_workspace(workspace)
        assert dataset.sources == unit.dataset().sources
        assert Dataset.from_workspace(workspace, sources="count").sources == ("count",)


def test_a_notebook_opens_what_a_service_has_published(unit):
    unit.write(
        "sinagotd.toml", '[datasets.counts]\nworkspace = "."\noutput = "out/{name}.parquet"\nsources = ["count"]'
    )
    workspace = Workspace(unit.folder)
    with pytest.raises(DatasetError, match="nothing is published yet"):
        workspace.dataset("counts")
    with pytest.raises(ConfigError, match="did you mean counts"):
        workspace.dataset("count")
    job = job_for("counts", load_daemon(unit.folder), date(2026, 1, 1))
    assert do(job)["status"] == "published"
    pd.testing.assert_frame_equal(workspace.dataset("counts"), unit.frame(sources=("count",)), check_freq=False)


def test_it_is_loaded_the_same_by_processes(unit):
    pd.testing.assert_frame_equal(unit.dataset().materialize(workers=2), unit.frame())
