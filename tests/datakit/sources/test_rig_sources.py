"""The sixteen sources: what each reads, and the cures of what was wrong with them."""

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rig_files import (
    FILES,
    QUEUE_ZERO,
    STEP_S,
    camera_frames,
    dataqueue,
    psychopy,
    write_pandas_fixed,
    write_pandas_table,
)

from sinagotd.datakit.registry import Sources
from sinagotd.datakit.sources import BUILT_IN
from sinagotd.datakit.sources.faults import UnreadableError


def test_every_built_in_source_is_there_under_the_tag_of_its_class():
    """V 19: one name each, `meso_mean` and `meso_dff` among them."""
    sources = Sources(entry_points=False)
    assert sources.available_tags() == tuple(sorted(BUILT_IN))
    assert [sources.get_source_class(tag).tag for tag in BUILT_IN] == list(BUILT_IN)


def test_no_file_name_belongs_to_two_sources_unless_both_read_it():
    """V 23: a treadmill claims its own files, not every event log."""
    globs = Sources(entry_points=False).globs()
    assert [claim.tag for claim in globs.claims("x_dataqueue.csv", "01/beh")] == ["dataqueue"]
    assert [claim.tag for claim in globs.claims("x_treadmill.csv", "01/beh")] == ["treadmill"]
    assert [claim.tag for claim in globs.claims("F.npy", "01/x_suite2p/suite2p/plane0")] == ["suite2p"]
    assert globs.claims("F.npy", "01/x_suite2p/suite2p/plane1") == []


# ------------------------------------------------------------------------------------------------ the event log


def test_the_event_log_is_the_clock_of_its_session(rig):
    rig.write("dataqueue")
    stream = rig.load("dataqueue")
    np.testing.assert_allclose(stream.t, np.arange(540) * STEP_S, atol=1e-6)
    assert stream.value["device_id"].dtype == "category"
    assert str(stream.value["packet_ts"].dtype) == "datetime64[ns, UTC]"
    meta = stream.meta
    assert (meta["n_entries"], meta["master_device_id"], meta["time_basis"]) == (540, "dhyana_cam", "queue_elapsed")
    assert meta["master_queue_start"] == QUEUE_ZERO
    assert meta["per_device_queue_start"]["encoder"] == pytest.approx(QUEUE_ZERO + 4 * STEP_S)
    assert meta["device_sample_rate_hz"]["encoder"] == pytest.approx(1 / 0.3)
    assert meta["device_aliases"] == {"dhyana_cam": "meso", "ThorCam_1": "pupil"}
    assert meta["affine"]["a"] == pytest.approx(1)
    assert meta["affine"]["b"] == pytest.approx(pd.Timestamp("2025-07-08T16:58:00.05", tz="UTC").timestamp())


@pytest.mark.parametrize(
    ("payloads", "dtype"), [(["16777217", "16777219"], "int64"), (["1", "0.5"], "float64"), (["1", "go"], "str")]
)
def test_a_payload_stays_what_it_is(rig, payloads, dtype):
    """V 29: no float32 that rounds counters above 2**24 and loses text."""
    rig.write(
        "dataqueue", "queue_elapsed,device_id,payload\n" + "".join(f"{i},a,{p}\n" for i, p in enumerate(payloads))
    )
    payload = rig.load("dataqueue").value["payload"]
    assert payload.dtype == dtype
    assert [str(one).removesuffix(".0") for one in payload] == payloads


def test_a_blank_first_time_leaves_the_others_alone(rig):
    """V 46: zero is at the first time there is."""
    rig.write("dataqueue", "queue_elapsed,device_id\n,a\n10.0,a\n11.0,a\n")
    np.testing.assert_array_equal(rig.load("dataqueue").t, [np.nan, 0, 1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("queue,device_id\n1,a\n", "no column 'queue_elapsed'"),
        ("queue_elapsed,device_id\n", "no row below it"),
        ("queue_elapsed,device_id\nx,a\n", "no number in the column 'queue_elapsed'"),
    ],
)
def test_an_event_log_without_a_time_is_told(rig, content, said):
    rig.write("dataqueue", content)
    with pytest.raises(UnreadableError, match=said):
        rig.load("dataqueue")


