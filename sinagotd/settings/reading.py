"""Reads settings files into one checked table: merged, with every fault and every warning at once."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sinagotd.errors import ConfigError
from sinagotd.settings.faults import dotted, unknown_keys
from sinagotd.settings.sections import AnySection, Fault, Faults, KeyPath, Place, Section
from sinagotd.settings.toml_file import read_toml

MAX_SENTENCES = 30


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


def check(model: type[AnySection], table: dict[str, Any], files: Sequence[SettingsFile]) -> AnySection:
    """Check the merged table; paths are taken from the first file's folder. Raises ConfigError with every fault."""
    try:
        return model.read(table, Place(files[0].path.parent))
    except ValueError as fault:
        raise ConfigError(*_sentences(Faults.of(fault, table).found, files)) from None


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


def _sentences(faults: Sequence[Fault], files: Sequence[SettingsFile]) -> Iterable[str]:
    for path, words in faults[:MAX_SENTENCES]:
        yield f"{origin(path, files)}: {dotted(path)}{words}"
    if len(faults) > MAX_SENTENCES:
        yield f"and {len(faults) - MAX_SENTENCES} faults more: mend these first"
