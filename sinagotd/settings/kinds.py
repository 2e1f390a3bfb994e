"""The kinds of values that have no quantity: truths, numbers, texts, choices, names, options and paths."""

import os
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

from sinagotd.settings.sections import ANYTHING, Kind, Place, T, named

_MAX_NESTING = 20
_MAX_NUMBER = 1_000_000


def plain(read: Callable[[Any], T], write: Callable[[Any], Any] = str) -> Kind[T]:
    """A kind of value that is the same wherever it stands."""
    return Kind(lambda given, _place: read(given), write)


def exactly(type_: type[T], must: str) -> Kind[T]:
    def read(given: Any) -> T:
        if type(given) is not type_:  # to isinstance, truths are whole numbers
            raise ValueError(must)
        return given

    return plain(read, lambda value: value)


def number(least: int) -> Kind[int]:
    def check(value: int) -> None:
        if value < least:
            raise ValueError(f"must be at least {least}")
        if value > _MAX_NUMBER:
            raise ValueError(f"must be at most {_MAX_NUMBER}")

    return exactly(int, "must be a whole number").checked(check)


def choice(*words: str) -> Kind[str]:
    *others, last = (f'"{word}"' for word in words)

    def read(given: Any) -> str:
        if given not in words:
            raise ValueError(f"must be {', '.join(others)} or {last}")
        return str(given)

    return plain(read)


def or_none(kind: Kind[T]) -> Kind[T | None]:
    """None where an empty text is given."""

    def read(given: Any, place: Place) -> T | None:
        return None if given == "" else kind.read(given, place)

    return Kind(read, lambda value: "" if value is None else kind.write(value))


def resolve_path(text: str | os.PathLike[str], folder: Path) -> Path:
    """An absolute path: `text` as it is if absolute, else below `folder`, links followed; `~` is a home folder."""
    text = os.fspath(text)
    if not text or not text.isprintable():
        raise ValueError('must be a path, such as "./dataset" or "/srv/lab"')
    try:
        path = Path(text).expanduser()
    except RuntimeError as fault:
        raise ValueError("starts with a home folder that does not exist: write the path in full") from fault
    return path if path.is_absolute() else (folder / path).resolve()


def _nested_values(value: Any, depth: int = 0) -> Iterator[Any]:
    """All values in a list or table. Raises ValueError if they are nested too deeply."""
    if depth > _MAX_NESTING:
        raise ValueError(f"nested more than {_MAX_NESTING} deep: make it flatter")
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nested_values(each, depth + 1)


def _read_path(given: Any, place: Place) -> Path:
    if not isinstance(given, str):
        raise ValueError("must be a path in quotes")  # noqa: TRY004 - the base of all that is wrong in a file
    return resolve_path(given, place.folder)


def _check_name(name: str) -> None:
    if not _is_name(name, without="/\\") or name.startswith("."):
        raise ValueError('a name may not hold "/" or "\\", begin with "." or be empty')


def _check_label(label: str) -> None:
    if not _is_name(label, without="/\\."):
        raise ValueError('a script is listed as its file name without folder and without ".py", such as "count"')


def _is_name(text: str, *, without: str) -> bool:
    return text.isprintable() and text == text.strip() != "" and not any(each in text for each in without)


def _check_options(options: dict[str, Any]) -> None:
    for reserved in ("id", "task", "modality"):
        if reserved in options:
            raise ValueError(f"{reserved} is the record's own: give this option another name")
    for moment in [value for value in _nested_values(options) if isinstance(value, date | time)]:
        raise ValueError(f'dates and times are given as text: write "{moment}" in quotes')


FLAG = exactly(bool, "must be true or false")
NUMBER = number(0)
COUNT = number(1)
TEXT = exactly(str, "must be text in quotes")
NAME = TEXT.checked(_check_name)
LABEL = TEXT.checked(_check_label)
OPTIONS = named(ANYTHING).checked(_check_options)
_LEVELS = choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_LEVEL = Kind(lambda given, place: _LEVELS.read(given.upper() if isinstance(given, str) else given, place))
PATH = Kind(_read_path, str)
TEXT_OR_NONE = or_none(TEXT)
PATH_OR_NONE = or_none(PATH)
