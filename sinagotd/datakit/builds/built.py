"""What a build says when it is over; it decides nothing."""

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """How a build ended: a new version stands, nothing had changed, or the last good version was kept."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    KEPT = "kept"


class CellProblem(NamedTuple):
    """A cell that is missing or failed: its row by level, its source, `missing` or `error`, its path and a sentence."""

    row: tuple[str, ...]
    source: str
    status: str
    path: str | None
    message: str | None


class Built(NamedTuple):
    """One build of one dataset. `version` is the number that readers see now (0: there is none); `why` is a sentence."""

    status: Status
    version: int
    rows: int
    cells_loaded: int
    cells_reused: int
    problems: tuple[CellProblem, ...]
    took_s: float
    why: str