def test_a_log_with_times_only_will_do(rig):
    rig.write("dataqueue", "queue_elapsed\n5\n6\n")
    stream = rig.load("dataqueue")
    assert stream.t.tolist() == [0, 1]
    assert stream.meta["master_device_id"] == "master"


# ------------------------------------------------------------------------------------------------ treadmill and wheel


def texts_of_encoder(log):
    """The older layout: what the treadmill said is text in the payload."""
    lines = log.splitlines()
    made = [",".join(lines[0].split(",")[:5])]
    for cells in (line.split(",") for line in lines[1:]):
        if cells[3] == "treadmill":
            cells[4] = f'"EncoderData(timestamp={cells[5]}, distance={cells[6]} mm, speed={cells[7]} mm/s)"'
        made.append(",".join(cells[:5]))
    return "\n".join(made) + "\n"


@pytest.mark.parametrize("log", [dataqueue(), texts_of_encoder(dataqueue())])
def test_a_treadmill_inside_the_event_log_is_timed_from_the_cameras_start(rig, log):
    rig.row["treadmill"] = str(rig.write("dataqueue", log))
    stream = rig.load("treadmill")
    assert len(stream.t) == 89  # the last of 90 is after the camera's last message
    np.testing.assert_allclose(stream.t[:3], [0.25, 0.55, 0.85], atol=1e-6)
    assert stream.value.iloc[0][["timestamp", "distance_mm", "speed_mm"]].tolist() == [1_250_000, 2.5, 15]
    assert (stream.meta["n_encoder_payloads"], stream.meta["n_kept"]) == (90, 89)


def test_samples_of_a_treadmill_are_in_order_whatever_the_logs(rig):
    first, *rest = dataqueue().splitlines()
    rig.row["treadmill"] = str(
        rig.write("dataqueue", "\n".join([first, *rest[:100], *rest[100:200][::-1], *rest[200:], ""]))
    )
    stream = rig.load("treadmill")
    assert (np.diff(stream.t) > 0).all()
    assert (np.diff(stream.value["timestamp"]) > 0).all()


def test_a_treadmill_of_its_own_is_read_when_the_log_has_none(rig):
    """V 23: it was ignored as soon as there was any event log."""
    rig.write("dataqueue", "queue_elapsed,device_id\n0,dhyana\n1,dhyana\n")
    rig.write("treadmill")
    stream = rig.load("treadmill")
    np.testing.assert_allclose(stream.t, np.arange(100) * 0.2)
    assert stream.meta["source_method"] == "treadmill_csv_fallback"


def test_a_log_without_a_treadmill_says_so(rig):
    """V 23: the loader of the dataset counts this cell as missing, not as failed."""
    rig.row["treadmill"] = str(rig.write("dataqueue", "queue_elapsed,device_id\n0,dhyana\n1,dhyana\n"))
    with pytest.raises(UnreadableError, match="holds no treadmill"):
        rig.load("treadmill")


def test_blank_doubled_and_wrapped_samples_of_a_treadmill(rig):
    rig.write(
        "treadmill", "timestamp,distance,speed,extra\n4294967290,1,2,a\n4,2,3,b\n4,3,4,c\nx,4,5,d\n1000004,,6,e\n"
    )
    stream = rig.load("treadmill")
    np.testing.assert_allclose(stream.t, [0, 10e-6])
    assert stream.value["extra"].tolist() == ["a", "b"]
    assert list(stream.value) == ["timestamp", "distance_mm", "speed_mm", "extra", "time_elapsed_s"]


