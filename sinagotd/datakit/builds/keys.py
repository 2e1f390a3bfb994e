"""The key of a cell: a digest of everything that decides on what loading it gives. It reads files only through their stamps."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from sinagotd.datakit.builds.code import digest_of, loading_code, options_of, source_code
from sinagotd.datakit.builds.stamps import Stamps
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.records import relative
from sinagotd.datakit.source import DataSource

ABSENT = "absent"


class Made(NamedTuple):
    """What a cell is made from; `needs` is the keys of the cells that it requires, as JSON by tag. No key: it must be loaded."""

    path: str
    size: int
    digest: str
    code: str
    options: str
    needs: str
    key: str


_NEVER = Made("", -1, "", "", "", "", "")


class Keys:
    """Makes the keys of the cells of one plan."""

    def __init__(self, plan: Plan, stamps: Stamps) -> None:
        self._plan = plan
        self._stamps = stamps
        self.base = digest_of(loading_code(), _settings(plan))
        self._code = {tag: source_code(kind) for tag, kind in plan.classes.items()}
        self._options = {tag: options_of(kind) for tag, kind in plan.classes.items()}

    def of(self, row: Row, before: Mapping[str, Made]) -> dict[str, Made]:
        """What the row's own cells are made from, by shown tag. `before` are such of the same base: equal ones are taken from it."""
        needed = self._plan.needed(row)
        made: dict[str, Made] = {}
        for tag in self._plan.order:
            path = row.own.get(tag) if tag in self._plan.shown else None
            path = path or row.seen.get(tag)
            if tag in needed and path is not None:
                made[tag] = self._made(row, tag, path, made, before.get(tag, _NEVER))
        return {tag: made[tag] for tag in self._plan.shown if tag in row.own}

    def described(self) -> dict[str, Any]:
        """Each source's class, the digest of its code, its options and what it requires; JSON-able."""
        return {tag: self._described(tag, kind) for tag, kind in self._plan.classes.items()}

    def _described(self, tag: str, kind: type[DataSource]) -> dict[str, Any]:
        named = f"{kind.__module__}.{kind.__qualname__}"
        requires = list(self._plan.requires[tag])
        return {"class": named, "code": self._code[tag], "options": kind().options(), "requires": requires}

    def _made(self, row: Row, tag: str, path: str, others: Mapping[str, Made], old: Made) -> Made:
        required = () if tag in self._plan.cycles else self._plan.requires[tag]
        keys = {other: others[other].key if other in others else ABSENT for other in required}
        needs = json.dumps(keys) if keys else ""
        content = self._stamps.content(path, self._companions(tag, path))
        where = relative(path, self._plan.roots) or path
        made = Made(where, content.size, content.digest, self._code[tag], self._options[tag], needs, old.key)
        if old.key and made == old:
            return old
        if not content.is_readable or "" in keys.values():
            return made._replace(key="")
        parts = (tag, *map(str, row.key), where, content.digest, made.code, made.options, needs)
        return made._replace(key=digest_of(self.base, *parts))

    def _companions(self, tag: str, path: str) -> Iterator[str]:
        """What the source reads beside the file, as patterns relative to the file's folder."""
        patterns = self._plan.classes[tag].companions
        if not patterns:
            return iter(())
        folder = Path(path).parent
        found = {str(other) for pattern in patterns for other in folder.glob(pattern) if other.is_file()}
        return iter(found - {path})


def _settings(plan: Plan) -> str:
    return repr((plan.levels, replace(plan.settings, timeout_s=None, required=())))
