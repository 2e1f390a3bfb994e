"""Sources without code: they read what the built-in ones read, and their faults are told all at once."""

import json
import tomllib
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from rig_files import camera_frames

from sinagotd.datakit.checks import findings
from sinagotd.datakit.flatten import flatten
from sinagotd.datakit.registry import Sources
from sinagotd.datakit.sources.declared import declared_sources
from sinagotd.datakit.sources.faults import UnreadableError

DECLARED = {
    kind.tag: kind for kind in declared_sources(tomllib.loads((Path(__file__).parent / "rig.toml").read_text()))
}


def source(text):
    (kind,) = declared_sources(tomllib.loads(f"[source.x]\n{text}"))
    return kind


def load(rig, text, content, *, name="x.csv", **row):
    path = rig.folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rig.row |= {"x": str(path), **row}
    return rig.load("x", source(text))


def assert_same_values(one, other):
    np.testing.assert_allclose(one.t, other.t, atol=1e-9)
    if not isinstance(other.value, pd.DataFrame):
        assert one.value == other.value
        return
    assert set(one.value) == set(other.value)
    same_order = one.value[list(other.value)].reset_index(drop=True)
    pd.testing.assert_frame_equal(same_order, other.value.reset_index(drop=True), check_categorical=False)


@pytest.mark.parametrize("tag", sorted(DECLARED))
def test_a_declaration_reads_what_the_built_in_source_reads(rig, tag):
    """Spec 10: what each generic reader has to cover."""
    if tag in {"wheel", "mesomap", "mouseportal_trials"}:
        rig.write("dataqueue")
    rig.write(tag)
    assert_same_values(rig.load(tag, DECLARED[tag]), rig.load(tag))


def test_a_declared_camera_takes_the_best_clock_that_all_frames_have(rig):
    content = camera_frames(TimeReceivedByCore=lambda i: f"2025-07-08 16:58:{i * 0.025:09.6f}")
    rig.write("meso_metadata", content)
    assert_same_values(rig.load("meso_metadata", DECLARED["meso_metadata"]), rig.load("meso_metadata"))


def test_what_a_clock_refers_to_is_required_and_options_are_json():
    assert DECLARED["wheel"].requires == ("dataqueue",)
    options = json.loads(json.dumps(DECLARED["wheel"]().options()))
    assert options["clock"]["device"] == ["encoder"]
    assert options["derive"]["distance_mm"] == {"cumulative": None, "integral": "speed_mm", "over": "time_reference_s"}


def test_declared_classes_travel_to_other_processes(rig):
    rig.write("meso_mean")
    again = cloudpickle.loads(cloudpickle.dumps(DECLARED["meso_mean"]))
    assert_same_values(rig.load("meso_mean", again), rig.load("meso_mean"))


