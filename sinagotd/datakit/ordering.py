"""In which order a row's sources are loaded: each after what it requires; a cycle concerns only the sources on it."""

from collections.abc import Callable, Iterable
from typing import NamedTuple


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
