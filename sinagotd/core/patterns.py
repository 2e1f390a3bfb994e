"""Path patterns of scripts, such as `raw/{id}-{task}.csv`: read, fill, match back. It looks at no disk."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import NamedTuple, Self

from sinagotd.core.declared import canonical
from sinagotd.core.ids import IdPattern


@dataclass(frozen=True, slots=True)
class Template:
    """One path below the data folder with open places; `text` is its canonical form, and two with one text are equal.

    Build it with `parse`; `text` holds no constants any more, literal braces are doubled in it.
    """

    text: str
    placeholders: frozenset[str] = field(init=False, compare=False, repr=False)
    is_shared: bool = field(init=False, compare=False, repr=False)  # holds no {id}: many records, one path
    _needs_only_id: bool = field(init=False, compare=False, repr=False)
    _has_one_place: bool = field(init=False, compare=False, repr=False)
    _format: str = field(init=False, compare=False, repr=False)
    _regex: re.Pattern[str] = field(init=False, compare=False, repr=False)
    _prefix: str = field(init=False, compare=False, repr=False)
    _suffix: str = field(init=False, compare=False, repr=False)
    _loose: "_LooseId | None" = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        pieces = pieces_of(self.text)
        placeholders = names_in(pieces)
        object.__setattr__(self, "placeholders", placeholders)
        object.__setattr__(self, "is_shared", "id" not in placeholders)
        object.__setattr__(self, "_needs_only_id", placeholders == {"id"})
        object.__setattr__(self, "_has_one_place", len([name for _, name in pieces if name]) == 1)
        object.__setattr__(self, "_format", _percent_format(pieces))
        object.__setattr__(self, "_regex", regex_of(pieces))
        object.__setattr__(self, "_prefix", prefix_of(pieces))
        object.__setattr__(self, "_suffix", suffix_of(pieces))
        object.__setattr__(self, "_loose", _loose_id(self.text))

    @classmethod
    def parse(
        cls,
        parts: str | Sequence[str],
        *,
        constants: Mapping[str, object],
        entities: Collection[str],
    ) -> Self:
        """Read what a script declares: a path, or its parts, which may hold "/" themselves.

        `constants` are filled in as text (None as "None", as Sinagot does), `{id}` and the entities stay open; an
        entity hides a constant of its name. Raises ValueError, a sentence, for anything else between braces and
        for a path that is empty, absolute or leaves the data folder.
        """
        still_open = {"id", *entities}
        closed = {name: str(value) for name, value in constants.items() if name not in still_open}
        return cls(canonical([parts] if isinstance(parts, str) else list(parts), closed, still_open))

    def fill(self, bindings: Mapping[str, str]) -> str:
        """Make the path of one record; raises ValueError when an entity is missing."""
        try:
            return self._format % bindings
        except KeyError as missing:
            raise ValueError(f"{self.text} needs {{{missing.args[0]}}}, which this id does not have") from missing

    def match(self, path: str, id_pattern: IdPattern) -> dict[str, str] | None:
        """Find the bindings that fill to exactly this path; without `{id}` only those of the open places."""
        # Templates of one folder differ by their ends: most misses end here, at a tenth of the price.
        if not path.endswith(self._suffix) or not path.startswith(self._prefix):
            return None
        if self._needs_only_id and self._has_one_place:
            return id_pattern.bindings(path[len(self._prefix) : len(path) - len(self._suffix)])
        found = self._regex.fullmatch(path)
        if found is None:
            return None
        if self.is_shared:
            return found.groupdict()
        bindings = self._accepted(found["id"], path, id_pattern)
        if bindings is not None or self._loose is None:
            return bindings
        candidates = (self._accepted(record, path, id_pattern) for record in self._loose.candidates(path))
        return next((bindings for bindings in candidates if bindings is not None), None)

    def _accepted(self, record: str, path: str, id_pattern: IdPattern) -> dict[str, str] | None:
        bindings = id_pattern.bindings(record)
        if bindings is None or self._needs_only_id:
            return bindings
        complete = self.placeholders <= bindings.keys()
        return bindings if complete and self._format % bindings == path else None


Piece = tuple[str, str | None]
"""A literal, and the placeholder that follows it, if any."""


def pieces_of(text: str) -> list[Piece]:
    """Take a canonical text, or one component of it, apart."""
    return [(literal, name) for literal, name, _, _ in Formatter().parse(text)]


def names_in(pieces: Iterable[Piece]) -> frozenset[str]:
    return frozenset(name for _, name in pieces if name is not None)


def regex_of(pieces: Iterable[Piece]) -> re.Pattern[str]:
    """Compile: literals as they are, a placeholder any text without "/", the same one where it is repeated."""
    parts, known = [], set()
    for literal, name in pieces:
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(f"(?P={name})" if name in known else f"(?P<{name}>[^/]+)")
            known.add(name)
    return re.compile("".join(parts))


def prefix_of(pieces: Sequence[Piece]) -> str:
    """Give the literal before the first placeholder."""
    end = next((at for at, (_, name) in enumerate(pieces) if name is not None), len(pieces))
    return "".join(literal for literal, _ in pieces[: end + 1])


def suffix_of(pieces: Sequence[Piece]) -> str:
    """Give the literal after the last placeholder."""
    begin = next((at for at, (_, name) in reversed([*enumerate(pieces)]) if name is not None), -1)
    return "".join(literal for literal, _ in pieces[begin + 1 :])


def _percent_format(pieces: Iterable[Piece]) -> str:
    """Translate to `%(id)s`: faster than `str.format`, and it can do nothing else."""
    escaped = ((literal.replace("%", "%%"), name) for literal, name in pieces)
    return "".join(literal if name is None else f"{literal}%({name})s" for literal, name in escaped)


class _LooseId(NamedTuple):
    """Where `{id}` stands when another placeholder shares its every component, so that the split must be guessed."""

    component: int
    before: re.Pattern[str]
    after: re.Pattern[str]

    def candidates(self, path: str) -> Iterator[str]:
        name = path.split("/")[self.component]
        for start in range(len(name)):
            if self.before.fullmatch(name, 0, start):
                ends = range(len(name), start, -1)
                yield from (name[start:end] for end in ends if self.after.fullmatch(name, end))


def _loose_id(text: str) -> _LooseId | None:
    components = [pieces_of(component) for component in text.split("/")]
    holding = [at for at, pieces in enumerate(components) if "id" in names_in(pieces)]
    if not holding or any(names_in(components[at]) == {"id"} for at in holding):
        return None
    pieces = components[holding[0]]
    at = [name for _, name in pieces].index("id")
    before = [*pieces[:at], (pieces[at][0], None)]
    return _LooseId(holding[0], regex_of(before), regex_of(pieces[at + 1 :]))
