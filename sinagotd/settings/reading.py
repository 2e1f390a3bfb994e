"""Reads settings files into one checked table: merged, with every fault and every warning at once."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from sinagotd.errors import ConfigError
from sinagotd.settings.faults import MAX_SENTENCES, KeyPath, key_faults, unknown_keys
from sinagotd.settings.sections import Section
from sinagotd.settings.toml_file import read_toml

Checked = TypeVar("Checked", bound=Section)


class SettingsFile(NamedTuple):
    """One file as it was parsed."""

    path: Path
    table: dict[str, Any]


def read_files(paths: Sequence[Path]) -> list[SettingsFile]:
    """Parse the files; raises ConfigError with the faults of all of them."""
    files: list[SettingsFile] = []
    faults: list[str] = []
    for path in paths:
        try:
            files.append(SettingsFile(path, read_toml(path)))
        except ConfigError as fault:
            faults += fault.faults
    if faults:
        raise ConfigError(*faults)
    return files


def merge(tables: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Merge table by table: a later value wins, a list is replaced as a whole. The tables stay as they are."""
    merged: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
            merged[key] = merge((merged[key], value)) if both_tables else value
    return merged


def check(model: type[Checked], table: dict[str, Any], files: Sequence[SettingsFile]) -> Checked:
    """Check the merged table; paths are taken from the first file's folder. Raises ConfigError with every fault."""
    try:
        return model.model_validate(table, context={"folder": files[0].path.parent})
    except ValidationError as error:
        sentences = (f"{origin(path, files)}: {text}" for path, text in key_faults(error, model))
        raise ConfigError(*_not_too_many(sentences, error.error_count())) from None


def unknown_key_warnings(model: type[Section], files: Sequence[SettingsFile]) -> list[str]:
    """A sentence for each unknown key of each file, some of them if there are many."""
    return [f"{file.path}: {text}" for file in files for text in islice(unknown_keys(model, file.table), MAX_SENTENCES)]


def origin(key: KeyPath, files: Sequence[SettingsFile]) -> Path:
    """The file that decides about this key: the last one that has it, or the most of the tables around it."""
    best = max(reversed(files), key=lambda file: _depth(key, file.table))
    return best.path if _depth(key, best.table) else files[0].path


def _depth(key: KeyPath, table: Any) -> int:
    if not (key and isinstance(table, dict) and key[0] in table):
        return 0
    return 1 + _depth(key[1:], table[key[0]])


def _not_too_many(sentences: Iterator[str], count: int) -> Iterator[str]:
    yield from islice(sentences, MAX_SENTENCES)
    if count > MAX_SENTENCES:
        yield f"and {count - MAX_SENTENCES} faults more: mend these first"