def test_a_file_of_declarations_is_registered_whole(tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text('[source.licks]\nkind = "table"\nfiles = "*_licks.csv"\ntime = { column = "at" }\n')
    sources = Sources(built_in=False, entry_points=False)
    assert sources.add_file(path) == ("licks",)
    assert sources.get_source_class("licks").patterns == ("*_licks.csv",)


# ------------------------------------------------------------------------------------------------ kinds


def test_a_log_of_devices_says_when_each_began(rig):
    text = 'kind = "events"\nfiles = "x.csv"\ndevice = "who"\ntime = { column = "at", unit = "ms" }'
    stream = load(rig, text, "at,who\n1000,a\n1500,b\n2000,a\n")
    assert stream.t.tolist() == [0, 0.5, 1.0]
    assert stream.meta["device_start_s"] == {"a": 0.0, "b": 0.5}
    assert stream.meta["device_rate_hz"] == {"a": 1.0, "b": 0.0}
    assert stream.value["who"].dtype == "category"


@pytest.mark.parametrize(("axis", "count"), [(0, 3), (1, 4), (-1, 4)])
def test_a_matrix_has_its_time_along_an_axis(rig, axis, count):
    np.save(rig.folder / "x.npy", np.arange(12).reshape(3, 4))
    rig.row["x"] = str(rig.folder / "x.npy")
    stream = rig.load("x", source(f'kind = "matrix"\nfiles = "x.npy"\naxis = {axis}\nrate_hz = 2'))
    np.testing.assert_array_equal(stream.t, np.arange(count) / 2)
    assert stream.value.shape == (3, 4)


def test_a_matrix_can_be_on_another_sources_clock(rig):
    rig.write("dataqueue")
    np.save(rig.folder / "x.npy", np.zeros((2, 180)))
    rig.row["x"] = str(rig.folder / "x.npy")
    text = 'kind = "matrix"\nfiles = "x.npy"\naxis = 1\nclock = { source = "dataqueue", device = "dhyana" }'
    np.testing.assert_allclose(rig.load("x", source(text)).t, np.arange(180) * 0.15, atol=1e-6)


def test_rows_of_one_device_can_be_a_source_of_their_own(rig):
    """Spec 10: the treadmill inside the event log, without code."""
    log = rig.write("dataqueue")
    rig.row["x"] = str(log)
    text = """
        kind = "table"
        files = "*_dataqueue.csv"
        rows = { column = "device_id", contains = "treadmill" }
        rename = { device_us = "timestamp", distance = "distance_mm", speed = "speed_mm" }
        keep = ["timestamp", "distance_mm", "speed_mm"]
        time = { column = "queue_elapsed", zero = "none" }
        clock = { source = "dataqueue", how = "same", time_column = "queue_elapsed", window = ["dhyana", "mesoscope"] }
    """
    one = rig.load("x", source(text))
    rig.row["treadmill"] = str(log)
    other = rig.load("treadmill")
    np.testing.assert_allclose(one.t, other.t, atol=1e-6)
    np.testing.assert_array_equal(one.value, other.value.drop(columns="time_elapsed_s"))


def test_intervals_can_be_put_on_another_clock_by_a_line(rig):
    rig.write("dataqueue")
    text = """
        kind = "intervals"
        files = "x.csv"
        start = "on"
        stop = "off"
        clock = { source = "dataqueue", how = "line", device = "treadmill", shared = "device_us", window = ["dhyana"] }
    """
    stream = load(rig, text, "on,off\n500000,600000\n1250000,1350000\n")
    np.testing.assert_allclose(stream.value[["start_s", "stop_s"]], [[0.25, 0.35]], atol=1e-6)


def test_intervals_can_be_shifted_by_a_constant(rig):
    text = 'kind = "intervals"\nfiles = "x.csv"\nstart = "a"\nstop = "b"\nunit = "ms"\nzero = "first"\nshift_s = 0.5'
    value = load(rig, text, "a,b\n1000,1500\n2000,2500\n").value
    assert value[["start_s", "stop_s"]].to_numpy().tolist() == [[0.5, 1.0], [1.5, 2.0]]


def test_intervals_can_have_a_duration_in_place_of_a_stop(rig):
    """As the events of BIDS have."""
    text = 'kind = "intervals"\nfiles = "x.tsv"\nstart = "onset"\nduration = "duration"'
    value = load(rig, text, "onset\tduration\n1.5\t0.5\n2\tn/a\n", name="x.tsv").value
    np.testing.assert_equal(value[["start_s", "stop_s"]].to_numpy(), [[1.5, 2.0], [2.0, np.nan]])
    value = load(rig, f'{text}\nunit = "time"', "onset\tduration\n2025-01-01T00:00:01\t30\n", name="x.tsv").value
    assert (value.stop_s - value.start_s).tolist() == [30.0]


def test_a_table_without_times_has_none(rig):
    """As the channels of BIDS: a time axis was asked for, and an invented one stored."""
    stream = load(rig, 'kind = "table"\nfiles = "x.tsv"', "name\ttype\nFz\tEEG\nCz\tEEG\n", name="x.tsv")
    assert (stream.t.tolist(), list(stream.value), stream.meta["n_rows"]) == ([], ["name", "type"], 2)
    assert list(flatten(stream)) == ["name", "type", "meta"]
    assert findings(stream) == []


def test_text_keeps_lines_without_a_match_in_sight(rig):
    text = r"""
        kind = "text"
        files = "x.txt"
        pattern = '(?P<at>[\d.]+) (?P<said>.*)'
        time = { column = "at", zero = "none" }
    """
    stream = load(rig, text, "1.5 go\nnonsense\n2.5 stop\n", name="x.txt")
    assert (stream.t.tolist(), stream.value["said"].tolist()) == ([1.5, 2.5], ["go", "stop"])
    assert stream.meta["unread_lines"] == [[2, "nonsense"]]


def test_times_in_a_form_of_the_labs_own(rig):
    text = 'kind = "table"\nfiles = "x.csv"\ntime = { column = "at", unit = "time", format = "%d/%m/%Y %Hh%M" }'
    assert load(rig, text, "at\n08/07/2025 16h57\n08/07/2025 16h58\n").t.tolist() == [0, 60]


def test_ids_stay_text_where_they_are_declared_so(rig):
    key_value = 'kind = "key_value"\nfiles = "x.csv"\nname = "k"\nvalue = "v"\ntext = ["id"]'
    assert load(rig, key_value, "k,v\nid,17\nn,17\n").value == {"id": "17", "n": 17}
    table = 'kind = "table"\nfiles = "x.csv"\ntime = { rate_hz = 1 }\ntypes = { id = "text" }'
    assert load(rig, table, "id\n017\n").value["id"].tolist() == ["017"]


def test_every_declared_type(rig):
    names = ["number", "integer", "text", "time", "utc", "category", "float32", "uint32"]
    types = ", ".join(f"c{place} = {name!r}" for place, name in enumerate(names))
    text = f'kind = "table"\nfiles = "x.csv"\ntime = {{ rate_hz = 1 }}\ntypes = {{ {types} }}'
    head = ",".join(f"c{place}" for place in range(len(names)))
    value = load(rig, text, f"{head}\n1,2,3,2025-01-01,2025-01-01,a,1.5,7\nx,3,4,2025-01-02,2025-01-02,b,2.5,8\n").value
    found = [str(dtype) for dtype in value.dtypes]
    assert found == [
        "float64",
        "int64",
        "str",
        "datetime64[ns]",
        "datetime64[ns, UTC]",
        "category",
        "float32",
        "uint32",
    ]


@pytest.mark.parametrize(("otherwise", "expected"), [("own", [0, 1]), ("none", [np.nan, np.nan])])
def test_a_missing_clock_degrades_as_declared(rig, otherwise, expected):
    text = f"""
        kind = "table"
        files = "x.csv"
        time = {{ column = "at" }}
        clock = {{ source = "dataqueue", device = "encoder", otherwise = "{otherwise}" }}
    """
    stream = load(rig, text, "at\n5\n6\n")
    np.testing.assert_array_equal(stream.t, expected)
    assert stream.meta["time_basis"] == otherwise


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        ('{ source = "dataqueue" }', "has no loaded 'dataqueue', so this file has no clock"),
        ('{ source = "wheel", device = "x" }', "wheel has no column 'device_id'"),
    ],
)
def test_a_clock_that_is_not_there_is_told(rig, clock, said):
    if "wheel" in clock:
        rig.write("wheel")
    with pytest.raises((FileNotFoundError, UnreadableError), match=said):
        load(rig, f'kind = "table"\nfiles = "x.csv"\nclock = {clock}', "at\n5\n6\n")


