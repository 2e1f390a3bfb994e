"""The steps of a record or of a collection: listed, looked at, run. It plans and runs nothing itself."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from sinagotd.errors import SinagotError
from sinagotd.settings.faults import did_you_mean
from sinagotd.workspace.faults import NotFoundError
from sinagotd.workspace.html import matrix, paragraphs
from sinagotd.workspace.model import Model
from sinagotd.workspace.running.asked import RunOptions
from sinagotd.workspace.running.result import RunResult
from sinagotd.workspace.running.run import run_steps
from sinagotd.workspace.standing import StepRow, step_rows
from sinagotd.workspace.status import states_frame, status_frame
from sinagotd.workspace.step import ScopedStep, Step

if TYPE_CHECKING:
    import pandas as pd


class StepCollectionUnit(Model):
    """Steps where there are no tasks and modalities."""

    def __init__(self, model: Any) -> None:
        super().__init__(model.workspace)
        self.model = model

    def scripts_names(self) -> Any:
        """The labels in the order of the file."""
        return self._labels()

    def get(self, script_name: str) -> Any:
        """The step of this label. Raises NotFoundError for one that is not listed, or whose script is not there."""
        return self._step(script_name)

    def first(self) -> Any:
        """The first step, None if there is none."""
        return next((self._step(label) for label in self._labels()), None)

    def count(self) -> Any:
        return len(self._labels())

    def run(  # noqa: PLR0913 - Sinagot's signature, and how to run
        self,
        step_label: str | None = None,
        force: bool = False,  # noqa: FBT001, FBT002 - Sinagot's signature
        ignore_missing: bool = False,  # noqa: FBT001, FBT002 - as above
        debug: bool = False,  # noqa: FBT001, FBT002 - as above
        *,
        scheduler: str | None = None,
        progress: bool | None = None,
        wait: float | None = None,
    ) -> RunResult:
        """Run what is stale, wait for the end and tell how it went.

        What the options mean is said at `RunOptions`, what is raised at `run_steps`.
        """
        options = RunOptions(
            force=force,
            ignore_missing=ignore_missing,
            debug=debug,
            scheduler=scheduler,
            progress=progress,
            wait=wait,
            version=self.workspace.version,
        )
        return run_steps(self.workspace.opened, self.model.wanted(step_label), options)

    def status(self) -> "pd.DataFrame":
        """A row for each step of each record, with Sinagot's status code."""
        return status_frame(self.rows())

    def states(self) -> "pd.DataFrame":
        """The same with the state in a word, the reason in a sentence, and since when."""
        return states_frame(self.rows())

    def rows(self, step_label: str | None = None) -> list[StepRow]:
        """The same as values."""
        wanted = self.model.wanted(step_label)
        records = self.model.ids() if wanted.records is None else wanted.records
        return step_rows(self.workspace.opened, records, wanted)

    def __iter__(self) -> Iterator[Step]:
        return (self._step(label) for label in self._labels())

    def __len__(self) -> int:
        return len(self._labels())

    def __contains__(self, label: object) -> bool:
        return (label.label if isinstance(label, Step) else label) in self._labels()

    def __getitem__(self, label: str) -> Step:
        return self._step(label)

    def _labels(self) -> list[str]:
        return [script.label for unit in self.model.unit_settings() for script in unit.scripts]

    def _step(self, label: str) -> Step:
        labels = self._labels()
        if label not in labels:
            near = did_you_mean(str(label), labels) or f": the steps are {', '.join(labels) or 'none'}"
            raise NotFoundError(f"there is no step {label!r} in {self.model!r}{near}")
        return self._make(label)

    def _make(self, label: str) -> Step:
        return Step(label, self.model)

    def _ipython_key_completions_(self) -> list[str]:
        return self._labels()

    def _repr_html_(self) -> str:
        """A table; or why there is none: a notebook would bury the sentence under a traceback."""
        try:
            return matrix(self.rows())
        except SinagotError as fault:
            return paragraphs(str(fault).splitlines())


class StepCollection(StepCollectionUnit):
    """Steps where there are tasks and modalities; of a scope that fixes no modality the answers are dicts by modality."""

    def scripts_names(self) -> Any:
        return self._labels() if self._is_narrow() else self._by_modality(lambda steps: steps.scripts_names())

    def get(self, script_name: str) -> Any:
        """As above; in a dict None for a modality without this step."""
        if self._is_narrow():
            return self._step(script_name)
        return self._by_modality(lambda steps: steps.get(script_name) if script_name in steps else None)

    def first(self) -> Any:
        return super().first() if self._is_narrow() else self._by_modality(lambda steps: steps.first())

    def count(self) -> Any:
        return super().count() if self._is_narrow() else self._by_modality(lambda steps: steps.count())

    def __iter__(self) -> Iterator[Step]:
        if self._is_narrow():
            return super().__iter__()
        return chain.from_iterable(scope.steps for scope in self.model.iter_modalities())

    def _is_narrow(self) -> bool:
        return self.model.modality is not None

    def _by_modality(self, ask: Callable[[Any], Any]) -> dict[str, Any]:
        return {scope.modality: ask(scope.steps) for scope in self.model.iter_modalities()}

    def _labels(self) -> list[str]:
        """Of a modality in all tasks: its scripts, then those for single tasks, each task's in full."""
        if self._is_narrow() and self.model.task is None:
            section = self.workspace.opened.settings.raw["modalities"][self.model.modality]
            return [*section.get("scripts", ()), *chain.from_iterable(section.get("task_scripts", {}).values())]
        return super()._labels()

    def _make(self, label: str) -> Step:
        return ScopedStep(label, self.model)
