"""Counts records by unit, as frames: the records that are there, or those whose step has its inputs or outputs."""

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from sinagotd.errors import WorkspaceError
from sinagotd.settings.faults import did_you_mean
from sinagotd.workspace.frames import frame

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("task", "modality", "count")
WITH_ID = ("record_id", *COLUMNS)
POSITIONS = ("input", "output")


class Counted(NamedTuple):
    """A unit with the records that count in it, sorted."""

    task: str | None
    modality: str | None
    ids: Collection[str]


def by_unit(counted: Collection[Counted]) -> "pd.DataFrame":
    """How many records each unit has; units with none are left out."""
    return frame(COLUMNS, ((each.task, each.modality, len(each.ids)) for each in counted if each.ids))


def by_record(counted: Collection[Counted]) -> "pd.DataFrame":
    """A row for each record of each unit, with a count of 1."""
    return frame(WITH_ID, ((record, each.task, each.modality, 1) for each in counted for record in each.ids))


def of_record(record: str, counted: Collection[Counted]) -> "pd.DataFrame":
    """A row for each unit: 1 if the record counts there, else 0."""
    return frame(WITH_ID, ((record, each.task, each.modality, int(record in each.ids)) for each in counted))


def refuse_unknown(label: str | None, position: str, known: Collection[str], where: str) -> None:
    """Raise WorkspaceError for a label that no unit of a scope has, or a position that is none."""
    if position not in POSITIONS:
        raise WorkspaceError(f"{position!r} is no position: write {' or '.join(map(repr, POSITIONS))}")
    if label is not None and label not in known:
        raise WorkspaceError(f"there is no step {label!r} in {where}{did_you_mean(label, known) or _listed(known)}")


def _listed(known: Collection[str]) -> str:
    return f": it has {', '.join(known) or 'none'}"
