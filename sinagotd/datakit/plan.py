"""What workers need to load rows: the rows' files, the sources and their order; it can be sent to another process.

A source comes after what it requires; a cycle concerns only the sources on it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from sinagotd.datakit.registry import Sources
from sinagotd.datakit.settings import DatasetSettings
from sinagotd.datakit.source import DataSource


class Row(NamedTuple):
    """A row's key, its own files by tag, and all files it sees: its own and those it inherits."""

    key: tuple[Any, ...]
    own: dict[str, str]
    seen: dict[str, str]


@dataclass(frozen=True)
class Plan:
    """What to load for every row. `order` holds the shown tags and all they require."""

    shown: tuple[str, ...]
    order: tuple[str, ...]
    cycles: dict[str, str]
    classes: dict[str, type[DataSource]]
    requires: dict[str, tuple[str, ...]]
    levels: tuple[str, ...]
    roots: tuple[str, ...]
    settings: DatasetSettings

    def owned_path(self, row: Row, tag: str) -> str | None:
        """The file that gives the row its cell: its own, or the one its values are inside of."""
        return row.own.get(tag) or row.own.get(self.classes[tag].derived_from or "")

    def path_for(self, row: Row, tag: str) -> str | None:
        """The file to load, if only because another source requires it: then one that the row inherits will do."""
        return self.owned_path(row, tag) or row.seen.get(tag) or row.seen.get(self.classes[tag].derived_from or "")

    def needed(self, row: Row) -> set[str]:
        """The tags to load for a row: shown ones that it has, and what these require."""
        waiting = [tag for tag in self.shown if self.owned_path(row, tag) is not None]
        found: set[str] = set()
        while waiting:
            tag = waiting.pop()
            if tag not in found:
                found.add(tag)
                waiting.extend(self.requires[tag])
        return found

    @cached_property
    def has_task(self) -> bool:
        return len(self.levels) > 2 and self.levels[2] == self.settings.index_names[2]


def make_plan(
    tags: Iterable[str], registry: Sources, *, levels: Iterable[str], roots: Iterable[str], settings: DatasetSettings
) -> Plan:
    """Order the sources and look up their classes. Raises UnknownSourceError for a tag that none has.

    A required tag that no source has is as one that no row has: it is never there.
    """
    shown = tuple(dict.fromkeys(tags))
    registry.require(shown)
    known = frozenset(registry.available_tags())
    requires: dict[str, tuple[str, ...]] = {}

    def known_requires(tag: str) -> tuple[str, ...]:
        requires[tag] = tuple(needed for needed in registry.requires(tag) if needed in known)
        return requires[tag]

    ordered = order(shown, known_requires)
    classes = {tag: registry.get_source_class(tag) for tag in ordered.tags}
    return Plan(shown, ordered.tags, ordered.cycles, classes, requires, tuple(levels), tuple(roots), settings)


class Order(NamedTuple):
    """Tags in loading order, and a sentence for each tag that requires itself."""

    tags: tuple[str, ...]
    cycles: dict[str, str]


def order(tags: Iterable[str], requires: Callable[[str], Iterable[str]]) -> Order:
    """Order `tags` and all they require, depth first in the given order. `requires` gives the known tags a tag requires."""
    graph: dict[str, tuple[str, ...]] = {}
    waiting = list(tags)
    wanted = tuple(dict.fromkeys(waiting))
    while waiting:
        tag = waiting.pop()
        if tag not in graph:
            graph[tag] = tuple(requires(tag))
            waiting.extend(graph[tag])
    cycles = {tag: f"requires itself: {' → '.join(way)}" for tag in graph if (way := _way_back(tag, graph))}
    done: dict[str, None] = {}
    for tag in wanted:
        _visit(tag, graph, cycles, done)
    return Order(tuple(done), cycles)


def _visit(tag: str, graph: dict[str, tuple[str, ...]], cycles: dict[str, str], done: dict[str, None]) -> None:
    if tag in done:
        return
    if tag not in cycles:
        for needed in graph[tag]:
            _visit(needed, graph, cycles, done)
    done[tag] = None


def _way_back(start: str, graph: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The shortest way from a tag to itself, or nothing."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = set()
    for way in ways:
        for following in graph[way[-1]]:
            if following == start:
                return (*way, start)
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return ()
