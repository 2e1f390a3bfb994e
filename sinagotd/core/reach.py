"""Which folders the templates can reach, as a tree of path components. It may reach too far; `Template.match` is exact."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from sinagotd.core.ids import IdPattern
from sinagotd.core.patterns import Piece, Template, names_in, pieces_of, prefix_of, regex_of, suffix_of


class Reach:
    """Steers a walk: start at `root`, `enter` the names of a folder from its place, and prune where that gives None."""

    def __init__(self, templates: Iterable[Template], id_pattern: IdPattern) -> None:
        top = _Node()
        for template in templates:
            node = top
            for component in template.text.split("/"):
                node = node.below(component, id_pattern)
            node.ends = True
        self.root = Place((top,))

    @classmethod
    def everywhere(cls) -> Self:
        """Reaches every folder; no template ends anywhere."""
        reach = cls.__new__(cls)
        reach.root = _Anywhere()
        return reach


class Place:
    """Where a walk stands: `ends` if a template ends exactly here, `goes_on` if one continues below."""

    __slots__ = ("_literal", "_nodes", "_open", "_places", "ends", "goes_on")

    def __init__(self, nodes: "tuple[_Node, ...]") -> None:
        self.ends = any(node.ends for node in nodes)
        self.goes_on = any(node.literal or node.open for node in nodes)
        self._nodes = nodes
        self._literal = frozenset(name for node in nodes for name in node.literal)
        self._open = tuple(way for node in nodes for way in node.open.values())
        self._places: dict[tuple[_Node, ...], Place] = {}

    def enter(self, name: str) -> "Place | None":
        """The place of the entry `name` in the folder of this place; None if no template goes there."""
        found = [node for wanted, node in self._open if wanted.fits(name)]
        if name in self._literal:
            found += [node.literal[name] for node in self._nodes if name in node.literal]
        return self._place_of(tuple(found)) if found else None

    def _place_of(self, found: "tuple[_Node, ...]") -> "Place":
        return self._places.get(found) or self._places.setdefault(found, Place(found))


class _Anywhere(Place):
    """A place from which every name leads on."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(())
        self.goes_on = True

    def enter(self, name: str) -> "Place":
        del name
        return self


@dataclass(slots=True, eq=False)
class _Node:
    """One place of the tree: what lies below it by literal name, and by a component with open places."""

    ends: bool = False
    literal: "dict[str, _Node]" = field(default_factory=dict)
    open: "dict[str, tuple[_Name, _Node]]" = field(default_factory=dict)

    def below(self, component: str, id_pattern: IdPattern) -> "_Node":
        pieces = pieces_of(component)
        if not names_in(pieces):
            return self.literal.setdefault("".join(literal for literal, _ in pieces), _Node())
        return self.open.setdefault(component, (_Name.of(pieces, id_pattern), _Node()))[1]


@dataclass(frozen=True, slots=True)
class _Name:
    """A component with open places; `ids` where `{id}` is the only one, so that the name tells the id for sure."""

    prefix: str
    suffix: str
    regex: re.Pattern[str]
    ids: IdPattern | None

    @classmethod
    def of(cls, pieces: list[Piece], id_pattern: IdPattern) -> "_Name":
        ids = id_pattern if [name for _, name in pieces if name] == ["id"] else None
        return cls(prefix_of(pieces), suffix_of(pieces), regex_of(pieces), ids)

    def fits(self, name: str) -> bool:
        if not name.endswith(self.suffix) or not name.startswith(self.prefix):
            return False
        if self.ids is None:
            return self.regex.fullmatch(name) is not None
        return self.ids.fits(name[len(self.prefix) : len(name) - len(self.suffix)])
