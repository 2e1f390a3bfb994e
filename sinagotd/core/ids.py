"""Record ids: which texts are ids, what their parts are called, and which are too dangerous to stand in a path."""

import re
from dataclasses import dataclass, field

MAX_ID_CHARACTERS = 128

_ATOM = re.compile(r"\\[^/]|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\([^()]*\)")
_REQUIRED_SEPARATOR = re.compile(r"/(?![?*]|\{0|\{,)")


@dataclass(frozen=True, slots=True)
class IdPattern:
    """The regular expression of `records.id_pattern`; an id must match it from end to end.

    Its named groups are the record's entities. Raises ValueError when the text is no regular expression, names a
    group `id`, or asks for a separator in every id.
    """

    text: str
    entities: tuple[str, ...] = field(init=False, compare=False, repr=False)
    _regex: re.Pattern[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        regex = _compiled(self.text)
        if "id" in regex.groupindex:
            raise ValueError(f"the id pattern {self.text!r} names a group 'id': that is the whole id, rename the group")
        if not regex.flags & re.VERBOSE and _always_asks_for_separator(self.text):
            raise ValueError(f"the id pattern {self.text!r} asks for a '/', but an id is one file name: take it out")
        object.__setattr__(self, "entities", tuple(regex.groupindex))
        object.__setattr__(self, "_regex", regex)

    def fits(self, record: str) -> bool:
        """Tell whether this is an id, and a safe one."""
        return self._regex.fullmatch(record) is not None and is_safe(record)

    def bindings(self, record: str) -> dict[str, str] | None:
        """Name the parts of an id: `{"id": record, "subject": ...}`; None if it is not an id or not a safe one.

        An entity that the id does not have (or that is empty or ".", so cannot stand in a path) is left out.
        """
        found = self._regex.fullmatch(record)
        if found is None or not is_safe(record):
            return None
        bindings = {"id": record}
        for name in self.entities:
            if (value := found[name]) and value != ".":
                bindings[name] = value
        return bindings


def is_safe(record: str) -> bool:
    """Tell whether this text may be part of a file name: short, printable, no separator, nothing shells or paths bend.

    Not printable are control characters, line separators, marks that reverse the text, and lone surrogates.
    """
    return (
        record.isprintable()
        and 0 < len(record) <= MAX_ID_CHARACTERS
        and record[0] not in ".-"
        and "/" not in record
        and "\\" not in record
        and ".." not in record
    )


def _compiled(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as fault:
        raise ValueError(f"the id pattern {text!r} is not a regular expression: {fault}") from fault


def _always_asks_for_separator(pattern: str) -> bool:
    """Find a "/" that no id can do without; one inside a group is not looked at, so nothing is refused wrongly."""
    bare = _ATOM.sub("x", pattern)
    while _GROUP.search(bare):
        bare = _GROUP.sub("x", bare)
    return "|" not in bare and _REQUIRED_SEPARATOR.search(bare) is not None
