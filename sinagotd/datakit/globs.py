"""Which sources claim a file name: all patterns compiled into one look-up by suffix; it touches no file system."""

import fnmatch
import re
from collections.abc import Iterable
from typing import NamedTuple

_WILD = re.compile(r"[*?\[]")
_NONE: list["Claim"] = []


class Claim(NamedTuple):
    """A source's claim on names: how they end (so much of a name belongs to the pattern), and what else must fit."""

    tag: str
    suffix: str
    is_plain: bool
    name: re.Pattern[str]
    folders: tuple[re.Pattern[str] | None, ...] | None

    def fits(self, name: str, folder: str) -> bool:
        if self.name.match(name) is None:
            return False
        return self.folders is None or _fits(self.folders, folder.split("/") if folder else [])


class Globs:
    """Answers `claims(name, folder)` with one dictionary look-up for most names, and three for those that nobody claims.

    A pattern is a glob relative to the folder of subjects, as pathlib understands it: `**/` stands for any folders. A
    pattern without a slash matches in any folder. Case counts.
    """

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        self._by_tail: dict[str, list[Claim]] = {}
        self._by_extension: dict[str, list[Claim]] = {}
        self._always: list[Claim] = []
        for tag, pattern in patterns:
            rule = _rule(tag, pattern)
            self._place_for(rule.suffix).append(rule)
        self._settled = {tail: _one_each(rules) for tail, rules in self._by_tail.items() if self._settles(tail, rules)}

    def claims(self, name: str, folder: str) -> list[Claim]:
        """The sources that claim `name` in `folder` (relative to the folder of subjects, `/` between parts)."""
        _, underscore, tail = name.rpartition("_")
        if underscore and tail in self._settled:
            return self._settled[tail]
        rules = self._by_tail.get(tail, _NONE)
        more = self._by_extension.get(name.rpartition(".")[2], _NONE)
        if more or self._always:
            rules = rules + more + self._always
        found = [rule for rule in rules if name.endswith(rule.suffix) and (rule.is_plain or rule.fits(name, folder))]
        return found if len(found) < 2 else _one_each(found)

    def _settles(self, tail: str, rules: list[Claim]) -> bool:
        """Whether every name that ends in an underscore and this tail is claimed by just these rules."""
        others = self._always or tail.rpartition(".")[2] in self._by_extension
        return not others and all(rule.is_plain and rule.suffix == f"_{tail}" for rule in rules)

    def _place_for(self, suffix: str) -> list[Claim]:
        """Rules are kept by what stands after the last underscore or the last dot of every name that can match."""
        if "_" in suffix:
            return self._by_tail.setdefault(suffix.rpartition("_")[2], [])
        if "." in suffix:
            return self._by_extension.setdefault(suffix.rpartition(".")[2], [])
        return self._always


def _one_each(claims: list[Claim]) -> list[Claim]:
    longest: dict[str, Claim] = {}
    for claim in claims:
        if claim.tag not in longest or len(claim.suffix) > len(longest[claim.tag].suffix):
            longest[claim.tag] = claim
    return list(longest.values())


def _rule(tag: str, pattern: str) -> Claim:
    folders, _, name = pattern.rpartition("/")
    suffix = _literal_end(name)
    anywhere = folders in {"", "**"}
    expression = re.compile(fnmatch.translate(name))
    return Claim(
        tag, suffix, anywhere and name == f"*{suffix}", expression, None if anywhere else _folder_patterns(pattern)
    )


def _literal_end(name: str) -> str:
    """The characters after the last wildcard."""
    return _WILD.split(name)[-1].rpartition("]")[2]


def _fits(patterns: tuple[re.Pattern[str] | None, ...], folders: list[str]) -> bool:
    if not patterns:
        return not folders
    first, rest = patterns[0], patterns[1:]
    if first is None:
        return any(_fits(rest, folders[start:]) for start in range(len(folders) + 1))
    return bool(folders) and first.match(folders[0]) is not None and _fits(rest, folders[1:])


def _folder_patterns(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    """One expression for each folder of the glob; None stands for any number of them."""
    parts = pattern.split("/")[:-1]
    return tuple(None if part == "**" else re.compile(fnmatch.translate(part)) for part in parts)
