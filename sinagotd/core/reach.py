"""Which folders the templates can reach, as a tree of path components. It may reach too far; `Template.match` is exact."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from sinagotd.core.ids import IdPattern
from sinagotd.core.patterns import Template, names_in, pieces_of, regex_of, suffix_of


class Reach:
    """Steers a walk: carry the nodes of a folder down to each of its entries, and prune where `enter` says None."""

    def __init__(self, templates: Iterable[Template], id_pattern: IdPattern) -> None:
        self._root = _Node()
        for template in templates:
            node = self._root
            for component in template.text.split("/"):
                node = node.below(component, id_pattern)
            node.ends = True

    def root(self) -> "Nodes":
        return (self._root,)

    def enter(self, nodes: "Nodes", name: str) -> "Nodes | None":
        """Nodes of the entry `name` in the folder that has these nodes; None if no template goes there."""
        if len(nodes) == 1:
            return tuple(nodes[0].entered(name)) or None
        return tuple([child for node in nodes for child in node.entered(name)]) or None

    def ends(self, nodes: "Nodes") -> bool:
        """Whether a template ends exactly here: a file, or a folder as a whole."""
        for node in nodes:  # noqa: SIM110 - asked for each file of a walk: a generator takes three times as long
            if node.ends:
                return True
        return False

    def goes_on(self, nodes: "Nodes") -> bool:
        """Whether a template continues below."""
        for node in nodes:  # noqa: SIM110 - as above
            if node.literal or node.open:
                return True
        return False


@dataclass(slots=True)
class _Node:
    """One place of the tree: what lies below it by literal name, and by a component with open places."""

    ends: bool = False
    literal: "dict[str, _Node]" = field(default_factory=dict)
    open: "dict[str, tuple[_Name, _Node]]" = field(default_factory=dict)

    def below(self, component: str, id_pattern: IdPattern) -> "_Node":
        pieces = pieces_of(component)
        names = names_in(pieces)
        if not names:
            return self.literal.setdefault("".join(literal for literal, _ in pieces), _Node())
        ids = id_pattern if names == {"id"} else None
        return self.open.setdefault(component, (_Name(regex_of(pieces), suffix_of(pieces), ids), _Node()))[1]

    def entered(self, name: str) -> "list[_Node]":
        found = [node for wanted, node in self.open.values() if wanted.fits(name)]
        if name in self.literal:
            found.append(self.literal[name])
        return found


@dataclass(frozen=True, slots=True)
class _Name:
    """A component with open places; `ids` where `{id}` is the only one, so that the name tells the id for sure."""

    regex: re.Pattern[str]
    suffix: str
    ids: IdPattern | None

    def fits(self, name: str) -> bool:
        if not name.endswith(self.suffix):
            return False
        found = self.regex.fullmatch(name)
        if found is None or self.ids is None:
            return found is not None
        return self.ids.fits(found["id"])


Nodes = tuple[_Node, ...]
"""Where a walk stands in the tree; opaque to the walker."""
