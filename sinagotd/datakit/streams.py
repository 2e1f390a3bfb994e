"""What a source hands over: one stream of values with its time axis; it neither reads files nor checks what it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class PayloadKind(StrEnum):
    """The five shapes of a stream's value."""

    TABLE = "table"
    ARRAY = "array"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    SCALAR = "scalar"


@dataclass(frozen=True, slots=True, eq=False)
class StreamPayload:
    """A value with its kind; `data` is a DataFrame, ndarray, dict, list or anything else, as `kind` says."""

    kind: PayloadKind
    data: Any

    @classmethod
    def of(cls, value: object) -> "StreamPayload":
        """Classify and normalise: any mapping becomes a dict, any sequence but text a list; a payload stays itself."""
        import pandas as pd  # noqa: PLC0415  a stream may be described where pandas is not yet needed

        match value:
            case StreamPayload():
                return value
            case pd.DataFrame():
                return cls(PayloadKind.TABLE, value)
            case np.ndarray():
                return cls(PayloadKind.ARRAY, value)
            case Mapping():
                return cls(PayloadKind.MAPPING, dict(value))
            case Sequence() if not isinstance(value, str | bytes | bytearray):
                return cls(PayloadKind.SEQUENCE, list(value))
        return cls(PayloadKind.SCALAR, value)

    @property
    def attrs(self) -> dict[str, Any]:
        """What describes the data: columns and index name, dtype and shape, keys, or length."""
        match self.kind:
            case PayloadKind.TABLE:
                return {"columns": list(self.data.columns), "index_name": self.data.index.name}
            case PayloadKind.ARRAY:
                return {"dtype": str(self.data.dtype), "shape": self.data.shape}
            case PayloadKind.MAPPING:
                return {"keys": list(self.data)}
            case PayloadKind.SEQUENCE:
                return {"length": len(self.data)}
        return {}


@dataclass(frozen=True, slots=True, eq=False)
class LoadedStream:
    """One loaded cell: `t` in seconds as float64, `value` normalised by kind, `meta` a plain dict of what is known about it.

    `value` may be a DataFrame, an array of any dimension, a mapping, a sequence or a scalar. Nothing is validated here:
    `sinagotd.datakit.checks` says what is wrong with a stream. Raises ValueError or TypeError when `t` holds no numbers.
    """

    tag: str
    t: Floats
    value: Any
    meta: dict[str, Any] = field(default_factory=dict)
    payload: StreamPayload = field(init=False, repr=False)

    def __post_init__(self) -> None:
        payload = StreamPayload.of(self.value)
        object.__setattr__(self, "payload", payload)
        object.__setattr__(self, "value", payload.data)
        object.__setattr__(self, "t", np.asarray(self.t, dtype=np.float64))
        object.__setattr__(self, "meta", dict(self.meta or {}))

    @property
    def data(self) -> Any:
        return self.value

    @property
    def has_times(self) -> bool:
        """Whether its values belong to points in time; a source that is no time series may have none."""
        return bool(self.t.size or self.meta.get("is_timeseries", True))

    def __eq__(self, other: object) -> bool:
        """The same tag, times, values and meta; missing values are equal to each other."""
        if not isinstance(other, LoadedStream):
            return NotImplemented
        return (
            (self.tag, self.payload.kind) == (other.tag, other.payload.kind)
            and np.array_equal(self.t, other.t, equal_nan=True)
            and equal_values(self.value, other.value)
            and equal_values(self.meta, other.meta)
        )

    __hash__ = None  # type: ignore[assignment]  # a stream holds arrays


def equal_values(one: Any, other: Any) -> bool:
    """Whether two values of any kind are equal all through; missing equals missing."""
    if type(one) is not type(other):
        return False
    match one:
        case dict():
            return list(one) == list(other) and all(equal_values(one[key], other[key]) for key in one)
        case list() | tuple():
            return len(one) == len(other) and all(map(equal_values, one, other))
        case np.ndarray():
            return _equal_arrays(one, other)
        case _ if callable(getattr(one, "equals", None)):  # frames, series, indexes and pandas' own arrays
            return bool(one.equals(other))
    return bool(one is other or one == other or (one != one and other != other))  # noqa: PLR0124  NaN differs from itself


def _equal_arrays(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    if one.dtype == object:
        return all(map(equal_values, one.ravel().tolist(), other.ravel().tolist()))
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fcmM")
