"""The source protocol (spec 4.1, 4.3) and what a source may know of its row."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datakit_world import stream

from sinagotd.datakit import DataSource, IntervalSeriesSource, LoadContext, TableSource, TimeseriesSource, document
from sinagotd.datakit.loading import experiment_window
from sinagotd.datakit.settings import DatasetSettings


def context(**fields):
    return LoadContext("01", "ses-1", "task-a", {"notes": "/x/notes.txt", "gone": np.nan, "none": None}, **fields)


def test_a_context_knows_the_paths_of_its_row():
    assert context().path_for("notes") == Path("/x/notes.txt")
    assert [context().path_for(tag) for tag in ("gone", "none", "never")] == [None, None, None]
    with pytest.raises(FileNotFoundError, match=r"sub-01_ses-1_task-a .*'gone'"):
        context().require_path("gone")


def test_a_context_knows_the_streams_its_source_asked_for():
    loaded = stream(1)
    assert context(dependencies={"log": loaded}).require_dependency("log") is loaded
    assert context(dependencies={"log": None}).get_dependency("log") is None
    with pytest.raises(RuntimeError, match="no loaded 'log'"):
        context(dependencies={"log": None}).require_dependency("log")


def test_a_source_without_its_method_says_so():
    for kind in (DataSource, TimeseriesSource, TableSource, IntervalSeriesSource):
        with pytest.raises(NotImplementedError):
            kind().load(Path("x"))


class Pupil(TimeseriesSource):
    tag = "pupil"
    camera_tag = "thorcam"

    @document
    def diameter(self):
        """In mm."""

    def build_timeseries(self, path, *, context):
        return [0, 1], np.ones(2), {"is_timeseries": "mine"}


def test_base_classes_add_to_meta_without_overwriting():
    loaded = Pupil().load(Path("x"))
    assert loaded.tag == "pupil"
    assert loaded.meta == {
        "is_timeseries": "mine",
        "source_tag": "pupil",
        "camera_tag": "thorcam",
        "docs": {"diameter": "In mm."},
    }


class Trial(IntervalSeriesSource):
    tag = "trial"

    def build_intervals(self, path, *, context):
        self.need_context(context)
        return pd.DataFrame({name: ["1", "x"] for name in path.name.split(",")}), {}


def test_intervals_are_timed_by_their_start():
    loaded = Trial().load(Path("start_s,stop_s"), context=context())
    np.testing.assert_array_equal(loaded.t, [1.0, np.nan])
    assert loaded.meta["is_interval"] is True


def test_intervals_need_a_start_and_a_stop():
    with pytest.raises(ValueError, match="stop_s"):
        Trial().load(Path("start_s"), context=context())


@pytest.mark.parametrize(
    ("base", "given", "said"),
    [
        (TimeseriesSource, 5, "build_timeseries.. gave int, not times, a value and meta"),
        (TableSource, ([0], {}), "build_table.. gave .list, dict., not times"),
        (TableSource, ([0], {}, 7), "gave .list, dict, int., not times"),
        (IntervalSeriesSource, None, "build_intervals.. gave NoneType, not a frame of intervals and meta"),
        (IntervalSeriesSource, ({}, {}), "gave .dict, dict., not a frame"),
    ],
)
def test_a_source_that_gives_something_else_is_told_what_is_wanted(base, given, said):
    """It said that an argument after * must be an iterable."""
    name = next(name for name in vars(base) if name.startswith("build_"))
    kind = type("Odd", (base,), {"tag": "odd", name: lambda *_, **__: given})
    with pytest.raises(TypeError, match=said):
        kind().load(Path("x"))


def test_a_source_that_needs_its_row_refuses_to_be_without():
    with pytest.raises(ValueError, match="'trial'"):
        Trial().load(Path("start_s,stop_s"))


@pytest.mark.parametrize("categorical", [True, False])
def test_the_window_is_the_first_and_last_queue_time_of_a_camera_in_file_order(categorical):
    frame = pd.DataFrame(
        {
            "queue_elapsed": ["9", "3", "x", "5", "1"],
            "device_id": ["nidaq", "The_DHYANA", None, "mesoscope1", "encoder"],
        }
    )
    if categorical:
        frame["device_id"] = frame["device_id"].astype("category")
    assert experiment_window(frame, DatasetSettings()) == (3.0, 5.0)
    assert experiment_window(frame.iloc[[0, 2]], DatasetSettings()) is None
    assert experiment_window(frame[["device_id"]], DatasetSettings()) is None
