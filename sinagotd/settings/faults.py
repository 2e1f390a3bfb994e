"""What is said about keys: how they are written, and which of them are no settings."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sinagotd.settings.sections import KeyPath, Section
from sinagotd.settings.toml_text import key_text, shortened

_MAX_KEY = 120


def unknown_keys(model: type[Section], table: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each key that no setting has; it names the nearest setting, beside the key or elsewhere."""
    settings = list(_setting_names(model))
    for above, key, beside in _unknown(model, table, ()):
        name = dotted((*above, key))
        known = [*settings, *(dotted((*above, each)) for each in beside)]
        misplaced = [each for each in settings if each.endswith(f".{key}")]
        near = f": did you mean {misplaced[0]}?" if misplaced else did_you_mean(name, known)
        yield f"{name} is not a setting and does nothing{near}"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`: did you mean "count"?` for the most similar known word, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only who misspells waits for it

    near = get_close_matches(str(word)[:_MAX_KEY], list(known), n=1)
    return f": did you mean {near[0]}?" if near else ""


def dotted(path: KeyPath) -> str:
    """A key as TOML writes it, `run.steps.count.timeout`; a list item as `steps.scripts, item 1`."""
    keys = key_text(part for part in path if isinstance(part, str))
    return shortened(keys, _MAX_KEY) + "".join(f", item {part + 1}" for part in path if isinstance(part, int))


def _unknown(
    model: type[Section], table: Mapping[str, Any], above: KeyPath
) -> Iterator[tuple[KeyPath, str, Iterable[str]]]:
    for key, value in table.items():
        if key not in model.settings:
            yield above, key, model.settings
            continue
        kind = model.settings[key].kind
        inner = kind.table or kind.tables
        if inner and isinstance(value, dict):
            tables = {(): value} if kind.table else {(name,): each for name, each in value.items()}
            for name, each in tables.items():
                yield from _unknown(inner, each, (*above, key, *name)) if isinstance(each, dict) else ()


def _setting_names(model: type[Section], above: KeyPath = ()) -> Iterator[str]:
    for key, setting in model.settings.items():
        if setting.kind.table:
            yield from _setting_names(setting.kind.table, (*above, key))
        else:
            yield dotted((*above, key))
