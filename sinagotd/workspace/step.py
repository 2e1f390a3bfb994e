"""One step of a record or of a collection: its script, how it stands, its log. It runs through the collection of steps."""

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinagotd.core.keys import step_name
from sinagotd.core.states import State
from sinagotd.workspace.faults import NoModalityError, NotFoundError
from sinagotd.workspace.log_frames import log_frame, newest_first
from sinagotd.workspace.log_lines import last_words
from sinagotd.workspace.model import Model

if TYPE_CHECKING:
    import pandas as pd

    from sinagotd.workspace.running.result import RunResult

BY_URGENCY = (State.FAILED.code, State.RUNNING.code, State.WAITING.code, State.STALE.code, State.CURRENT.code)


class Step(Model):
    """A script in one scope; of a collection it stands for that step of all its records, and `id` is None."""

    def __init__(self, script: str | type, model: Any) -> None:
        """`script` is the name of a file, without ".py", or a class. Raises NotFoundError for a file that is not there."""
        super().__init__(model.workspace)
        if not isinstance(script, str | type):
            message = f"a step is made of the name of a script or of its class, not of {script!r}"
            raise AttributeError(message)  # noqa: TRY004 - as Sinagot does
        self.model = model
        self.task: str | None = model.task
        self.modality: str | None = model.modality
        self.id: str | None = getattr(model, "id", None)
        self._class = script if isinstance(script, type) else None
        self.label = script if isinstance(script, str) else label_of(script)
        if isinstance(script, str):
            self._refuse_missing()

    @property
    def script_class(self) -> Any:
        """The class `Script`, as its file has it now. Raises ScriptError, and whatever the file raises."""
        return self._class or self.workspace.script_class(self.script_path)

    @property
    def script(self) -> Any:
        """An instance for this record, with its paths in the data folder; for a collection the id in them is "None"."""
        opts = self.workspace.opened.settings.for_step(step_name(self.label, self.task, self.modality)).opts
        made = self.script_class(self.workspace.data_path, str(self.id), self.task, opts=opts)
        made.label, made.modality, made.logger = self.label, self.modality, self.workspace.logger
        made.workspace_version = self.workspace.version
        return made

    @property
    def script_path(self) -> str:
        """The script's file, below the scripts folder."""
        return "/".join(part for part in (self.modality, f"{self.label}.py") if part is not None)

    def status(self) -> int:
        """Sinagot's status code; of several records or units the one that wants most attention, 0 if there are none."""
        if self._class is not None and self.id is not None:
            return self._status_of_files(self.id)
        codes = {row.code for row in self.model.steps.rows(self.label)}
        return next((code for code in BY_URGENCY if code in codes), State.WAITING.code)

    def _status_of_files(self, record: str) -> int:
        """As Sinagot tells it: nothing plans a step that is made of a class and stands in no settings."""
        there = self.script.data_exist
        if all(there.output.values()):
            return State.CURRENT.code
        word = last_words(self.workspace.data_path, record).get(step_name(self.label, self.task, self.modality))
        if word is not None and word.status in (State.RUNNING.code, State.FAILED.code):
            return word.status
        return (State.STALE if all(there.input.values()) else State.WAITING).code

    def logs(self) -> "pd.DataFrame":
        """What the records' logs say of it, the newest line of each first."""
        records = [self.model] if self.id is not None else self.model.all()
        lines = chain.from_iterable(newest_first(record.log_lines()) for record in records)
        own = [line for line in lines if line.says.get("step_label") == self.label]
        return log_frame(own, keep_numbers=self.id is not None)

    def run(
        self,
        force: bool = False,  # noqa: FBT001, FBT002 - Sinagot's signature
        ignore_missing: bool = False,  # noqa: FBT001, FBT002 - as above
        debug: bool = False,  # noqa: FBT001, FBT002 - as above
        **how: Any,
    ) -> "RunResult":
        """As `steps.run` of its scope, for this step only; `how` is what that takes beside."""
        result: RunResult = self.model.steps.run(self.label, force, ignore_missing, debug, **how)
        return result

    def shown(self) -> dict[str, Any]:
        return {"task": self.task, "modality": self.modality, "label": self.label}

    def __eq__(self, other: object) -> bool:
        return (self.model, self.label) == (other.model, other.label) if isinstance(other, Step) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.model, self.label))

    def _refuse_missing(self) -> None:
        path: Path = self.workspace.scripts_path / self.script_path
        if Path(self.label).name != self.label or not path.is_file():
            raise NotFoundError(f"there is no script {path}: write it, or take {self.label!r} out of the settings")


class ScopedStep(Step):
    """A step where there are tasks and modalities."""

    def __init__(self, script: str | type, model: Any) -> None:
        """Raises NoModalityError for a scope that fixes no modality, and as above."""
        if model.modality is None:
            raise NoModalityError(f"{model!r} fixes no modality, so {script!r} may be several steps: narrow it first")
        super().__init__(script, model)


def label_of(script_class: type) -> str:
    """The name of the file that a class comes from, as it will stand in logs."""
    file = getattr(sys.modules.get(script_class.__module__), "__file__", None)
    return Path(file).stem if file else script_class.__module__.rpartition(".")[2]
