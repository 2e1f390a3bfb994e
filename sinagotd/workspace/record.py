"""One record in one scope: what a scientist asks of it. The work is done elsewhere."""

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from sinagotd.workspace.counting import by_record, of_record
from sinagotd.workspace.explaining import Explanation, explain
from sinagotd.workspace.faults import MissingFileError
from sinagotd.workspace.finding import checked_id
from sinagotd.workspace.log_frames import log_frame, newest_first
from sinagotd.workspace.log_lines import LogLine, has_log, read_log
from sinagotd.workspace.membership import record_by_unit, record_with_step
from sinagotd.workspace.model import Scope
from sinagotd.workspace.opened import Wanted
from sinagotd.workspace.results import Results
from sinagotd.workspace.status import StatusDict, status_dict

if TYPE_CHECKING:
    import pandas as pd


class RecordUnit(Scope):
    """One recording, by its id."""

    def __init__(self, workspace: Any, record_id: str, task: str | None = None, modality: str | None = None) -> None:
        """Raises WorkspaceError for what is no id of this workspace; whether the record is there is not asked."""
        super().__init__(workspace, task, modality)
        self.id = checked_id(workspace.opened, record_id)

    @property
    def _subscope_class(self) -> type:
        """What a narrowed record is, at least: Sinagot's own tests ask for it."""
        return RecordUnit

    @cached_property
    def results(self) -> Results:
        """What its steps made, read by the suffix of the file: `record.results.count`."""
        return Results(self.workspace.opened, self.id, self.wanted())

    def logs(self) -> "pd.DataFrame":
        """Its log in this scope, the newest line first; the index is the number of the line."""
        return log_frame(newest_first(self.log_lines()), keep_numbers=True)

    def logs_json(self) -> list[dict[str, Any]]:
        """The same lines as they stand in the files, the oldest first. Raises FileNotFoundError without a log."""
        data_path = self.workspace.data_path
        if not has_log(data_path, self.id):
            raise MissingFileError(f"there is no log of {self.id} in {data_path / 'LOG'}: none of its steps ever ran")
        return [line.says for line in self.log_lines()]

    def log_lines(self) -> list[LogLine]:
        """The lines that can be read, the oldest first."""
        return read_log(self.workspace.data_path, self.id, task=self.task, modality=self.modality)

    def status_dict(self) -> StatusDict:
        """By task, then modality: its steps in order, with index, label and status code."""
        return status_dict(self.steps.rows())

    def status_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.status_dict())

    def count_detail(self) -> "pd.DataFrame":
        """A row for each unit: 1 where the record is there, else 0."""
        return of_record(self.id, record_by_unit(self))

    def count_raw_data(self, with_record_id: bool = True) -> "pd.DataFrame":  # noqa: FBT001, FBT002 - Sinagot's signature
        """A row for each unit where the inputs of its first step are there."""
        return self.count_step(with_record_id=with_record_id)

    def count_step(
        self,
        step_label: str | None = None,
        position: str = "input",
        with_record_id: bool = True,  # noqa: FBT001, FBT002 - as above
    ) -> "pd.DataFrame":
        """A row for each unit where all inputs, or outputs, of a step are there; of its first step if none is named."""
        del with_record_id  # the rows of a record always have its id
        return by_record(record_with_step(self, step_label, position))

    def explain(self, step_label: str | None = None) -> Explanation:
        """Why its steps, or one of them, stand as they do. Raises WorkspaceError for a record or step that is not there."""
        return explain(self.workspace.opened, self.id, self.wanted(step_label))

    def wanted(self, step_label: str | None = None) -> Wanted:
        """Which steps are its own in this scope, as a value."""
        return Wanted((self.id,), self.task, self.modality, step_label)

    def _narrowed(self, task: str | None, modality: str | None) -> Self:
        record: Self = self.workspace.classes.record(modality)(
            workspace=self.workspace, record_id=self.id, task=task, modality=modality
        )
        return record

    def shown(self) -> dict[str, Any]:
        return {"id": self.id} | super().shown()

    def _identity(self) -> tuple[Any, ...]:
        return self.workspace, self.id, self.task, self.modality


class Record(RecordUnit):
    """The class that a workspace gives unless a modality has its own."""
