"""The functions that pickles of datasets call, each guarded: it is given only what the library itself would have given it."""

from collections.abc import Callable
from datetime import UTC, timedelta, timezone
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sinagotd.datakit.saving.faults import RefusedError

Maker = Callable[..., Any]


def maker_called(module: str, name: str) -> Maker | None:
    """What stands for an admitted function; None for any other name."""
    return MAKERS.get((module, name))


def _empty_array(subtype: Any, shape: Any, typecode: Any) -> Any:
    """Every array is made from an empty one; an array of another class or size is nothing it would have asked for."""
    if subtype is not np.ndarray or shape != (0,) or typecode not in (b"b", "b"):
        raise RefusedError("numpy's _reconstruct with arguments that numpy does not give it")
    return np.ndarray.__new__(np.ndarray, (0,), "b")


def _array_of_bytes(content: Any, dtype: Any, shape: Any, order: Any) -> Any:
    return np.frombuffer(content, dtype=dtype).reshape(shape, order=order)


def _numpy_scalar(dtype: Any, *content: Any) -> Any:
    if dtype.hasobject:
        raise RefusedError("a numpy scalar that is an object")
    return np._core.multiarray.scalar(dtype, *content)  # type: ignore[attr-defined]  # noqa: SLF001  the function pickles name


def _index(module: str, name: str) -> Maker:
    """What makes an index of its class and parts; the codes of a MultiIndex are checked, as pandas does not."""

    def make(kind: Any, parts: Any) -> Any:
        if not (isinstance(kind, type) and issubclass(kind, pd.Index)):
            raise RefusedError("an index of a class that is none")
        if kind is pd.MultiIndex:
            return pd.MultiIndex(
                **{key: parts[key] for key in ("levels", "codes", "names", "sortorder") if key in parts}
            )
        return _library(module, name)(kind, parts)

    return make


def _arrow_array(parts: Any) -> Any:
    array = _library("pyarrow.lib", "_restore_array")(parts)
    array.validate(full=True)
    return array


def _unpickled_zone(holder: Any, name: Any) -> Any:
    if holder is not ZoneInfo or name != "_unpickle":
        raise RefusedError(f"builtins.getattr for {name!r}")
    return lambda key, _from_cache: ZoneInfo(key)


def _latin(text: Any, encoding: Any) -> bytes:
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise RefusedError("_codecs.encode for anything but bytes")
    return text.encode("latin-1")


def _offset_zone(minutes: Any) -> timezone:
    return timezone(timedelta(minutes=minutes))


def _library(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _plain(module: str, name: str) -> Maker:
    """A function that makes one value of its arguments and nothing else; imported when it is called."""

    def make(*args: Any) -> Any:
        return _library(module, name)(*args)

    return make


INDEX_MAKERS = (
    ("pandas.core.indexes.base", "_new_Index"),
    ("pandas.core.indexes.datetimes", "_new_DatetimeIndex"),
    ("pandas.core.indexes.timedeltas", "_new_TimedeltaIndex"),
)
AS_THEY_ARE = (
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"),
    ("pandas._libs.internals", "_unpickle_block"),
    ("pandas._libs.interval", "__pyx_unpickle_IntervalMixin"),
    ("pandas._libs.tslibs.nattype", "_nat_unpickle"),
    ("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"),
    ("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"),
    ("pandas._libs.tslibs.period", "_unpickle_period"),
    ("pyarrow.lib", "py_buffer"),
    ("pyarrow.lib", "type_for_alias"),
)
MAKERS: dict[tuple[str, str], Maker] = {
    **{place: _plain(*place) for place in AS_THEY_ARE},
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "scalar"): _numpy_scalar,
    ("numpy._core.numeric", "_frombuffer"): _array_of_bytes,
    **{(module, name): _index(module, name) for module, name in INDEX_MAKERS},
    ("pyarrow.lib", "_restore_array"): _arrow_array,
    ("builtins", "getattr"): _unpickled_zone,
    ("__builtin__", "getattr"): _unpickled_zone,
    ("_codecs", "encode"): _latin,
    ("pytz", "_UTC"): lambda: UTC,
    ("pytz", "_p"): lambda zone, *_: ZoneInfo(zone),
    ("pytz", "FixedOffset"): _offset_zone,
}
