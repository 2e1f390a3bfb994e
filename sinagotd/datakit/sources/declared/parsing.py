"""Checks a table of TOML against a frozen dataclass and collects every fault, a sentence each; it knows no option by name."""

import dataclasses
import types
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")
Faults = list[str]
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def parse(kind: type[Kind], table: object, *, where: str, faults: Faults) -> Kind | None:
    """The table as an instance of the dataclass; None when it added a sentence to `faults`."""
    if not isinstance(table, dict):
        faults.append(f"{where}: a table was expected, not {_shown(table)}")
        return None
    before = len(faults)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # it is a dataclass
    hints = get_type_hints(kind)
    for name in table.keys() - fields.keys():
        faults.append(f"{where}.{name}: there is no such option{_near(name, fields)}")
    given: dict[str, Any] = {}
    for name, field in fields.items():
        if name in table:
            given[name] = value_of(hints[name], table[name], where=f"{where}.{name}", faults=faults)
        elif field.default is field.default_factory is dataclasses.MISSING:
            faults.append(f"{where}.{name}: is needed")
    return kind(**given) if len(faults) == before else None


def value_of(hint: Any, value: object, *, where: str, faults: Faults) -> Any:
    """The value as its annotation wants it; a single text, or table, stands for a list of one."""
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        return _either(get_args(hint), value, where=where, faults=faults)
    if origin is Literal:
        return _choice(get_args(hint), value, where=where, faults=faults)
    if origin is tuple:
        many = value if isinstance(value, list) else [value]
        inner = get_args(hint)[0]
        return tuple(value_of(inner, one, where=_place(where, at, many), faults=faults) for at, one in enumerate(many))
    if origin in {Mapping, dict} or hint in {Mapping, dict}:
        return _mapping(get_args(hint)[1], value, where=where, faults=faults)
    if dataclasses.is_dataclass(hint):
        return parse(hint, value, where=where, faults=faults)  # type: ignore[arg-type]  # a class, not an instance
    return _plain(hint, value, where=where, faults=faults)


def _either(hints: tuple[Any, ...], value: object, *, where: str, faults: Faults) -> Any:
    real = [hint for hint in hints if hint is not types.NoneType]
    if len(real) == 1:
        return value_of(real[0], value, where=where, faults=faults)
    if type(value) not in real:
        faults.append(f"{where}: {' or '.join(WORDS[hint] for hint in real)} was expected, not {_shown(value)}")
    return value


def _choice(choices: tuple[Any, ...], value: object, *, where: str, faults: Faults) -> Any:
    if value not in choices:
        faults.append(f"{where}: one of {', '.join(map(str, choices))} was expected, not {_shown(value)}")
    return value


def _mapping(hint: Any, value: object, *, where: str, faults: Faults) -> Any:
    if not isinstance(value, dict):
        faults.append(f"{where}: a table was expected, not {_shown(value)}")
        return {}
    return {key: value_of(hint, one, where=f"{where}.{key}", faults=faults) for key, one in value.items()}


def _plain(hint: Any, value: object, *, where: str, faults: Faults) -> Any:
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        faults.append(f"{where}: {WORDS[hint]} was expected, not {_shown(value)}")
    return value


def _place(where: str, at: int, many: list[Any]) -> str:
    return where if len(many) == 1 else f"{where}[{at}]"


def _near(name: str, names: Mapping[str, Any]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"; is it {near[0]!r}?" if near else f"; there are {', '.join(names)}"


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 60 else type(value).__name__