@pytest.mark.parametrize(
    ("text", "content", "said"),
    [
        ('kind = "table"\nfiles = "x.csv"\ntime = { column = "at" }', "a\n1\n", "x.csv: no column 'at' with its times"),
        ('kind = "table"\nfiles = "x.csv"\ntime = { column = "a" }', "a\nx\n", "x.csv: no time in the column 'a'"),
        ('kind = "table"\nfiles = "x.csv"\nrequired = "b"\ntime = { rate_hz = 1 }', "a\n1\n", "x.csv: no column 'b'"),
        (
            'kind = "events"\nfiles = "x.csv"\ntime = { rate_hz = 1 }',
            "a\n1\n",
            "no column 'device_id' with its devices",
        ),
        (
            'kind = "states"\nfiles = "x.csv"\nstate = "s"\ntime = { rate_hz = 1 }',
            "a\n1\n",
            "no column 's', which its intervals",
        ),
        ('kind = "intervals"\nfiles = "x.csv"\nstart = "a"\nstop = "b"', "a\n1\n", "no column 'b'"),
        ('kind = "matrix"\nfiles = "x.csv"\naxis = 2', "a\n1\n", r"no axis 2 in an array of shape \(1, 1\)"),
    ],
)
def test_a_file_without_what_was_declared_is_told(rig, text, content, said):
    with pytest.raises(UnreadableError, match=said):
        load(rig, text, content)


# ------------------------------------------------------------------------------------------------ faults
