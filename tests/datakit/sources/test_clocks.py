"""The event log as an index, and windows around events."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig_files import QUEUE_ZERO, STEP_S

from sinagotd.datakit.epoch import epoch, event_triggered_average, peri_event_grid
from sinagotd.datakit.sources.alignment import anchored
from sinagotd.datakit.sources.states import state_runs
from sinagotd.datakit.timeline import DataqueueIndex


@pytest.fixture
def index(rig):
    return DataqueueIndex.from_path(rig.write("dataqueue"))


def test_devices_stand_in_order_of_appearance(index):
    assert index.device_ids() == ["dhyana_cam", "Dev1_nidaq", "ThorCam_1", "encoder", "treadmill"]


@pytest.mark.parametrize(
    ("selector", "count"),
    [("encoder", 90), ("ENCODER", 0), (["encoder", "treadmill"], 180), (lambda ids: ids == "encoder", 90)],
)
def test_a_slice_is_chosen_by_exact_name_by_list_or_by_function(index, selector, count):
    assert len(index.slice(selector).queue_elapsed()) == count
    assert len(index.queue_series(selector)) == count


def test_words_find_devices_whatever_the_case(index):
    assert len(index.times("thorCAM")) == 90
    assert index.window("dhyana", "mesoscope") == pytest.approx((QUEUE_ZERO, QUEUE_ZERO + 537 * STEP_S))
    assert index.window("nobody") is None


def test_absolute_times_of_a_device_are_iso_in_utc(index):
    elapsed, absolute = index.absolute_for_device("encoder")
    assert elapsed[:2] == pytest.approx([0, 0.3])
    assert absolute[0] == "2025-07-08T16:58:00.250000Z"
    assert index.absolute_for_device("nobody") is None


def test_rows_without_a_queue_time_are_left_out(tmp_path):
    path = tmp_path / "x_dataqueue.csv"
    path.write_text("queue_elapsed,device_id\n,a\n1,b\nx,c\n")
    assert DataqueueIndex.from_path(path).device_ids() == ["b"]


@pytest.mark.parametrize("content", [None, "", "a\n1\n", "queue_elapsed\nx\n"])
def test_what_is_no_log_is_not_found(tmp_path, content):
    path = tmp_path / "x_dataqueue.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FileNotFoundError):
        DataqueueIndex.from_path(path)


def test_the_log_of_a_folder_is_looked_up_each_time(tmp_path):
    assert DataqueueIndex.for_directory(tmp_path) is None
    (tmp_path / "x_dataqueue.csv").write_text("queue_elapsed\n1\n")
    assert DataqueueIndex.for_directory(tmp_path).queue.tolist() == [1]


def test_a_line_through_points():
    assert DataqueueIndex.fit_affine([0, 1, 2], [1, 3, 5]) == pytest.approx((2, 1, 1))
    with pytest.raises(ValueError, match="two points or more"):
        DataqueueIndex.fit_affine([1], [1])
    with pytest.raises(ValueError, match="stands still"):
        DataqueueIndex.fit_affine([1, 1], [1, 2])


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_a_wrapped_counter_is_unwrapped(steps, start):
    whole = start + np.cumsum(steps) - steps[0]
    np.testing.assert_array_equal(DataqueueIndex.fix_32bit_wraparound(whole % 2**32), whole)


def test_relative_times_begin_at_the_first_finite_one():
    np.testing.assert_array_equal(DataqueueIndex.relative([np.nan, 3, 5]), [np.nan, 0, 2])


@given(st.integers(2, 40), st.integers(1, 60))
def test_samples_lie_evenly_between_their_anchors(anchors, count):
    times, how = anchored(np.arange(anchors) * 2.0, count)
    assert how == ("direct" if anchors == count else "resampled")
    np.testing.assert_allclose(times, np.linspace(0, 2 * (anchors - 1), count), atol=1e-9)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 2)), min_size=1, max_size=30))
def test_intervals_of_states_are_those_of_plain_grouping(rows):
    frame = pd.DataFrame(rows, columns=["state", "block"])
    t = np.arange(len(rows)) * 0.5
    runs, begin = state_runs(None, frame, t, state="state", groups=["block"])
    expected = {}
    for at, row in zip(t, rows, strict=True):
        start, _ = expected.setdefault(row, (at, at))
        expected[row] = (start, at)
    found = {
        (p, b): (a, z)
        for p, b, a, z, _ in runs[["phase", "block", "start_s", "stop_s", "duration_s"]].itertuples(index=False)
    }
    assert found == expected
    assert runs["start_s"].is_monotonic_increasing
    np.testing.assert_array_equal(t[begin], runs["start_s"])


def test_the_grid_of_a_window():
    np.testing.assert_allclose(peri_event_grid(0.2, 0.3, 10), [-0.2, -0.1, 0, 0.1, 0.2])
    with pytest.raises(ValueError, match="above zero"):
        peri_event_grid(1, 1, 0)


def test_the_nearest_sample_is_the_nearest():
    """V 34: it was the next one."""
    _, stack = epoch([0, 1, 2], [10, 20, 30], [1.0], pre=0.6, post=0.9, fs=2, method="nearest")
    np.testing.assert_array_equal(stack, [[10, 20, 20]])  # at 0.4, 0.9 and 1.4 seconds


def test_windows_are_interpolated_and_blank_outside_of_the_data():
    grid, stack = epoch([0, 1, 2], [0, 10, 20], [1.5, 9], pre=1, post=1, fs=2)
    np.testing.assert_allclose(grid, [-1, -0.5, 0, 0.5])
    np.testing.assert_allclose(stack, [[5, 10, 15, 20], [np.nan] * 4])


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=8, unique=True), st.lists(st.floats(-2, 12), min_size=1, max_size=5)
)
def test_nearest_agrees_with_looking_at_all_samples(times, onsets):
    times = np.sort(times)
    values = np.arange(len(times), dtype=float)
    grid, stack = epoch(times, values, onsets, pre=0, post=1, fs=4, method="nearest")
    for onset, row in zip(onsets, stack, strict=True):
        for at, value in zip(onset + grid, row, strict=True):
            if times[0] <= at <= times[-1]:
                assert np.abs(times - at).min() == np.abs(times[int(value)] - at)
            else:
                assert np.isnan(value)


@pytest.mark.parametrize(("t", "values"), [([[0, 1]], [[0, 1]]), ([0, 1], [0]), ([1, 0], [0, 1])])
def test_times_that_do_not_fit_are_told(t, values):
    with pytest.raises(ValueError, match="times"):
        epoch(t, values, [0], pre=1, post=1, fs=1)


def test_the_mean_over_events_without_their_baseline():
    t = np.arange(0, 10, 0.5)
    grid, mean, stack = event_triggered_average(t, t, [2, 5, 99], pre=1, post=1, fs=2, baseline=(-1, 0))
    np.testing.assert_allclose(grid, [-1, -0.5, 0, 0.5])
    np.testing.assert_allclose(mean, [-0.25, 0.25, 0.75, 1.25])
    assert np.isnan(stack[2]).all()
