"""Who reads what whom writes: the links between steps, their order, and every fault in how they fit together.

Paths are compared as templates, before a record fills them: equal, or one a folder above the other.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import NamedTuple

from sinagotd.core.steps import Labelled, StepSpec

Graph = Mapping[int, Collection[int]]
"""For each step, by its index, the steps that must come before it."""


class Use(NamedTuple):
    """One path that a step reads or writes; `position` counts over all steps."""

    position: int
    at: int
    text: str


class Wiring:
    """The links between these steps, known by their index."""

    def __init__(self, specs: Sequence[StepSpec]) -> None:
        self._specs = specs
        self._outputs = _uses(spec.outputs for spec in specs)
        self._links = list(_overlaps(_uses(spec.inputs for spec in specs), self._outputs))

    def graph(self) -> dict[int, set[int]]:
        graph: dict[int, set[int]] = {at: set() for at in range(len(self._specs))}
        for read, written in self._links:
            graph[read.at].add(written.at)
        return graph

    def made(self) -> frozenset[str]:
        """The input templates that a step writes, wholly or in part."""
        return frozenset(read.text for read, _ in self._links)

    def faults(self, entities: Collection[str]) -> list[str]:
        """Every reason why these steps cannot work together, a sentence each."""
        return [
            *self._named_twice(),
            *self._same_for_all(entities),
            *self._written_twice(),
            *self._reading_themselves(),
            *self._cycles(),
        ]

    def _named_twice(self) -> Iterator[str]:
        known: set[str] = set()
        for spec in self._specs:
            if spec.step in known:
                yield f"the step {spec.step} ({spec.script}) is listed twice: list each script once"
            known.add(spec.step)

    def _same_for_all(self, entities: Collection[str]) -> Iterator[str]:
        for spec in self._specs:
            for _, template in spec.outputs:
                if template.is_shared and not (entities and template.placeholders.issuperset(entities)):
                    yield f"{_name(spec)} writes {template.text} for every record: put {{id}} into its path"

    def _written_twice(self) -> Iterator[str]:
        told: set[int] = set()
        for use, other in _overlaps(self._outputs, self._outputs):
            first, second = sorted((use, other))
            if first != second and second.position not in told:
                told.add(second.position)
                yield self._clash(first, second)

    def _clash(self, first: Use, second: Use) -> str:
        one, two = self._specs[first.at], self._specs[second.at]
        if first.at == second.at:
            return f"{_name(one)} declares {_both(first, second)} as two outputs: each must be a path of its own"
        if first.text == second.text:
            return f"{_name(one)} and {_name(two)} both write {first.text}: give one of them another path"
        upper, lower = sorted((first, second), key=lambda use: len(use.text))
        return (
            f"{_name(self._specs[lower.at])} writes {lower.text} inside {upper.text}, "
            f"which {_name(self._specs[upper.at])} writes: give one of them another path"
        )

    def _reading_themselves(self) -> Iterator[str]:
        for read, written in self._links:
            if read.at == written.at:
                what = _both(read, written)
                yield f"{_name(self._specs[read.at])} reads what it writes itself ({what}): give its output another path"

    def _cycles(self) -> Iterator[str]:
        graph = {at: before - {at} for at, before in self.graph().items()}
        while cycle := _find_cycle(graph):
            steps = [self._told_link(reader, writer) for writer, reader in pairwise(cycle)]
            yield f"these scripts wait for each other for ever: {'; '.join(steps)}"
            graph = {at: before.difference(cycle) for at, before in graph.items() if at not in cycle}

    def _told_link(self, reader: int, writer: int) -> str:
        ends = (reader, writer)
        read, written = next(link for link in self._links if (link[0].at, link[1].at) == ends)
        return f"{_name(self._specs[reader])} reads {_both(written, read)}, which {_name(self._specs[writer])} writes"


def in_order(graph: Graph) -> list[int]:
    """Sort so that what is read comes before its reader, and what is free stands as it was given."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    ready: list[int] = []
    order: list[int] = []
    while sorter.is_active():
        for at in sorter.get_ready():
            heapq.heappush(ready, at)
        order.append(heapq.heappop(ready))
        sorter.done(order[-1])
    return order


def lineage(path: str) -> Iterator[str]:
    """The path, then each folder above it."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _uses(declared: Iterable[tuple[Labelled, ...]]) -> list[Use]:
    flat = [(at, template.text) for at, templates in enumerate(declared) for _, template in templates]
    return [Use(position, at, text) for position, (at, text) in enumerate(flat)]


def _overlaps(left: list[Use], right: list[Use]) -> Iterator[tuple[Use, Use]]:
    """Pairs that name one path, or a folder and something inside it."""
    by_left, by_right = _by_text(left), _by_text(right)
    for use in left:
        yield from ((use, other) for text in lineage(use.text) for other in by_right.get(text, ()))
    for other in right:
        yield from ((use, other) for text in lineage(other.text) if text != other.text for use in by_left.get(text, ()))


def _by_text(uses: list[Use]) -> dict[str, list[Use]]:
    grouped: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        grouped[use.text].append(use)
    return grouped


def _find_cycle(graph: Graph) -> list[int]:
    """One cycle, each step before its reader, the first one repeated at the end; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as fault:
        return list(fault.args[1])
    return []


def _name(spec: StepSpec) -> str:
    return f"{spec.script} ({spec.step})"


def _both(one: Use, other: Use) -> str:
    return one.text if one.text == other.text else f"{one.text} and {other.text}"
