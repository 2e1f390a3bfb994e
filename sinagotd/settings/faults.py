"""Turns what the checks found into sentences for people: file, key, what is wrong, what is expected."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sinagotd.settings.sections import Section, table_of, tables_of
from sinagotd.settings.toml_text import key_text, value_text

KeyPath = tuple[str | int, ...]

MAX_SENTENCES = 30
_MAX_VALUE = 60
_MAX_KEY = 120
_EXPECTED = {
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "path_type": "must be a path in quotes",
}


def key_faults(error: ValidationError, model: type[Section]) -> Iterator[tuple[KeyPath, str]]:
    """Each wrong key with its sentence, the file's name not yet in front."""
    for details in error.errors(include_url=False):
        path = tuple(part for part in details["loc"] if part != "[key]")
        yield path, f"{dotted(path)}{_what_is_wrong(details, path, field_at(model, path))}"


def unknown_keys(model: type[Section], table: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each key that no setting has; it names the nearest setting, beside the key or elsewhere."""
    settings = list(_setting_names(model))
    for above, key, beside in _unknown(model, table, ()):
        name = dotted((*above, key))
        known = [*settings, *(dotted((*above, each)) for each in beside)]
        misplaced = [each for each in settings if each.endswith(f".{key}")]
        near = f": did you mean {misplaced[0]}?" if misplaced else did_you_mean(name, known)
        yield f"{name} is not a setting and does nothing{near}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`: did you mean "count"?` for the most similar known word, or nothing."""
    near = difflib.get_close_matches(word[:_MAX_KEY], list(known), n=1)
    return f": did you mean {near[0]}?" if near else ""


def dotted(path: KeyPath) -> str:
    """A key as TOML writes it, `run.steps.count.timeout`; a list item as `steps.scripts, item 1`."""
    keys = key_text(part for part in path if isinstance(part, str))
    return _shortened(keys, _MAX_KEY) + "".join(f", item {part + 1}" for part in path if isinstance(part, int))


def shown(value: Any) -> str:
    """A value as it stands in the file, or what it is if that would be long."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return _shortened(value_text(value), _MAX_VALUE)


def field_at(model: type[Section], path: KeyPath) -> FieldInfo | None:
    """The declaration of the setting at `path`, if there is one."""
    field = model.model_fields.get(str(path[0])) if path else None
    if field is None or len(path) == 1:
        return field
    if inner := table_of(field):
        return field_at(inner, path[1:])
    return field_at(inner, path[2:]) if (inner := tables_of(field)) else None


def _unknown(
    model: type[Section], table: Mapping[str, Any], above: KeyPath
) -> Iterator[tuple[KeyPath, str, Iterable[str]]]:
    for key, value in table.items():
        field = model.model_fields.get(key)
        if field is None:
            yield above, key, model.model_fields
            continue
        for inner, each, path in _tables_in(field, value, (*above, key)):
            yield from _unknown(inner, each, path)


def _tables_in(
    field: FieldInfo, value: Any, path: KeyPath
) -> Iterator[tuple[type[Section], Mapping[str, Any], KeyPath]]:
    if not isinstance(value, dict):
        return
    if inner := table_of(field):
        yield inner, value, path
    elif inner := tables_of(field):
        yield from ((inner, each, (*path, name)) for name, each in value.items() if isinstance(each, dict))


def _what_is_wrong(details: ErrorDetails, path: KeyPath, field: FieldInfo | None) -> str:
    example = value_text(field.examples[0]) if field and field.examples else None
    if details["type"] == "missing":
        return f" is missing: write {path[-1]} = {example or '...'} or the like"
    value = "" if isinstance(details["input"], dict) else f" = {shown(details['input'])}"
    return f"{value}: {_expected(details, example)}"


def _expected(details: ErrorDetails, example: str | None) -> str:
    about = details.get("ctx", {})
    match details["type"]:
        case "value_error":
            return str(about["error"])
        case "literal_error":
            return f"must be {about['expected']}".replace("'", '"')
        case "greater_than_equal":
            return f"must be at least {about['ge']}"
        case "less_than_equal":
            return f"must be at most {about['le']}"
        case "tuple_type":
            return "must be a list, such as " + (example or '["count"]')
        case kind:
            return _EXPECTED.get(kind, "cannot be used")


def _setting_names(model: type[Section], above: KeyPath = ()) -> Iterator[str]:
    for key, field in model.model_fields.items():
        inner = table_of(field)
        if inner is None:
            yield dotted((*above, key))
        else:
            yield from _setting_names(inner, (*above, key))


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "…"
