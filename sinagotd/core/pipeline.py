"""The steps of a workspace in order, bound to records and asked about paths. It knows no file, only what paths mean."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, Self

from sinagotd.core.ids import IdPattern
from sinagotd.core.keys import StepKey
from sinagotd.core.lookup import Lookup
from sinagotd.core.patterns import Template, pieces_of
from sinagotd.core.reach import Reach
from sinagotd.core.steps import Bound, Labelled, StepSpec
from sinagotd.core.wiring import Wiring, in_order
from sinagotd.errors import ConfigError

__all__ = ["Bound", "Pipeline", "StepSpec"]


class Pipeline:
    """What runs after what, for every record alike. `specs` stand in topological order, ties as they were given."""

    @classmethod
    def build(cls, specs: Iterable[StepSpec], id_pattern: IdPattern) -> Self:
        """Order the steps; raises ConfigError with every fault in how they fit together."""
        given = tuple(specs)
        faults = Wiring(given).faults(id_pattern.entities)
        if faults:
            raise ConfigError(*faults)
        return cls(tuple(given[at] for at in in_order(Wiring(given).graph())), id_pattern)

    def __init__(self, specs: tuple[StepSpec, ...], id_pattern: IdPattern) -> None:
        wiring = Wiring(specs)
        self.specs = specs
        self.id_pattern = id_pattern
        self._templates = tuple(dict.fromkeys(template for spec in specs for template in spec.templates))
        controls = (template for spec in specs for _, template in spec.control)
        self._needs = frozenset[str]().union(*(template.placeholders for template in (*self._templates, *controls)))
        self._upstream = [tuple(sorted(before)) for _, before in sorted(wiring.graph().items())]
        self._slots = _slots(specs, self._templates, self._upstream)
        self._index = {spec.step: at for at, spec in enumerate(specs)}
        self._used = Lookup(self._templates, id_pattern)
        self._raw = Lookup(_raw(specs, wiring.made()), id_pattern)
        self._fixed = frozenset(template.fill({}) for template in self._templates if not template.placeholders)
        written = [template for spec in specs for _, template in spec.outputs]
        self._written = Lookup(written, id_pattern)
        self._written_below = frozenset(template.text.partition("/")[0] for template in written)
        self._writes_anywhere = any("{" in head for head in self._written_below)

    def bind(self, record: str) -> tuple[Bound, ...]:
        """Give each step the paths of this record, in order; raises ValueError when this is no id of the workspace.

        A step that needs an entity which this id does not have comes without paths and with a fault that says so.
        """
        bindings = self.id_pattern.bindings(record)
        if bindings is None:
            wanted = f"it must match {self.id_pattern.text!r} and be a plain file name"
            raise ValueError(f"{record!r} is not a record id: {wanted}")
        if not self._needs <= bindings.keys():
            return tuple(_bind_alone(slot, record, bindings) for slot in self._slots)
        paths = [template.fill(bindings) for template in self._templates]
        bounds = [
            Bound(
                StepKey(record, slot.spec.step),
                slot.spec,
                tuple([paths[at] for at in slot.inputs]),
                tuple([paths[at] for at in slot.outputs]),
                slot.upstream,
            )
            for slot in self._slots
        ]
        return tuple(bounds)

    def upstream(self, step: str) -> tuple[str, ...]:
        """Name the steps whose outputs this step reads; raises KeyError for a step that is not there."""
        return tuple(self.specs[at].step for at in self._upstream[self._index[step]])

    def record_of(self, path: str) -> str | None:
        """Name the record whose raw file this is: an input with `{id}` in its path that no step writes.

        Where several could match, the one that spells out most of the path does; a file that all records share is
        nobody's.
        """
        match = self._raw.first(path)
        if match is None or path in self._fixed or self._is_written(path, match.bindings):
            return None
        return match.bindings["id"]

    def touched(self, path: str, records: Collection[str]) -> set[str]:
        """Those of `records` with a step that reads or writes this path, or a folder that holds it."""
        touched: set[str] = set()
        for place, template, bindings in self._used.holding(path):
            if not template.placeholders:
                return set(records)
            if template.is_shared:
                touched.update(record for record in records if self._shares(template, record, place))
            elif bindings["id"] in records:
                touched.add(bindings["id"])
        return touched

    def reach(self, *others: Template) -> Reach:
        """Map the folders that inputs and outputs can lie in, and those of `others`."""
        return Reach((*self._templates, *others), self.id_pattern)

    def _is_written(self, path: str, bindings: Mapping[str, str]) -> bool:
        if not self._writes_anywhere and path.partition("/")[0] not in self._written_below:
            return False
        # Without {id} a template fits more than it ever fills to, so there only this record's own path counts.
        return any(
            not match.template.is_shared or _fills(match.template, bindings, match.path)
            for match in self._written.holding(path)
        )

    def _shares(self, template: Template, record: str, path: str) -> bool:
        bindings = self.id_pattern.bindings(record)
        return bindings is not None and _fills(template, bindings, path)


class _Slot(NamedTuple):
    """A step of the pipeline; `inputs` and `outputs` are indexes into the pipeline's templates."""

    spec: StepSpec
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    upstream: tuple[int, ...]


def _slots(
    specs: tuple[StepSpec, ...], templates: tuple[Template, ...], upstream: list[tuple[int, ...]]
) -> list[_Slot]:
    index = {template: at for at, template in enumerate(templates)}
    return [
        _Slot(
            spec,
            tuple(index[template] for _, template in spec.inputs),
            tuple(index[template] for _, template in spec.outputs),
            upstream[at],
        )
        for at, spec in enumerate(specs)
    ]


def _bind_alone(slot: _Slot, record: str, bindings: Mapping[str, str]) -> Bound:
    spec = slot.spec
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    try:
        inputs, outputs, _ = (_filled(declared, bindings) for declared in (spec.inputs, spec.outputs, spec.control))
    except ValueError as missing:
        spec = replace(spec, fault=spec.fault or str(missing))
    return Bound(StepKey(record, spec.step), spec, inputs, outputs, slot.upstream)


def _filled(declared: tuple[Labelled, ...], bindings: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(template.fill(bindings) for _, template in declared)


def _raw(specs: tuple[StepSpec, ...], made: frozenset[str]) -> list[Template]:
    inputs = (template for spec in specs for _, template in spec.inputs)
    raw = (template for template in inputs if not template.is_shared and template.text not in made)
    return sorted(raw, key=_literal_length, reverse=True)


def _fills(template: Template, bindings: Mapping[str, str], path: str) -> bool:
    return template.placeholders <= bindings.keys() and template.fill(bindings) == path


def _literal_length(template: Template) -> int:
    return sum(len(literal) for literal, _ in pieces_of(template.text))
