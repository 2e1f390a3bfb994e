"""Filters against a plain model over pandas rows (spec 3.4 to 3.8)."""

import numpy as np
import pandas as pd
import pytest
from datakit_world import Licks, small_sources
from hypothesis import given, settings
from hypothesis import strategies as st

from sinagotd.datakit import Dataset

SOURCES = small_sources()
NAMES = {"subject": ["1", "2", "3"], "session": ["ses-1", "ses-2"], "task": ["task-a", "task-b"]}
TAGS = ["licks", "weight", "trials"]
LEVELS = {"subject": "Subject", "session": "Session", "task": "Task"}
KEYS = [
    (subject, session, task) for subject in NAMES["subject"] for session in NAMES["session"] for task in NAMES["task"]
]


def dataset(keys, **more):
    index = pd.MultiIndex.from_tuples(keys, names=["Subject", "Session", "Task"])
    cells = [[f"/{tag}/{'/'.join(key)}" for tag in TAGS] for key in keys]
    return Dataset(pd.DataFrame(cells, index=index, columns=TAGS), registry=SOURCES, **more)


def wanted(*names):
    several = st.lists(st.sampled_from([*names, "unknown"]), max_size=3)
    return st.one_of(
        st.none(),
        st.sampled_from([*names, "unknown"]),
        several,
        several.map(set),
        several.map(np.array),
        several.map(pd.Index),
    )


def constraints(**axes):
    return st.fixed_dictionaries({}, optional={axis: wanted(*names) for axis, names in axes.items()})


def as_set(value):
    return {value} if isinstance(value, str) else {str(one) for one in value}


def rows_meant(keys, axes):
    rows = pd.DataFrame(keys, columns=list(LEVELS))
    mask = pd.Series(data=True, index=rows.index)
    for axis, value in axes.items():
        if value is not None:
            mask &= rows[axis].isin(as_set(value))
    return [key for key, meant in zip(keys, mask, strict=True) if meant]


ROWS = st.lists(st.sampled_from(KEYS), unique=True, min_size=1)


@settings(max_examples=40)
@given(ROWS, constraints(**NAMES), wanted(*TAGS))
def test_include_keeps_what_the_model_keeps(keys, axes, source):
    kept = dataset(keys).include(source=source, **axes)
    assert list(kept.inventory.index) == rows_meant(keys, axes)
    assert list(kept.sources) == [tag for tag in TAGS if source is None or tag in as_set(source)]
    assert list(kept.inventory.columns) == TAGS


@settings(max_examples=40)
@given(ROWS, constraints(**NAMES), wanted(*TAGS))
def test_exclude_drops_rows_sources_or_cells_as_the_model_does(keys, axes, source):
    kept = dataset(keys).exclude(source=source, **axes)
    by_row = any(value is not None for value in axes.values())
    meant = set(rows_meant(keys, axes)) if by_row else set()
    tags = set() if source is None else as_set(source)
    if source is None:
        assert list(kept.inventory.index) == [key for key in keys if key not in meant]
    else:
        assert list(kept.inventory.index) == keys
        gone = {(key, tag) for tag in TAGS for key in keys if pd.isna(kept.inventory.loc[key, tag])}
        assert gone == {(key, tag) for key in meant for tag in tags & set(TAGS)}
    assert list(kept.sources) == [tag for tag in TAGS if by_row or tag not in tags]


@settings(max_examples=40)
@given(ROWS, st.integers(0, 20))
def test_head_keeps_the_first_rows(keys, count):
    assert list(dataset(keys).head(count).inventory.index) == keys[:count]


@settings(max_examples=40)
@given(ROWS, st.sampled_from(KEYS))
def test_select_finds_the_one_row_or_says_there_is_none(keys, key):
    if key in keys:
        assert list(dataset(keys).select(*key).inventory.index) == [key]
    else:
        with pytest.raises(KeyError, match="no row"):
            dataset(keys).select(*key)


def test_select_refuses_several_rows_and_what_is_no_name():
    with pytest.raises(ValueError, match="2 rows"):
        dataset(KEYS).select("1", "ses-1")
    with pytest.raises(KeyError, match=r"\('9', 'ses-1'\)"):
        dataset(KEYS).select("9", "ses-1")
    with pytest.raises(TypeError):
        dataset(KEYS).select(1, "ses-1")
    assert len(dataset(KEYS[:2]).select(None, "ses-1", "task-a")) == 1


def test_filters_take_any_list_of_names_and_refuse_the_rest():
    """V37: sets, arrays and indexes were refused."""
    all_rows = dataset(KEYS)
    for names in (
        {"1"},
        frozenset({"1"}),
        np.array(["1"]),
        pd.Index(["1"]),
        pd.Series(["1"]),
        (name for name in "1"),
        {"1": 0}.keys(),
    ):
        assert all_rows.include(subject=names).subjects == ["1"]
    for wrong in (1, b"1", {"1": 0}, object()):
        with pytest.raises(TypeError):
            all_rows.include(subject=wrong)


def test_exclude_of_nothing_changes_nothing():
    """V4: it dropped all rows."""
    assert len(dataset(KEYS).exclude()) == len(KEYS)


@pytest.mark.parametrize(
    "way",
    [
        lambda rows: rows.include(task="task-a"),
        lambda rows: rows.exclude(task="task-a"),
        lambda rows: rows.exclude(task="task-a", source="licks"),
        lambda rows: rows.select("1", "ses-1", "task-a"),
        lambda rows: rows.include(run="run-1"),
    ],
)
def test_a_level_that_rows_do_not_have_is_no_filter(way):
    """V5: `exclude(task=…)` dropped every row, `include` ignored it."""
    rows = dataset(KEYS).inventory
    rows = rows[rows.index.get_level_values("Task") == "task-a"].droplevel("Task")
    with pytest.raises(ValueError, match=r"no '(task|run)' level"):
        way(Dataset(rows, registry=SOURCES))


def test_every_filter_carries_the_notes():
    """V3."""
    noted = dataset(KEYS).add_note("mind the gap")
    for smaller in (
        noted.include(subject="1"),
        noted.exclude(subject="1"),
        noted.head(),
        noted.select(*KEYS[0]),
        next(iter(noted)),
    ):
        assert smaller.notes == ["mind the gap"]
    noted.head().add_note("of the head only")
    assert noted.notes == ["mind the gap"]


@pytest.mark.parametrize("n", [-1, True, 1.5, "2", None])
def test_head_wants_a_number_of_rows(n):
    with pytest.raises(ValueError):
        dataset(KEYS).head(n)
    assert len(dataset(KEYS).head(np.int64(2))) == 2


def test_index_values_are_compared_as_text_and_stay_what_they_are():
    index = pd.MultiIndex.from_tuples([(1, "a"), (2, "a")])
    rows = Dataset(pd.DataFrame({"licks": ["/x", "/y"]}, index=index), registry=SOURCES)
    assert rows.include(subject="1").subjects == [1]
    assert rows.inventory.index.names == ["Subject", "Session"]
    assert index.names == [None, None]


def test_further_levels_can_be_filtered_by_their_name():
    index = pd.MultiIndex.from_tuples(
        [("1", "s", "t", "run-1"), ("1", "s", "t", "run-2")], names=["a", "b", "c", "Run"]
    )
    rows = Dataset(pd.DataFrame({Licks.tag: ["/x", "/y"]}, index=index), registry=SOURCES)
    assert rows.include(run="run-2").inventory["licks"].tolist() == ["/y"]
    assert rows.select("1", "s", "t", run="run-1").inventory["licks"].tolist() == ["/x"]
