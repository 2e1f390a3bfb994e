"""Places the nodes of a graph without cycles: in layers from left to right, those that belong together side by side.

The layers of Sugiyama, Tagawa and Toda (1981), ordered within by the mean place of their neighbours.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import NamedTuple

CHARACTER_WIDTH, PADDING = 7, 12
NODE_HEIGHT, GAP_DOWN, GAP_RIGHT, MARGIN = 26, 14, 44, 8
SWEEPS = 8

Edges = Sequence[tuple[int, int]]


class Box(NamedTuple):
    """Where a node is, in pixels."""

    x: int
    y: int
    width: int


class Layout(NamedTuple):
    """The boxes of all nodes, in their order, and the size of the whole."""

    boxes: tuple[Box, ...]
    edges: Edges
    width: int
    height: int


def lay_out(texts: Sequence[str], edges: Edges) -> Layout:
    """Place nodes that are as wide as their texts."""
    layers = _ordered(_layers(len(texts), edges), edges)
    boxes: dict[int, Box] = {}
    x = MARGIN
    tallest = max((len(layer) for layer in layers), default=0)
    for layer in layers:
        width = max(CHARACTER_WIDTH * len(texts[at]) + 2 * PADDING for at in layer)
        top = MARGIN + (tallest - len(layer)) * (NODE_HEIGHT + GAP_DOWN) // 2
        for place, at in enumerate(layer):
            boxes[at] = Box(x, top + place * (NODE_HEIGHT + GAP_DOWN), width)
        x += width + GAP_RIGHT
    height = 2 * MARGIN + tallest * (NODE_HEIGHT + GAP_DOWN)
    return Layout(tuple(boxes[at] for at in range(len(texts))), edges, max(x - GAP_RIGHT, 0) + MARGIN, height)


def _layers(count: int, edges: Edges) -> list[list[int]]:
    """Each node one layer after the last of those before it."""
    before = _neighbours(edges, of=1)
    depth: dict[int, int] = {}
    for at in TopologicalSorter({at: before[at] for at in range(count)}).static_order():
        depth[at] = 1 + max((depth[other] for other in before[at]), default=-1)
    layers: list[list[int]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for at in range(count):
        layers[depth[at]].append(at)
    return layers


def _ordered(layers: list[list[int]], edges: Edges) -> list[list[int]]:
    """Move each node to the mean height of its neighbours, from the left and from the right in turn."""
    before, after = _neighbours(edges, of=1), _neighbours(edges, of=0)
    for sweep in range(SWEEPS):
        places = {at: place - len(layer) / 2 for layer in layers for place, at in enumerate(layer)}
        near = after if sweep % 2 else before
        layers = [sorted(layer, key=lambda at: _mean(at, near, places)) for layer in layers]
    return layers


def _mean(at: int, near: Mapping[int, Sequence[int]], places: Mapping[int, float]) -> float:
    heights = [places[other] for other in near[at]] or [places[at]]
    return sum(heights) / len(heights)


def _neighbours(edges: Edges, *, of: int) -> defaultdict[int, list[int]]:
    """By node, those at the other end of its edges; `of` is the end where the node stands."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for edge in edges:
        found[edge[of]].append(edge[1 - of])
    return found
