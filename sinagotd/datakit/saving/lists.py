"""Arrow arrays of lists: made from joined values and lengths, spread over rows, and cut into pieces. Knows no kind of cell."""

from typing import Any

import numpy as np
import pyarrow as pa


def listed(values: Any, lengths: Any, *, nullable: bool) -> Any:
    """One list per length, cut from the joined values in order."""
    type_ = pa.large_list(pa.field("element", values.type, nullable=nullable))
    return pa.LargeListArray.from_arrays(pa.array(_offsets(lengths)), values, type=type_)


def joined(lists: Any) -> Any:
    """The values of all lists, joined in one array."""
    return lists.values


def pieces(values: Any, lists: Any) -> list[Any]:
    """The piece of the joined values that belongs to each list that is not null; slices, not copies."""
    offsets = lists.offsets.to_numpy()
    starts, stops = offsets[:-1], offsets[1:]
    if lists.null_count:
        there = lists.is_valid().to_numpy(zero_copy_only=False)
        starts, stops = starts[there], stops[there]
    return [values[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]


def spread(array: Any, there: Any) -> Any:
    """The array with a null for every row that is not there; joined values are not copied."""
    if there.all():
        return array
    if pa.types.is_large_list(array.type):
        before = np.concatenate(([0], np.cumsum(there)))
        offsets = array.offsets.to_numpy()[before]
        return pa.LargeListArray.from_arrays(pa.array(offsets), array.values, type=array.type, mask=pa.array(~there))
    places = np.cumsum(there) - 1
    return array.take(pa.array(places, mask=~there))


def _offsets(lengths: Any) -> Any:
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
