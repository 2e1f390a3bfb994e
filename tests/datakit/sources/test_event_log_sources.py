"""The event log, and what is timed by it: treadmill and wheel."""

import numpy as np
import pandas as pd
import pytest
from rig_files import (
    QUEUE_ZERO,
    STEP_S,
    dataqueue,
)

from sinagotd.datakit.sources.faults import UnreadableError


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
