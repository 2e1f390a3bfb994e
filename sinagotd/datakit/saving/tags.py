"""How each type that JSON lacks is written in plainer values, and read from them. Walks nothing: `nested` does.

A writer may give values that need a tag themselves; a reader gets them restored.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sinagotd.datakit.saving.dtypes import dtype_of, text_of


class UnsavableError(TypeError):
    """A value of a type that a data-only format cannot hold; the message names the type."""


class Tag(NamedTuple):
    """How one type is written, and read."""

    type: type
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def described(description: Any) -> np.dtype[Any]:
    """The dtype of a description as `.npy` headers have it, read from JSON. Raises ValueError for one that holds objects."""
    dtype = np.dtype([_field(*field) for field in description] if isinstance(description, list) else description)
    if dtype.hasobject:
        raise ValueError("an array of objects cannot be made from bytes")
    return dtype


def values_of(held: Any) -> Any:
    """The values of an index or series as the array that keeps their dtype."""
    return held.to_numpy() if isinstance(held.dtype, np.dtype) else held.array


def _field(name: Any, description: Any, *shape: Any) -> Any:
    return (tuple(name) if isinstance(name, list) else name, described(description), *(tuple(size) for size in shape))


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def _write_array(array: Any) -> dict[str, Any]:
    if isinstance(array, np.ma.MaskedArray):
        raise UnsavableError("a masked array; fill it first, as with `.filled(numpy.nan)`")
    if array.dtype.hasobject:
        return {"shape": list(array.shape), "items": list(array.astype(object).ravel())}
    described_as = np.lib.format.dtype_to_descr(array.dtype)
    return {"dtype": _listed(described_as), "shape": list(array.shape), "data": _text(array.tobytes())}


def _listed(description: Any) -> Any:
    return [_listed(item) for item in description] if isinstance(description, list | tuple) else description


def _read_array(held: dict[str, Any]) -> Any:
    if "items" not in held:
        return np.frombuffer(b64decode(held["data"]), dtype=described(held["dtype"])).reshape(held["shape"]).copy()
    array = np.empty(len(held["items"]), dtype=object)
    for place, item in enumerate(held["items"]):
        array[place] = item
    return array.reshape(held["shape"])


def _write_extension(array: Any) -> dict[str, Any]:
    if isinstance(array.dtype, pd.CategoricalDtype):
        return {
            "codes": array.codes.tolist(),
            "ordered": bool(array.ordered),
            "categories": values_of(array.categories),
        }
    return {"dtype": text_of(array.dtype), "items": list(array.astype(object))}


def _read_extension(held: dict[str, Any]) -> Any:
    if "codes" not in held:
        return pd.array(held["items"], dtype=dtype_of(held["dtype"]))
    categories = pd.Index(held["categories"], dtype=held["categories"].dtype)
    return pd.Categorical.from_codes(held["codes"], categories=categories, ordered=held["ordered"])


def _write_stamp(value: Any) -> list[Any]:
    zone = None if value.tz is None else text_of(pd.DatetimeTZDtype(value.unit, value.tz))
    return [value.asm8.view("i8").item(), value.unit, zone]


def _read_stamp(held: list[Any]) -> pd.Timestamp:
    count, unit, zone = held
    stamp = pd.Timestamp(np.datetime64(count, unit))
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(dtype_of(zone).tz)


def _write_moment(value: datetime) -> list[Any]:
    zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
    return [(value.replace(tzinfo=None) if zone else value).isoformat(), zone, value.fold]


def _read_moment(held: list[Any]) -> datetime:
    text, zone, fold = held
    moment = datetime.fromisoformat(text).replace(fold=fold)
    return moment.replace(tzinfo=ZoneInfo(zone)) if zone else moment


def _write_index(index: Any) -> dict[str, Any]:
    if isinstance(index, pd.MultiIndex):
        levels = [values_of(index.get_level_values(level)) for level in range(index.nlevels)]
        return {"levels": levels, "names": list(index.names)}
    if isinstance(index, pd.RangeIndex):
        return {"range": [index.start, index.stop, index.step], "name": index.name}
    return {"values": values_of(index), "name": index.name, "freq": getattr(index, "freqstr", None)}


def _read_index(held: dict[str, Any]) -> Any:
    if "levels" in held:
        levels = [pd.Index(values, dtype=values.dtype) for values in held["levels"]]
        return pd.MultiIndex.from_arrays(levels, names=held["names"])
    if "range" in held:
        return pd.RangeIndex(range(*held["range"]), name=held["name"])
    index = pd.Index(held["values"], dtype=held["values"].dtype, name=held["name"])
    if held["freq"] is not None and isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        index.freq = held["freq"]  # type: ignore[misc]  # the stubs do not know the setter
    return index


def _write_series(series: Any) -> dict[str, Any]:
    return {"values": values_of(series), "index": series.index, "name": series.name, "attrs": series.attrs}


def _read_series(held: dict[str, Any]) -> Any:
    values = held["values"]
    series = pd.Series(values, index=held["index"], name=held["name"], dtype=values.dtype, copy=False)
    series.attrs = held["attrs"]
    return series


def _write_frame(frame: Any) -> dict[str, Any]:
    columns = [values_of(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return {"columns": frame.columns, "index": frame.index, "values": columns, "attrs": frame.attrs}


def _read_frame(held: dict[str, Any]) -> Any:
    index = held["index"]
    columns = {place: pd.Series(values, index=index, dtype=values.dtype) for place, values in enumerate(held["values"])}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = held["columns"]
    frame.attrs = held["attrs"]
    return frame


TAGS: dict[str, Tag] = {
    "~timestamp": Tag(pd.Timestamp, _write_stamp, _read_stamp),
    "~timedelta": Tag(
        pd.Timedelta,
        lambda value: [value.asm8.view("i8").item(), value.unit],
        lambda held: pd.Timedelta(np.timedelta64(*held)),
    ),
    "~period": Tag(pd.Period, lambda value: [str(value), value.freqstr], lambda held: pd.Period(held[0], freq=held[1])),
    "~interval": Tag(
        pd.Interval, lambda value: [value.left, value.right, value.closed], lambda held: pd.Interval(*held)
    ),
    "~numpy": Tag(np.generic, lambda value: _write_array(np.asarray(value)), lambda held: _read_array(held)[()]),
    "~datetime": Tag(datetime, _write_moment, _read_moment),
    "~date": Tag(date, date.isoformat, date.fromisoformat),
    "~time": Tag(time, time.isoformat, time.fromisoformat),
    "~duration": Tag(
        timedelta, lambda value: [value.days, value.seconds, value.microseconds], lambda held: timedelta(*held)
    ),
    "~bytes": Tag(bytes, _text, b64decode),
    "~complex": Tag(complex, lambda value: [value.real, value.imag], lambda held: complex(*held)),
    "~decimal": Tag(Decimal, str, Decimal),
    "~uuid": Tag(UUID, str, UUID),
    "~path": Tag(PurePath, str, Path),
    "~array": Tag(np.ndarray, _write_array, _read_array),
    "~extension": Tag(pd.api.extensions.ExtensionArray, _write_extension, _read_extension),
    "~index": Tag(pd.Index, _write_index, _read_index),
    "~series": Tag(pd.Series, _write_series, _read_series),
    "~frame": Tag(pd.DataFrame, _write_frame, _read_frame),
}
