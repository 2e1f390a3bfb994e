"""Pickled frames of other versions load as they are, and a pickle that holds anything but data runs nothing: V 7."""

import builtins
import collections
import functools
import io
import operator
import os
import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from saving_world import assert_same, column, frame_of

from sinagotd.datakit.saving.faults import RefusedError
from sinagotd.datakit.saving.reading import load_saved
from sinagotd.datakit.saving.writing import save_frame
from sinagotd.errors import DatasetError

PICKLED = Path(__file__).parent / "pickled"


class Call:
    """Pickled as a call of a function."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


class Changed:
    """Pickled as a real object with a state, whatever the object is: also a class or a function."""

    def __init__(self, changed: Any, state: Any) -> None:
        self.changed, self.state = changed, state


class Mine:
    """A class that is no library's."""


class Odd(pickle._Pickler):
    """Writes what no library writes."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_changed(self, held: Changed) -> None:
        self.save(held.changed)
        self.save(held.state)
        self.write(pickle.BUILD)

    dispatch[Changed] = save_changed


def written(path: Path, held: Any) -> Path:
    file = io.BytesIO()
    Odd(file, 5).dump(held)
    path.write_bytes(file.getvalue())
    return path


def payloads(trap: Path) -> dict[str, Any]:
    """Things that would make the file `trap`, or change this process, if they were run."""
    command = f"touch {trap}"
    code = f"open({str(trap)!r}, 'w').close()"
    array = np.empty(1, dtype=object)
    array[0] = Call(os.system, command)
    dtype_state = (3, "|", None, None, None, -1, -1, 0)
    return {
        "os.system": Call(os.system, command),
        "in a cell": frame_of({("a", "x"): column(Call(os.system, command))}),
        "in the attrs": _with_attrs(Call(os.system, command)),
        "in an array": array,
        "subprocess": Call(subprocess.Popen, ["touch", str(trap)]),
        "eval": Call(builtins.eval, code),
        "exec": Call(builtins.exec, code),
        "import": Call(builtins.__import__, "antigravity"),
        "open": Call(builtins.open, str(trap), "w"),
        "getattr": Call(builtins.getattr, Call(builtins.__import__, "os"), "system"),
        "getattr of what is admitted": Call(builtins.getattr, pd.DataFrame, "to_pickle"),
        "partial": Call(functools.partial, os.system, command),
        "reduce": Call(functools.reduce, operator.add, [[], []]),
        "methodcaller": Call(operator.methodcaller("upper"), "a"),
        "attrgetter": operator.attrgetter("system"),
        "map": Call(map, os.system, [command]),
        "pandas.read_pickle": Call(pd.read_pickle, str(trap)),
        "pandas.eval": Call(pd.eval, "1 + 1"),
        "pandas.read_csv": Call(pd.read_csv, str(trap)),
        "numpy.load": Call(np.load, str(trap)),
        "numpy.save": Call(np.save, str(trap), np.ones(1)),
        "numpy.vectorize": Call(np.vectorize, os.system),
        "frame method": Call(pd.DataFrame.to_csv, pd.DataFrame({"a": [1]}), str(trap)),
        "dotted": pd.DataFrame.eval,
        "shutil": Call(shutil.rmtree, str(trap)),
        "a class of the user": Mine(),
        "reconstruct of another class": Call(np._core.multiarray._reconstruct, pd.DataFrame, (0,), b"b"),
        "reconstruct of a size": Call(np._core.multiarray._reconstruct, np.ndarray, (10**12,), b"b"),
        "an array by its class": Call(np.ndarray, (1,), np.dtype("O"), b"\1" * 8),
        "a class with a new attribute": Changed(collections.OrderedDict, (None, {"pop": list})),
        "a pandas class with a new attribute": Changed(pd.Index, (None, {"__len__": list})),
        "a function with a new default": Changed(pd.core.indexes.base._new_Index, (None, {"__defaults__": (1,)})),
        "a dtype with false flags": Changed(Call(np.dtype, "O8", 0, 1), dtype_state),
        "a number that says it is objects": Changed(Call(np.dtype, "f8", 0, 1), (*dtype_state[:-1], 63)),
        "objects in a structure": Changed(
            Call(np.dtype, "V8", 0, 1), (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0)
        ),
    }


def _with_attrs(held: Any) -> pd.DataFrame:
    frame = frame_of({("a", "x"): [1.0] * 4})
    frame._attrs = {"held": held}
    return frame


NAMES = list(payloads(Path("/nowhere")))


@pytest.mark.parametrize("name", NAMES)
def test_a_pickle_with_a_payload_is_refused_and_runs_nothing(tmp_path: Path, name: str) -> None:
    trap = tmp_path / "trap"
    before = (dict(vars(pd.Index)), pd.core.indexes.base._new_Index.__defaults__)
    path = written(tmp_path / "bad.pkl", payloads(trap)[name])
    with pytest.raises(DatasetError) as told:
        load_saved(path)
    assert not trap.exists()
    assert (dict(vars(pd.Index)), pd.core.indexes.base._new_Index.__defaults__) == before
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def test_what_is_refused_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path / "bad.pkl", Call(os.system, "true"))
    with pytest.raises(
        pickle.UnpicklingError, match=r"it holds posix\.system.*only if you know who made it, load it with trust=True"
    ):
        load_saved(path)


@pytest.mark.parametrize("opener", ["gzip", "bz2", "xz"])
def test_a_compressed_payload_is_refused_too(tmp_path: Path, opener: Any) -> None:
    frame = frame_of({("a", "x"): column(Call(os.system, f"touch {tmp_path / 'trap'}"))})
    frame.to_pickle(tmp_path / "bad.pkl.gz", compression=opener)
    with pytest.raises(RefusedError):
        load_saved(tmp_path / "bad.pkl.gz")
    assert not (tmp_path / "trap").exists()


def test_with_trust_a_file_may_hold_anything(tmp_path: Path) -> None:
    frame = frame_of({("a", "x"): column(functools.partial(int, "7"))})
    frame.to_pickle(tmp_path / "own.pkl")
    assert load_saved(tmp_path / "own.pkl", trust=True).iloc[0, 0]() == 7


@pytest.mark.parametrize("file", sorted(PICKLED.glob("*.pkl")), ids=lambda file: file.name)
def test_frames_that_other_versions_of_pandas_pickled_load_as_they_are(file: Path) -> None:
    frame = load_saved(file)
    assert frame.index.names == ["Subject", "Session"]
    assert frame.attrs == {"a": 1}
    assert frame["a", "x"].iloc[0].tolist() == [0.0, 1.0, 2.0]
    assert str(frame["c", "o"].iloc[0]) == "2020-01-01 00:00:00+01:00"
    assert frame["b", "z"].dtype == "datetime64[ns, UTC]"
    assert frame["c", "df"].iloc[0].to_dict("list") == {"a": [1]}
    assert frame["c", "ex"].iloc[1].tolist() == ["a"]
    repr(frame)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("write", [pd.DataFrame.to_pickle, pickle.dump], ids=["pandas", "pickle"])
def test_frames_pickled_here_load_as_they_are(tmp_path: Path, write: Callable[..., Any], protocol: int) -> None:
    texts = np.array(["a", None], dtype=object)
    zoned = pd.array(pd.to_datetime(["2020", None], utc=True).tz_convert("Europe/Paris"))
    cells = [
        np.arange(3),
        texts,
        zoned,
        pd.Categorical(["a"]),
        {"a": np.float32(1)},
        pd.array(["x"], dtype="str"),
        np.ones((2, 2), order="F"),
    ]
    frame = frame_of(
        {("a", str(place)): column(cell) for place, cell in enumerate(cells)}
        | {("b", "n"): pd.array([1, None] * 2, dtype="Int64")}
    )
    frame.attrs = {"datakit_notes": ["é"]}
    path = tmp_path / "saved.pkl"
    if write is pickle.dump:
        path.write_bytes(pickle.dumps(frame, protocol))
    else:
        write(frame, path, protocol=protocol)
    assert_same(load_saved(path), frame)


def test_a_pickle_of_something_else_is_a_type_error(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="holds no table, but Series"):
        load_saved(written(tmp_path / "x.pkl", pd.Series([1])))


def test_a_pickle_becomes_parquet_without_loss(tmp_path: Path) -> None:
    frame = load_saved(PICKLED / "pandas-2.3.3.pkl").drop(columns=[("c", "misc"), ("c", "idx")])
    assert_same(load_saved(save_frame(frame, tmp_path / "new.parquet")), frame)
