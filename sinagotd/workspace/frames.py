"""Makes pandas frames: always the same columns, texts left as texts, and a running index."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MOST_INT64 = 1 << 63


def frame(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> "pd.DataFrame":
    """One row each, with these columns, also where there are no rows; None stays None."""
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    return frame_of(dict(zip(columns, by_column, strict=True)))


def frame_of(columns: Mapping[str, Sequence[Any]], index: list[int] | None = None) -> "pd.DataFrame":
    """The same by columns, with this index if one is given."""
    import pandas as pd  # noqa: PLC0415 - half a second that only whoever wants a frame pays

    series = {name: pd.Series(list(values), dtype=_kind(values), index=index) for name, values in columns.items()}
    return pd.DataFrame(series)


def _kind(values: Sequence[Any]) -> str | None:
    """Whole numbers as such, texts alone as pandas has them; all else as Python has it, so that None stays what it is."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return None
    return "int64" if kinds == {int} and max(map(abs, values)) < MOST_INT64 else "object"
