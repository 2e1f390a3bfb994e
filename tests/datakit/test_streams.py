"""What a source hands over (spec 4.2)."""

import numpy as np
import pandas as pd
import pytest
from datakit_world import stream

from sinagotd.datakit import LoadedStream, StreamPayload


@pytest.mark.parametrize(
    ("value", "kind", "attrs"),
    [
        (pd.DataFrame({"a": [1]}), "table", {"columns": ["a"], "index_name": None}),
        (np.zeros((2, 3)), "array", {"dtype": "float64", "shape": (2, 3)}),
        ({"a": 1}, "mapping", {"keys": ["a"]}),
        (range(2), "sequence", {"length": 2}),
        ("text", "scalar", {}),
        (None, "scalar", {}),
        (b"bytes", "scalar", {}),
        (pd.Series([1]), "scalar", {}),
    ],
)
def test_a_value_is_classified(value, kind, attrs):
    payload = stream(value).payload
    assert (payload.kind, payload.attrs) == (kind, attrs)


def test_times_become_float64_meta_a_copy_and_a_range_a_list():
    meta = {"a": 1}
    loaded = LoadedStream("x", [0, 1], range(2), meta)
    meta["a"] = 2
    assert (loaded.t.dtype, loaded.value, loaded.meta) == (np.float64, [0, 1], {"a": 1})
    assert LoadedStream("x", [], 1, None).meta == {}


def test_a_ready_payload_is_unwrapped():
    assert stream(StreamPayload.of({"a": 1})).data == {"a": 1}


def test_times_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError):
        LoadedStream("x", ["soon"], 1)


def test_streams_can_be_compared():
    """V50: `==` raised."""
    one = stream(pd.DataFrame({"a": [1.0, np.nan]}), t=(0.0, np.nan), array=np.zeros(2), nested=[{"x": np.nan}])
    same = stream(pd.DataFrame({"a": [1.0, np.nan]}), t=(0.0, np.nan), array=np.zeros(2), nested=[{"x": np.nan}])
    assert one == same
    assert one != stream(pd.DataFrame({"a": [1.0, 2.0]}), t=(0.0, np.nan), array=np.zeros(2), nested=[{"x": np.nan}])
    assert one != stream(one.value, t=(0.0, np.nan), array=np.ones(2), nested=[{"x": np.nan}])
    assert one != "a stream"
    assert stream(np.array(["a", None], dtype=object)) == stream(np.array(["a", None], dtype=object))
