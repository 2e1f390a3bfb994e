"""What is wrong with a loaded stream's times, in sentences; it changes and raises nothing."""

from typing import Any

import numpy as np

from sinagotd.datakit.streams import LoadedStream, PayloadKind

_TIMED = (PayloadKind.TABLE, PayloadKind.ARRAY, PayloadKind.SEQUENCE)


def findings(stream: LoadedStream) -> list[str]:
    """The length against the values', that all times are finite, and that they do not go back (not for intervals)."""
    if not stream.has_times:
        return []
    found = []
    t = stream.t
    if t.ndim != 1:
        return [f"its times have {t.ndim} dimensions, not one"]
    length = _length(stream)
    if length is not None and length != t.size:
        found.append(f"it has {t.size} times for {length} values")
    finite = np.isfinite(t)
    missing = int(t.size - np.count_nonzero(finite))
    if missing:
        found.append(
            "none of its times is a number" if missing == t.size else f"{missing} of its {t.size} times are no numbers"
        )
    back = int(np.count_nonzero(np.diff(t if not missing else t[finite]) < 0))
    if back:
        found.append(f"its times go back {back} times")
    return found


def _length(stream: LoadedStream) -> int | None:
    value: Any = stream.value
    if stream.payload.kind not in _TIMED or getattr(value, "ndim", 1) == 0:
        return None
    shape = getattr(value, "shape", None)
    return len(value) if shape is None or stream.t.size not in shape else int(stream.t.size)