def test_a_wheel_is_timed_by_its_encoder_from_the_pupil_cameras_start(rig):
    rig.write("dataqueue")
    rig.write("wheel")
    stream = rig.load("wheel")
    np.testing.assert_allclose(stream.t[[0, -1]], [0.1, 26.8], atol=1e-6)
    assert stream.meta["dataqueue_alignment"] == "resampled"
    assert stream.value["click_position"].iloc[-1] == 99
    assert stream.value["distance_mm"].iloc[-1] == pytest.approx(
        np.trapezoid(stream.value["speed_mm"], np.arange(100) * 0.2)
    )
    assert list(stream.value) == [
        *("time_elapsed_s", "time_reference_s", "click_delta", "click_position", "speed_mm", "distance_mm")
    ]


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (None, "no_dataqueue"),
        ("queue_elapsed,device_id\n0,encoder\n", "insufficient_anchors"),
        ("queue_elapsed,device_id\n0,encoder\n1,encoder\n", "missing_origin_anchors"),
    ],
)
def test_a_wheel_without_an_encoder_in_the_log_keeps_its_own_clock(rig, log, why):
    """V 24: the same columns whatever else is there."""
    if log:
        rig.write("dataqueue", log)
    rig.write("wheel")
    stream = rig.load("wheel")
    np.testing.assert_allclose(stream.t, np.arange(100) * 0.2)
    assert (stream.meta["time_basis"], stream.meta["dataqueue_alignment"]) == ("wheel_clock", why)
    assert "time_absolute" not in stream.value


def test_a_wheel_that_never_turned_has_no_samples(rig):
    """V 46: none are made up."""
    rig.write("wheel", "Clicks,Time,Speed\n")
    stream = rig.load("wheel")
    assert (len(stream.t), len(stream.value)) == (0, 0)


# ------------------------------------------------------------------------------------------------ psychopy


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


# ------------------------------------------------------------------------------------------------ mouseportal


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


# ------------------------------------------------------------------------------------------------ cameras


@pytest.mark.parametrize(
    ("more", "step", "is_absolute"),
    [
        ({}, 0.0201, False),
        ({"ElapsedTime-ms": lambda i: i * 20.0}, 0.02, False),
        ({"TimeReceivedByCore": lambda i: f"2025-07-08 16:58:{i * 0.025:09.6f}"}, 0.025, True),
        (
            {
                "TimeReceivedByCore": lambda i: "lost" if i else "2025-07-08 16:58:00",
                "ElapsedTime-ms": lambda i: i * 30,
            },
            0.03,
            False,
        ),
    ],
)
def test_frames_are_timed_by_the_best_clock_that_all_of_them_have(rig, more, step, is_absolute):
    """V 20: these columns were thrown away before they were looked at."""
    rig.write("meso_metadata", camera_frames(**more))
    stream = rig.load("meso_metadata")
    np.testing.assert_allclose(stream.t, np.arange(50) * step, atol=1e-9)
    assert ("time_absolute" in stream.value) is is_absolute
    assert not {"camera_metadata", "ElapsedTime-ms", "TimeReceivedByCore"} & set(stream.value)


def test_frames_keep_their_metadata_with_compact_types(rig):
    rig.write("pupil_metadata", camera_frames().replace('"p0"', '"p1"'))
    stream = rig.load("pupil_metadata")
    assert (stream.value["ImageNumber"].dtype, stream.value["Temperature"].dtype) == ("uint32", "float32")
    assert stream.value["Binning"].tolist() == ["1"] * 50
    assert (stream.meta["json_entry_key"], stream.meta["device_id"], stream.meta["n_frames"]) == ("p1", "D", 50)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "no object with a key 'p0'"),
        ('{"p1": []}', "no key 'p0'; there are p1"),
        ('{"p0": []}', "an empty list"),
        ('{"p0": [{"a": 1}]}', "no column TimeReceivedByCore"),
        ('{"p0": [{"a": 1}', "row 1: no whole JSON"),
    ],
)
def test_what_a_camera_lacks_is_told(rig, content, said):
    rig.write("meso_metadata", content)
    with pytest.raises(UnreadableError, match=said):
        rig.load("meso_metadata")


# ------------------------------------------------------------------------------------------------ fluorescence


def test_the_mean_trace_runs_at_fifty_hertz(rig):
    rig.write("meso_mean")
    rig.write("meso_dff")
    mean, change = rig.load("meso_mean"), rig.load("meso_dff")
    np.testing.assert_allclose(mean.t, np.arange(200) / 50)
    assert (list(mean.value), list(change.value)) == (["Mean"], ["dF_F"])
    assert mean.meta["n_slices"] == 200


