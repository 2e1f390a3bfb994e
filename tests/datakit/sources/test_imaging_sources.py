"""Cameras, fluorescence, Suite2p, DeepLabCut."""

import pickle

import numpy as np
import pytest
from rig_files import (
    camera_frames,
    dataqueue,
    write_pandas_fixed,
    write_pandas_table,
)

from sinagotd.datakit.sources.faults import UnreadableError


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
