"""Parameters, notes and intervals that somebody typed or a device wrote."""

import numpy as np
import pytest

from sinagotd.datakit.sources.faults import UnreadableError


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
