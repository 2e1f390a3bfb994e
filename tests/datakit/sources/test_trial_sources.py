"""Trials: PsychoPy and the virtual corridor."""

import numpy as np
import pytest
from rig_files import (
    dataqueue,
    psychopy,
)

from sinagotd.datakit.sources.faults import UnreadableError


def test_trials_are_counted_from_the_first_pulse(rig):
    """V 21: and nothing clips them to a window on another clock."""
    rig.write("dataqueue")
    rig.write("psychopy")
    stream = rig.load("psychopy")
    zero = 3.1  # the experiment began at 16:57:57, the first pulse came at 16:58:00.1
    np.testing.assert_allclose(stream.value["start_s"], 6 + 4 * np.arange(20) - zero, atol=1e-9)
    np.testing.assert_allclose(stream.value["stop_s"], 8 + 4 * np.arange(20) - zero, atol=1e-9)
    np.testing.assert_allclose(stream.value["gratings_window_gray_start"], 4 + 4 * np.arange(20) - zero, atol=1e-9)
    assert stream.meta["task_branch"] == "gratings"


def test_the_task_is_that_of_the_row_and_not_of_a_folder_above_it(rig):
    """V 22."""
    rig.write("dataqueue")
    rig.write("psychopy")
    stream = rig.load("psychopy", task="task-other")
    assert stream.meta["task_branch"] == "raw"
    np.testing.assert_allclose(stream.value["start_s"], stream.value["stop_s"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (psychopy().replace("2025-07-08 16h57.57.000000", ""), "expStart holds no local time"),
        (psychopy().replace("key_resp_2.rt", "other"), "no column for a key response"),
        (psychopy().replace("display_gratings.started", "other"), "no column for a trial's start"),
        (psychopy().replace("expStart", "began"), "no column 'expStart'"),
    ],
)
def test_what_an_experiment_lacks_is_told(rig, content, said):
    """V 22: a sentence, no TypeError."""
    rig.write("dataqueue")
    rig.write("psychopy", content)
    with pytest.raises(UnreadableError, match=said):
        rig.load("psychopy")


def test_a_log_without_pulses_is_told(rig):
    """V 22: no UnboundLocalError."""
    rig.write("dataqueue", dataqueue().replace("Dev1_nidaq", "other"))
    rig.write("psychopy")
    with pytest.raises(UnreadableError, match="no message of a device named like 'nidaq'"):
        rig.load("psychopy")


@pytest.mark.parametrize("tag", ["psychopy", "mouseportal", "suite2p"])
def test_a_source_that_needs_the_log_says_which_row_has_none(rig, tag):
    rig.suite2p() if tag == "suite2p" else rig.write(tag)
    with pytest.raises(FileNotFoundError, match="sub-01_ses-01_task-gratings has no event log"):
        rig.load(tag)


def test_frames_of_the_corridor_are_timed_by_the_shared_counter(full_rig):
    stream = full_rig.load("mouseportal")
    np.testing.assert_allclose(stream.t, 0.25 + np.arange(200) * 0.1, atol=1e-6)
    assert stream.meta["alignment"]["a"] == pytest.approx(1e-6)


def test_trials_of_the_corridor_are_runs_of_its_state(full_rig):
    stream = full_rig.load("mouseportal_trials")
    assert stream.value["phase"].tolist() == ["trial", "iti"] * 10
    np.testing.assert_allclose(stream.value["start_s"], 0.25 + np.arange(20), atol=1e-6)
    np.testing.assert_allclose(stream.value["duration_s"], 0.9, atol=1e-6)
    assert stream.value["condition"].tolist()[:4] == ["gain0", "gain0", "gain1", "gain1"]
    assert stream.meta["n_trials"] == 10


def test_trials_without_a_state_are_told(rig):
    """V 48: no `KeyError: False`."""
    rig.write("dataqueue")
    rig.write("mouseportal_trials", "treadmill_device_us,block\n1250000,0\n1350000,0\n")
    with pytest.raises(UnreadableError, match="no column 'state' nor 'trial'"):
        rig.load("mouseportal_trials")
