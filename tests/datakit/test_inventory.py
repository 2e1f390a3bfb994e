"""From found files to rows and cells (spec 2.2)."""

import numpy as np
import pandas as pd
import pytest
from datakit_world import write

from sinagotd.datakit.discovery import discover
from sinagotd.datakit.globs import Globs
from sinagotd.datakit.inventory import build_inventory, joined, with_inherited
from sinagotd.datakit.settings import DatasetSettings

GLOBS = Globs([("notes", "*_notes.txt"), ("log", "*_log.csv")])
BASE = "sub-1/ses-1/x_"


def inventory(root, *paths, task=True, prefer_processed=True, **settings):
    for path in paths:
        write(root, path)
    files = discover(root, GLOBS).files
    return build_inventory(
        files, DatasetSettings(**settings), prefer_processed=prefer_processed, include_task_level=task
    )


def cells(built, root):
    frame = built.frame.apply(lambda column: column.str.removeprefix(f"{root}/"))
    return {(key, tag): path for tag in frame for key, path in frame[tag].dropna().items()}


def test_rows_are_sorted_as_text_and_columns_by_name(tmp_path):
    paths = [f"data/sub-1/ses-{n}/x_task-a_notes.txt" for n in (10, 2)]
    built = inventory(tmp_path, *paths, "data/sub-0/ses-1/x_log.csv").frame
    assert list(built.index) == [("0", "ses-1", "task-session"), ("1", "ses-10", "task-a"), ("1", "ses-2", "task-a")]
    assert built.index.names == ["Subject", "Session", "Task"]
    assert list(built.columns) == ["log", "notes"]
    assert np.isnan(built.iloc[0]["notes"])
    assert built.iloc[0]["log"] == str(tmp_path / "data/sub-0/ses-1/x_log.csv")


@pytest.mark.parametrize(("prefer", "origin"), [(True, "processed"), (False, "data")])
def test_the_preferred_origin_has_the_cell_without_a_problem(tmp_path, prefer, origin):
    """V2: the flag changed nothing."""
    built = inventory(tmp_path, f"data/{BASE}notes.txt", f"processed/{BASE}notes.txt", prefer_processed=prefer)
    assert list(cells(built, tmp_path).values()) == [f"{origin}/{BASE}notes.txt"]
    assert built.problems == []


def test_two_files_for_one_cell_are_a_problem_and_the_last_path_has_it(tmp_path):
    """V10: the first was lost in silence."""
    built = inventory(tmp_path, f"data/{BASE}1_notes.txt", f"data/{BASE}2_notes.txt")
    assert list(cells(built, tmp_path).values()) == [f"data/{BASE}2_notes.txt"]
    (problem,) = built.problems
    assert (problem.kind, problem.path) == ("duplicate", f"{tmp_path}/data/{BASE}1_notes.txt")


def test_tasks_that_fall_together_without_their_level_are_a_problem(tmp_path):
    """V10: `include_task_level=False` lost tasks."""
    built = inventory(tmp_path, f"data/{BASE}task-a_notes.txt", f"data/{BASE}task-b_notes.txt", task=False)
    assert built.frame.index.names == ["Subject", "Session"]
    assert [problem.kind for problem in built.problems] == ["duplicate"]


def test_the_task_is_a_level_of_its_own_accord_where_a_file_names_one(tmp_path):
    assert inventory(tmp_path, f"data/{BASE}notes.txt", task=None).frame.index.names == ["Subject", "Session"]
    assert inventory(tmp_path, f"data/{BASE}task-a_log.csv", task=None).frame.index.nlevels == 3


def test_runs_that_would_share_a_cell_become_a_level(tmp_path):
    """V10: runs overwrote each other."""
    runs = [f"data/{BASE}task-a_acq-x_run-{n}_notes.txt" for n in (1, 2)]
    built = inventory(tmp_path, *runs, f"data/{BASE}task-a_acq-x_log.csv")
    assert built.problems == []
    assert built.frame.index.names == ["Subject", "Session", "Task", "Run"]
    assert list(built.frame.index.get_level_values("Run")) == ["", "run-1", "run-2"]


def test_entities_are_levels_when_asked_for_and_not_when_refused(tmp_path):
    paths = [f"data/{BASE}task-a_run-{n}_notes.txt" for n in (1, 2)]
    assert inventory(tmp_path, *paths, entities=("run", "acq")).frame.index.names[3:] == ["Run", "Acq"]
    refused = inventory(tmp_path, *paths, entities=())
    assert (refused.frame.index.nlevels, len(refused.problems)) == (3, 1)


def test_a_tree_without_sessions_has_one(tmp_path):
    built = inventory(tmp_path, "sub-1/func/sub-1_task-rest_notes.txt")
    assert list(built.frame.index) == [("1", "ses-none", "task-rest")]


UNSET = ("task-session", "")


def frame(*rows):
    index = pd.MultiIndex.from_tuples([row[0] for row in rows], names=["Subject", "Session", "Task", "Run"])
    return pd.DataFrame([row[1] for row in rows], index=index, columns=["a", "b"], dtype=object)


def test_files_of_the_session_are_seen_by_its_tasks_and_the_nearest_wins():
    """V38."""
    rows = frame(
        (("1", "s", "task-session", ""), ["sa", "sb"]),
        (("1", "s", "task-x", ""), [np.nan, "xb"]),
        (("1", "s", "task-x", "run-1"), [np.nan, np.nan]),
        (("1", "other", "task-x", "run-1"), [np.nan, np.nan]),
    )
    seen = with_inherited(rows, UNSET)
    assert seen.iloc[:3].to_numpy().tolist() == [["sa", "sb"], ["sa", "xb"], ["sa", "xb"]]
    assert seen.iloc[3].isna().all()
    assert rows.iloc[2].isna().all()


def test_joined_rows_have_what_they_inherit_as_their_own():
    rows = frame(
        (("1", "s", "task-session", ""), ["sa", "sb"]),
        (("1", "s", "task-x", ""), [np.nan, "xb"]),
        (("2", "s", "task-session", ""), ["x", np.nan]),
    )
    assert joined(rows, UNSET).to_dict("index") == {
        ("1", "s", "task-x", ""): {"a": "sa", "b": "xb"},
        ("2", "s", "task-session", ""): {"a": "x", "b": pytest.approx(np.nan, nan_ok=True)},
    }
