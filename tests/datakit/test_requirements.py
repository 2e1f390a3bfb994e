"""What a source requires, and what becomes of its cell without (spec 4.4)."""

import pytest
from datakit_world import experiment, small_sources, source_giving, stream, write

from sinagotd.datakit import Dataset, DatasetSettings


@pytest.fixture
def root(tmp_path):
    return experiment(tmp_path)


def found(root, *more, **options):
    return Dataset.from_directory(root, registry=small_sources(*more), **options)


def with_source(root, kind, *names, content=""):
    for name in names or ("data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a",):
        write(root, f"{name}_{kind.tag}.txt", content)
    return found(root, kind)


def bad(_path, _context):
    raise RuntimeError("is broken")


def test_a_cell_that_is_filtered_away_is_not_seen_by_others(root):
    frame = found(root).exclude(source="weight", subject="01", task="task-a").materialize()
    assert frame["trials", "meta"].map(lambda meta: meta["shifted"]).tolist() == [False, True, True, True]
    assert frame["weight", "grams"].isna().tolist() == [True, False, False, False]


def test_files_of_the_session_serve_its_tasks(tmp_path):
    """V38."""
    write(tmp_path, "data/sub-1/ses-1/x_weight.txt", "grams=5")
    write(tmp_path, "data/sub-1/ses-1/x_task-a_trials.csv", "start_s,stop_s\n1,2\n")
    frame, records = found(tmp_path).materialize(return_errors=True)
    assert frame["weight", "grams"].dropna().index.tolist() == [("1", "ses-1", "task-session")]
    assert frame["trials", "start_s"].dropna().item().tolist() == [6.0]
    assert records.set_index(["Task", "Source"]).loc["task-a", "status"].to_dict() == {
        "trials": "ok",
        "weight": "missing",
    }
    kept = found(tmp_path).include(task="task-a").materialize()
    assert kept["trials", "start_s"].item().tolist() == [6.0]
    joined = found(tmp_path, settings=DatasetSettings(session_files="joined")).materialize()
    assert joined.index.tolist() == [("1", "ses-1", "task-a")]
    assert joined["weight", "grams"].tolist() == [5.0]


@pytest.mark.parametrize(
    ("degrade", "optional", "status"),
    [("load", (), "ok"), ("skip", (), "missing"), ("error", (), "error"), ("error", ("weight",), "ok")],
)
def test_what_a_missing_requirement_means_is_said_by_the_source(tmp_path, degrade, optional, status):
    kind = source_giving("odd", lambda *_: stream(1), requires=("weight", "licks"), degrade=degrade, optional=optional)
    write(tmp_path, "data/sub-1/ses-1/x_odd.txt")
    write(tmp_path, "data/sub-1/ses-1/x_licks.csv", "time,side\n0,left\n")
    assert found(tmp_path, kind, sources="odd").validate().status.tolist() == [status]


def test_a_requirement_that_failed_is_told_with_the_cell_that_wanted_it(root):
    write(root, "data/sub-01/ses-1/beh/x_sub-01_ses-1_task-a_weight.txt", "no pair")
    records = found(root, sources="trials").validate()
    assert records.status.tolist() == ["ok"] * 4
    assert records.findings.iloc[0].startswith("its weight could not be loaded: ValueError")
    assert records.findings[1:].isna().all()


def test_a_requirement_that_nobody_has_is_missing(root):
    kind = source_giving(
        "odd", lambda _, context: stream(str(context.get_dependency("never")), is_timeseries=False), requires=("never",)
    )
    assert with_source(root, kind).materialize()["odd", "value"].dropna().tolist() == ["None"]
    kind.degrade = "skip"
    assert with_source(root, kind).materialize().shape == (4, 8)


def test_a_cycle_fails_its_own_cells_only(root):
    """V52."""
    kind = source_giving("odd", lambda *_: stream(1), requires=("odd",))
    records = with_source(root, kind).validate()
    assert records.query("status == 'error'").message.tolist() == ["requires itself: odd → odd"]
    assert (records.status == "ok").sum() == 12


def test_values_inside_another_sources_file_are_found_there_or_missing(root):
    """V23: every session with a log was said to have a treadmill."""

    def inside(path, _context):
        if "01" not in path.read_text():
            raise ValueError("none there")
        return stream(path.name, is_timeseries=False)

    kind = source_giving("inner", inside, derived_from="weight")
    whole = found(root, kind)
    assert whole.sources == ("licks", "trials", "weight", "inner")
    frame, records = whole.materialize(return_errors=True)
    assert frame["inner", "value"].notna().tolist() == [True, True, False, False]
    assert records.query("Source == 'inner'").status.tolist() == ["ok", "ok", "missing", "missing"]
    assert "none there" in records.query("Source == 'inner'").findings.iloc[2]
