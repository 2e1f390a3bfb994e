"""Finds which of many templates a path matches without trying them all. It keeps the order in which they were given."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sinagotd.core.ids import IdPattern
from sinagotd.core.patterns import Template
from sinagotd.core.wiring import lineage


class Match(NamedTuple):
    """A template that fills to this path with these bindings."""

    path: str
    template: Template
    bindings: dict[str, str]


class Lookup:
    """Templates, grouped by how many folders their paths go down and by the name of the first."""

    def __init__(self, templates: Iterable[Template], id_pattern: IdPattern) -> None:
        self._id_pattern = id_pattern
        self._groups = _groups(list(dict.fromkeys(templates)))

    def first(self, path: str) -> Match | None:
        """The first template that matches this very path."""
        for template in self._group(path):
            bindings = template.match(path, self._id_pattern)
            if bindings is not None:
                return Match(path, template, bindings)
        return None

    def matches(self, path: str) -> Iterator[Match]:
        """What matches this very path."""
        for template in self._group(path):
            bindings = template.match(path, self._id_pattern)
            if bindings is not None:
                yield Match(path, template, bindings)

    def holding(self, path: str) -> Iterator[Match]:
        """What matches this path or a folder that holds it."""
        return (match for place in lineage(path) for match in self.matches(place))

    def _group(self, path: str) -> list[Template]:
        depth = path.count("/")
        return self._groups.get((depth, path.partition("/")[0])) or self._groups.get((depth, None), [])


_Key = tuple[int, str | None]


def _groups(templates: list[Template]) -> dict[_Key, list[Template]]:
    """Put a template that opens with a placeholder into every group of its depth, so that one look is enough."""
    keys = [_key(template) for template in templates]
    every_key = {*keys, *((depth, None) for depth, _ in keys)}
    return {
        key: [template for template, own in zip(templates, keys, strict=True) if _fits(own, key)] for key in every_key
    }


def _key(template: Template) -> _Key:
    head = template.text.partition("/")[0]
    return template.text.count("/"), None if "{" in head else head


def _fits(own: _Key, key: _Key) -> bool:
    return own in (key, (key[0], None))
