"""Sinagot's views of how steps stand: its frame, its nested dict, its JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sinagotd.workspace.frames import frame
from sinagotd.workspace.standing import StepRow

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("record_id", "task", "modality", "step_index", "step_label", "step_status")
STATE_COLUMNS = (*COLUMNS, "state", "why", "since", "until")

StatusDict = dict[str | None, dict[str | None, list[dict[str, Any]]]]


def status_frame(rows: Sequence[StepRow]) -> "pd.DataFrame":
    """A row for each step, with Sinagot's code."""
    return frame(COLUMNS, map(_cells, rows))


def states_frame(rows: Sequence[StepRow]) -> "pd.DataFrame":
    """The same with the state, the sentence that says why, and since and until when, in UTC."""
    import pandas as pd  # noqa: PLC0415 - half a second that only whoever wants a frame pays

    cells = ((*_cells(row), row.standing.state.value, row.standing.sentence, *row.standing[3:]) for row in rows)
    made = frame(STATE_COLUMNS, cells)
    for column in ("since", "until"):
        made[column] = pd.to_datetime(made[column].astype("float64"), unit="s", utc=True)
    return made


def status_dict(rows: Sequence[StepRow]) -> StatusDict:
    """By task, then modality: the steps in order, with index, label and code."""
    nested: StatusDict = {}
    for row in rows:
        steps = nested.setdefault(row.task, {}).setdefault(row.modality, [])
        steps.append({"step_index": row.place, "step_label": row.label, "step_status": row.code})
    return nested


def _cells(row: StepRow) -> tuple[Any, ...]:
    return row.key.record, row.task, row.modality, row.place, row.label, row.code
