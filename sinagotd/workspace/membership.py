"""Which records belong to a scope: what its scripts say, and what modalities with a way of their own say."""

from collections.abc import Iterable, Iterator
from typing import Any

from sinagotd.core.patterns import Template
from sinagotd.core.steps import StepSpec
from sinagotd.settings.workspace import UnitSettings
from sinagotd.workspace.counting import Counted, refuse_unknown
from sinagotd.workspace.finding import Units, find_ids, has_all, has_id, ids_with
from sinagotd.workspace.model import Scope


def member_ids(scope: Scope) -> set[str]:
    """The records of this scope. Raises MissingFileError without a data folder, NotFoundError without a usable script."""
    found = find_ids(scope.workspace.opened, _units(scope))
    for unit in _with_own_way(scope):
        found.update(unit.iter_ids())
    return found


def is_member(scope: Scope, record: object) -> bool:
    """Whether this is one of them, by a look at its own files only."""
    if has_id(scope.workspace.opened, record, _units(scope)):
        return True
    return any(unit.has(record) for unit in _with_own_way(scope))


def members_by_unit(scope: Scope) -> list[Counted]:
    """The records of each unit of this scope."""
    units = (_collection(scope, unit.task, unit.modality) for unit in scope.iter_units())
    return [Counted(unit.task, unit.modality, unit.ids()) for unit in units]


def record_by_unit(record: Any) -> list[Counted]:
    """The same, of one record only: it is looked for by itself."""
    units = (_collection(record, unit.task, unit.modality) for unit in record.iter_units())
    return [Counted(unit.task, unit.modality, [record.id] * unit.has(record.id)) for unit in units]


def members_with_step(scope: Scope, label: str | None, position: str) -> list[Counted]:
    """The records of which all inputs, or outputs, of a step are there, by unit; of its first step where no label is given.

    Raises WorkspaceError for a label that no unit has.
    """
    opened = scope.workspace.opened
    return [
        Counted(spec.task, spec.modality, sorted(ids_with(opened, _templates(spec, position))))
        for spec in _chosen(scope, label, position)
    ]


def record_with_step(record: Any, label: str | None, position: str) -> list[Counted]:
    """The same, of one record only; a modality with a way of its own counts where it has data of the record."""
    opened = record.workspace.opened
    counted = [
        Counted(spec.task, spec.modality, [record.id] * has_all(opened, _templates(spec, position), record.id))
        for spec in _chosen(record, label, position)
    ]
    own = {unit.modality for unit in _with_own_way(record)}
    return [*counted, *(each for each in record_by_unit(record) if each.modality in own)]


def _units(scope: Scope) -> Units | None:
    """None for the whole workspace: it has records too of which no first step reads anything yet."""
    return None if (scope.task, scope.modality) == (None, None) else scope.unit_settings()


def _collection(scope: Scope, task: str | None, modality: str | None) -> Any:
    workspace = scope.workspace
    return workspace.classes.collection(modality)(workspace=workspace, task=task, modality=modality)


def _with_own_way(scope: Scope) -> Iterator[Any]:
    """The collections of units inside this scope that find their records themselves."""
    if scope.is_unit:
        return
    for unit in scope.unit_settings():
        if scope.workspace.classes.finds_by_itself(unit.modality):
            yield _collection(scope, unit.task, unit.modality)


def _chosen(scope: Scope, label: str | None, position: str) -> list[StepSpec]:
    """The step of this label in each unit that has one, the first one if None."""
    units = scope.unit_settings()
    known = dict.fromkeys(script.label for unit in units for script in unit.scripts)
    refuse_unknown(label, position, list(known), repr(scope))
    specs = {spec.step: spec for spec in scope.workspace.opened.pipeline.specs}
    steps = (_step(unit, label) for unit in units)
    return [specs[name] for name in steps if name is not None]


def _step(unit: UnitSettings, label: str | None) -> str | None:
    pairs = zip(unit.scripts, unit.step_names(), strict=True)
    return next((name for script, name in pairs if label in (None, script.label)), None)


def _templates(spec: StepSpec, position: str) -> list[Template]:
    labelled: Iterable[tuple[str, Template]] = spec.inputs if position == "input" else spec.outputs
    return [template for _, template in labelled]