def test_a_trace_without_slices_is_told_and_a_near_name_is_guessed(rig):
    """V 48: no KeyError of pandas."""
    rig.write("meso_mean", "slice,Mean\n1,2\n")
    with pytest.raises(UnreadableError, match=r"no column 'Slice' \(is it 'slice'\?\)"):
        rig.load("meso_mean")


def test_regions_are_timed_by_the_mesoscope(rig):
    rig.write("dataqueue")
    path = rig.write("mesomap")
    path.with_suffix(".regions.csv").write_text("acronym,mask_label\nV1,1\nX,7\n")
    np.save(path.with_suffix(".mask.npy"), np.array([[0, 1], [1, 2]]))
    stream = rig.load("mesomap")
    np.testing.assert_allclose(stream.t, np.arange(180) * 0.15, atol=1e-6)
    assert stream.meta["roi_to_mask_label"] == {"V1": 1}
    assert stream.meta["roi_missing_region_metadata"] == ["M1"]
    assert stream.meta["mask_labels"] == [0, 1, 2]


def test_regions_without_a_clock_have_no_time_rather_than_frame_numbers(rig):
    """V 24."""
    rig.write("mesomap")
    stream = rig.load("mesomap")
    assert np.isnan(stream.t).all()
    assert stream.meta["time_basis"] is None


# ------------------------------------------------------------------------------------------------ suite2p and DeepLabCut


def test_cells_are_timed_by_two_pulses_a_frame(rig):
    rig.write("dataqueue")
    rig.suite2p(frames=45)
    stream = rig.load("suite2p")
    np.testing.assert_allclose(stream.t, np.arange(45) * 0.6, atol=1e-6)
    assert stream.value["roi_fluorescence"].shape == (3, 45)
    baseline = np.percentile(stream.value["roi_fluorescence"], 3, axis=1, keepdims=True)
    expected = stream.value["roi_fluorescence"] / baseline - 1
    np.testing.assert_allclose(stream.value["deltaf_f"], expected, rtol=1e-4)


def test_frames_after_the_last_pulse_have_no_time(rig):
    """V 47: they were extrapolated."""
    rig.write("dataqueue")
    rig.suite2p(frames=50)
    stream = rig.load("suite2p")
    assert np.isfinite(stream.t[:45]).all()
    assert np.isnan(stream.t[45:]).all()
    assert stream.meta["n_frames_without_pulse"] == 5


def test_the_cells_of_all_planes_stand_together(rig):
    """V 47: only those of the last plane were kept."""
    rig.write("dataqueue")
    rig.suite2p(planes=2)
    stream = rig.load("suite2p")
    assert stream.value["roi_fluorescence"].shape == (6, 45)
    assert stream.value["plane"].tolist() == [0, 0, 0, 1, 1, 1]


def test_no_correction_is_claimed_that_was_not_made(rig):
    """V 47: `neuropil_scale` was reported and never applied."""
    rig.write("dataqueue")
    rig.suite2p()
    meta = rig.load("suite2p").meta
    assert meta["neuropil_correction"] is None
    assert "neuropil_scale" not in meta


def test_pickled_companions_of_suite2p_stay_closed(rig, tmp_path):
    """V 7: `stat.npy` and `ops.npy` were unpickled in every build."""
    mark = tmp_path / "ran"

    class Payload:
        def __reduce__(self):
            return (open, (str(mark), "w"))

    rig.write("dataqueue")
    rig.suite2p()
    for name in ("stat.npy", "ops.npy"):
        content = np.array([Payload()], dtype=object)
        np.save(tmp_path / f"{rig.stem}_suite2p" / "plane0" / name, content, allow_pickle=True)
    stream = rig.load("suite2p")
    assert not mark.exists()
    assert stream.meta["not_read"] == ["stat.npy", "ops.npy"]
    assert not {"stat", "ops"} & stream.value.keys()


