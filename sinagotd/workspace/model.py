"""What records, collections and steps have in common: how they print, what they equal, and how a scope is narrowed.

Classes and members as in Sinagot 0.2.5 (its specs §§4 to 6). Nothing is kept on a class: every value holds its workspace.
"""

import logging
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

from sinagotd.settings.faults import did_you_mean
from sinagotd.settings.workspace import UnitSettings
from sinagotd.workspace.faults import SubscopeError
from sinagotd.workspace.opened import Wanted

OURS = {"classes", "log_lines", "opened", "rows", "script_class", "shown", "steps_of", "unit_settings", "wanted"}
"""Members by which the classes of a workspace use each other: they would be in the way of somebody who looks around."""


class Model:
    """Base of what a workspace gives."""

    def __init__(self, workspace: Any = None) -> None:
        self.workspace = workspace

    @cached_property  # which a class of somebody's own may set
    def config(self) -> dict[str, Any]:
        """As of the workspace."""
        config: dict[str, Any] = self.workspace.config
        return config

    @cached_property
    def logger(self) -> logging.Logger:
        """As of the workspace."""
        logger: logging.Logger = self.workspace.logger
        return logger

    def shown(self) -> dict[str, Any]:
        """What the repr tells, by name."""
        return {}

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in OURS]

    def __repr__(self) -> str:
        pairs = ", ".join(f"{name}: {value}" for name, value in self.shown().items())
        return f"<{type(self).__name__} instance{' | ' if pairs else ''}{pairs}>"


def no_attribute(model: Model, name: str) -> AttributeError:
    """Python's ordinary error, with the most similar name that there is."""
    is_whole = "workspace" in vars(model)  # only then can it be listed
    known = [each for each in dir(model) if each[0] != "_"] if is_whole and name[0] != "_" else []
    return AttributeError(f"{type(model).__name__!r} object has no attribute {name!r}{did_you_mean(name, known)}")


class ModelWithStepCollection(Model):
    """What has steps."""

    @property
    def steps(self) -> Any:
        """Its steps, as a StepCollection."""
        return self.workspace.steps_of(self)

    def _repr_html_(self) -> str:
        html: str = self.steps._repr_html_()
        return html


class Scope(ModelWithStepCollection):
    """Records or one record, in all units or narrowed to a task, a modality or both; None stands for all."""

    task: str | None = None
    modality: str | None = None

    def __init__(self, workspace: Any, task: str | None = None, modality: str | None = None) -> None:
        """A task or modality that the class itself fixes stays in force where None is given."""
        super().__init__(workspace)
        if task is not None:
            self.task = task
        if modality is not None:
            self.modality = modality

    @property
    def is_unit(self) -> bool:
        """Whether task and modality are both fixed; always, where a workspace has neither."""
        return self.workspace.is_unit_mode or None not in (self.task, self.modality)

    def unit_settings(self) -> list[UnitSettings]:
        """The units of this scope with their scripts, in the order in which they run."""
        wanted = Wanted(task=self.task, modality=self.modality)
        return [unit for unit in self.workspace.opened.settings.units if wanted.meets(unit)]

    def get_subscope(self, task: str | None = None, modality: str | None = None) -> Self:
        """The same, narrowed; without arguments itself. Raises AttributeError for what does not go with this scope."""
        scope = self if task is None else self._with(task, "task")
        return scope if modality is None else scope._with(modality, "modality")  # noqa: SLF001 - of the same class

    def iter_tasks(self) -> Iterator[Self]:
        """Narrowed to each task that goes with this scope, in the order of the file."""
        return (self._with(name, "task") for name in self._tasks())

    def iter_modalities(self) -> Iterator[Self]:
        """Narrowed to each modality that goes with this scope, in the order of the file."""
        return (self._with(name, "modality") for name in self._modalities())

    def iter_units(self) -> Iterator[Self]:
        """Narrowed to each unit: tasks in order, each with its modalities in the order of `[modalities]`."""
        if self.is_unit:
            return iter((self,))
        return (self._narrowed(unit.task, unit.modality) for unit in self.unit_settings())

    def _with(self, name: str, kind: str) -> Self:
        """Narrowed to a name of this kind, "task" or "modality"."""
        declared = self.workspace.tasks if kind == "task" else self.workspace.modalities
        if name not in declared:
            near = did_you_mean(name, declared)
            raise SubscopeError(f"{kind} {name} is not declared in {self.workspace.config_path}{near}")
        if name not in (self._tasks() if kind == "task" else self._modalities()):
            raise SubscopeError(f"{kind} {name} is not valid for {self!r}")
        return self._narrowed(name, self.modality) if kind == "task" else self._narrowed(self.task, name)

    def _narrowed(self, task: str | None, modality: str | None) -> Self:
        raise NotImplementedError

    def _tasks(self) -> list[str]:
        """The tasks that this scope can be narrowed to."""
        if self.task is not None:
            return []
        return [
            task for task in self.workspace.tasks if self.modality is None or self._go_together(task, self.modality)
        ]

    def _modalities(self) -> list[str]:
        if self.modality is not None:
            return []
        modalities: tuple[str, ...] = self.workspace.modalities
        return [name for name in modalities if self.task is None or self._go_together(self.task, name)]

    def _go_together(self, task: str, modality: str) -> bool:
        units = self.workspace.opened.settings.units
        return any((unit.task, unit.modality) == (task, modality) for unit in units)

    def __getattr__(self, name: str) -> Any:
        kind = self._kind_of(name) if "workspace" in self.__dict__ else None
        if kind is None:
            raise no_attribute(self, name)
        return self._with(name, kind)

    def _kind_of(self, name: str) -> str | None:
        """Whether this is the name of a task or of a modality; of both, what this scope can be narrowed to."""
        if name in self.workspace.modalities and name not in self._tasks():
            return "modality"
        return "task" if name in self.workspace.tasks else None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._tasks(), *self._modalities()]

    def shown(self) -> dict[str, Any]:
        return {} if self.workspace.is_unit_mode else {"task": self.task, "modality": self.modality}

    def _identity(self) -> tuple[Any, ...]:
        return self.workspace, None, self.task, self.modality

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, Scope) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())
