"""The logs of records as frames: Sinagot's nine columns, the time zone, then what else the lines hold."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sinagotd.workspace.frames import frame_of
from sinagotd.workspace.log_lines import FIELDS, UTC_NAME, ZONE, LogLine

if TYPE_CHECKING:
    import pandas as pd


def newest_first(lines: Sequence[LogLine]) -> list[LogLine]:
    """By their time, as text: all times are UTC in one format; of equal ones the later line comes first."""
    later_first = list(reversed(lines))
    later_first.sort(key=lambda line: line.says["time"], reverse=True)
    return later_first


def log_frame(lines: Sequence[LogLine], *, keep_numbers: bool) -> "pd.DataFrame":
    """A row for each line in the order given; the index is the number of the line, or running."""
    says = [line.says for line in lines]
    shapes = dict.fromkeys(map(tuple, says))
    columns = dict.fromkeys((*FIELDS, ZONE, *chain.from_iterable(shapes)))
    cells = {name: [each.get(name, UTC_NAME if name == ZONE else None) for each in says] for name in columns}
    return frame_of(cells, [line.number for line in lines] if keep_numbers else None)