def test_missing_companions_of_suite2p_are_told(rig, tmp_path):
    rig.write("dataqueue")
    rig.suite2p()
    (tmp_path / f"{rig.stem}_suite2p" / "plane0" / "iscell.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"plane0 has F.npy and no iscell.npy"):
        rig.load("suite2p")


def test_a_log_with_a_broken_pulse_counter_is_told(rig):
    rig.write("dataqueue", dataqueue().replace("nidaq,7,", "nidaq,6,"))
    rig.suite2p()
    with pytest.raises(UnreadableError, match="their counter does not increase"):
        rig.load("suite2p")


@pytest.mark.parametrize("write", [write_pandas_table, write_pandas_fixed])
def test_the_pupil_is_as_wide_as_its_pairs_are_apart(rig, write):
    rig.write("dataqueue")
    size = rig.deeplabcut(write)
    stream = rig.load("pupil_dlc")
    np.testing.assert_allclose(stream.value["pupil_diameter_mm"], size / 53.6, rtol=1e-9)  # the gap lies on the line
    np.testing.assert_allclose(stream.t[[0, -1]], [0, 89 * 0.3], atol=1e-6)
    assert stream.meta["dataqueue_alignment"] == "resampled"


def test_a_pupil_that_was_not_seen_at_first_has_no_width_then(rig):
    rig.deeplabcut(write_pandas_table, unsure=(0, 3))
    diameter = rig.load("pupil_dlc").value["pupil_diameter_mm"]
    assert diameter.isna().tolist() == [True] * 3 + [False] * 57


def test_without_the_log_the_pupil_is_timed_by_its_frames_and_else_by_a_rate(rig):
    rig.deeplabcut(write_pandas_table)
    assert rig.load("pupil_dlc").meta["time_basis"] == "assumed_frame_rate"
    rig.write("pupil_metadata")
    stream = rig.load("pupil_dlc")
    assert stream.meta["time_basis"] == "pupil_metadata"
    np.testing.assert_allclose(stream.t[-1], 49 * 0.0201)


def test_a_key_point_file_with_a_payload_does_not_run(rig, tmp_path):
    """V 7 as corrected: `pupil_dlc` executed code from its input."""
    mark = tmp_path / "ran"

    class Payload:
        def __reduce__(self):
            return (open, (str(mark), "w"))

    rig.deeplabcut(lambda *given: write_pandas_table(*given, pickled=pickle.dumps(Payload(), protocol=0)))
    with pytest.raises(UnreadableError, match="not plain words"):
        rig.load("pupil_dlc")
    assert not mark.exists()


# ------------------------------------------------------------------------------------------------ words


def test_parameters_have_the_type_that_they_are_written_with(rig):
    """V 39: the cleaned values are the output, not a meta that nobody sees."""
    rig.write(
        "session_config", "Parameter,Value\nweight,20.5\nn,12\nid,007\nlight,true\ngenotype, wt \nnone,NA\nrate,1e3\n"
    )
    assert rig.load("session_config").value == {
        "weight": 20.5,
        "n": 12,
        "id": "007",
        "light": True,
        "genotype": "wt",
        "none": None,
        "rate": 1000.0,
    }


def test_the_value_column_is_the_one_called_value(rig):
    """V 39: it was the first that is not called Parameter."""
    rig.write("session_config", "Parameter,Unit,Value\nweight,g,20.5\n")
    assert rig.load("session_config").value == {"weight": 20.5}


def test_parameters_named_as_meta_do_not_overwrite_it(rig):
    """V 39."""
    rig.write("session_config", "Parameter,Value\nscope,wide\nsource_file,x\nsubject,01\nled,2\n")
    stream = rig.load("session_config")
    assert stream.meta["scope"] == "session"
    assert stream.meta["source_file"].endswith("_configuration.csv")
    assert stream.value["scope"] == "wide"
    assert stream.meta["parameter_values"] == {"scope": "wide", "source_file": "x", "led": 2}


def test_a_parameter_with_two_values_is_told(rig):
    """V 39: a Series in a cell."""
    rig.write("session_config", "Parameter,Value\nled,1\nled,2\n")
    with pytest.raises(UnreadableError, match="row 3: a second value for 'led'"):
        rig.load("session_config")


def test_no_line_of_the_notes_is_lost(rig):
    """V 40: marks, fractions, `T`, lines that go on, bad dates."""
    lines = [
        "before everything",
        "2025-01-01 10:00:00: first",
        "  and more of it",
        "",
        "2025-01-01T10:00:01.5: second",
        "2025-02-30 10:00:00: never was",
        "2025-01-01 09:59:00,25: earlier",
    ]
    rig.write("notes", "\n".join(lines).encode("utf-8-sig"))
    stream = rig.load("notes")
    np.testing.assert_allclose(stream.t, [0, 1.5, -59.75])
    assert stream.value["note"].tolist() == ["first\nand more of it", "second", "earlier"]
    assert stream.meta["unread_lines"] == [[1, "before everything"], [6, "2025-02-30 10:00:00: never was"]]


def test_notes_in_latin_1_are_read(rig):
    """V 40: one byte of it failed the file."""
    rig.write("notes", "2025-01-01 10:00:00: 20 µl".encode("latin-1"))
    stream = rig.load("notes")
    assert stream.value["note"].tolist() == ["20 µl"]
    assert stream.meta["encoding"] == "windows-1252"


def test_no_notes_are_no_notes(rig):
    rig.write("notes", "")
    stream = rig.load("notes")
    assert (len(stream.t), len(stream.value)) == (0, 0)


def test_intervals_of_devices_begin_at_the_earliest(rig):
    rig.write("timestamps")
    stream = rig.load("timestamps")
    assert stream.value["start_s"].tolist() == [0, 1]
    assert stream.value["stop_s"].tolist() == [60, 59]
    assert stream.meta["devices"] == ["cam", "wheel"]


def test_precisions_and_offsets_of_timestamps_may_differ(rig):
    """V 41: silently NaT, or an error for the whole file."""
    rows = "cam,2025-01-01T10:00:00,2025-01-01T10:01:00.25\nwheel,2025-01-01T12:00:01+02:00,\nled,never,2025-01-01T10:00:02Z\n"
    rig.write("timestamps", f"device_id,started,stopped\n{rows}")
    value = rig.load("timestamps").value
    np.testing.assert_array_equal(value["start_s"], [0, 1, np.nan])
    np.testing.assert_array_equal(value["stop_s"], [60.25, np.nan, 2])


@pytest.mark.parametrize(
    "tag", ["dataqueue", "treadmill", "wheel", "psychopy", "mouseportal", "meso_mean", "mesomap", "timestamps"]
)
@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", b"\x89PNG\r\n\x1a\n\0\0", '"'])
def test_rubbish_is_told_by_every_table(rig, tag, content):
    if tag != "treadmill":  # a log that holds one comes before its file
        rig.write("dataqueue")
    rig.write(tag, content)
    with pytest.raises((UnreadableError, FileNotFoundError)):
        rig.load(tag)


@pytest.mark.parametrize("tag", [*FILES, "suite2p", "pupil_dlc"])
def test_a_file_that_was_cut_anywhere_is_read_or_told(rig, tag):
    rig.write("dataqueue")
    if tag == "suite2p":
        rig.suite2p()
    elif tag == "pupil_dlc":
        rig.deeplabcut(write_pandas_table)
    else:
        rig.write(tag)
    path = Path(rig.row[tag])
    content = path.read_bytes()
    told = [
        fault for tenth in range(10) if (fault := fault_of(rig, tag, content[: len(content) * tenth // 10 + 7 * tenth]))
    ]
    assert all(fault.path.is_relative_to(rig.folder) for fault in told)
    assert told or tag in {"notes", "treadmill"}  # a cut note is a shorter note; the log holds a treadmill, too


def fault_of(rig, tag, content):
    Path(rig.row[tag]).write_bytes(content)
    try:
        rig.load(tag)
    except UnreadableError as fault:
        return fault


def test_what_sources_say_can_be_stored_as_json(full_rig):
    for tag in ("dataqueue", "wheel", "psychopy", "mouseportal", "mouseportal_trials", "meso_mean"):
        json.dumps(full_rig.load(tag).meta)
        json.dumps(full_rig.sources.get_source_class(tag)().options())
