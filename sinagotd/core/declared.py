"""Reads a path as a script declares it into the canonical text of a template, and refuses what cannot be one."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from string import Formatter


def canonical(parts: Sequence[str], constants: Mapping[str, str], still_open: AbstractSet[str]) -> str:
    """Join the parts with "/", constants filled in, literal braces doubled, and no "." or empty name left."""
    text = "/".join(_without_constants(part, constants, still_open) for part in parts)
    names = [name for name in text.split("/") if name not in ("", ".")]
    if not names:
        raise ValueError(f"the path {_shown(parts)} is empty: name a file or folder below the data folder")
    if ".." in names:
        raise ValueError(f"the path {_shown(parts)} holds '..': it must stay in the data folder")
    if "\0" in text:
        raise ValueError(f"the path {_shown(parts)} holds a NUL character, which no file name can")
    return "/".join(names)


def _without_constants(part: object, constants: Mapping[str, str], still_open: AbstractSet[str]) -> str:
    if not isinstance(part, str):
        raise ValueError(f"{part!r} is not a path part: write text")  # noqa: TRY004 - a fault of a script, as all here
    filled = "".join(_checked_pieces(part, constants, still_open))
    if filled.startswith("/"):
        raise ValueError(f"{part!r} is absolute: write it relative to the data folder")
    return filled


def _checked_pieces(part: str, constants: Mapping[str, str], still_open: AbstractSet[str]) -> Iterator[str]:
    try:
        pieces = list(Formatter().parse(part))
    except ValueError as fault:
        raise ValueError(f"{part!r} is not a path pattern: {fault}; a literal brace is written twice") from fault
    for literal, name, spec, conversion in pieces:
        yield _escaped(literal)
        if name is None:
            continue
        if spec or conversion:
            raise ValueError(f"{{{name}}} in {part!r} can only be a plain name, with nothing after it")
        if name not in still_open and name not in constants:
            raise ValueError(_unknown(name, part, [*still_open, *constants]))
        yield f"{{{name}}}" if name in still_open else _escaped(constants[name])


def _escaped(literal: str) -> str:
    return literal.replace("{", "{{").replace("}", "}}")


def _unknown(name: str, part: str, known: list[str]) -> str:
    nearest = get_close_matches(name, known, n=1, cutoff=0.5) or get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {{{nearest[0]}}}? " if nearest else ""
    return f"unknown placeholder {{{name}}} in {part!r}: {hint}known are {', '.join(f'{{{k}}}' for k in sorted(known))}"


def _shown(parts: Sequence[str]) -> str:
    return repr("/".join(parts))
