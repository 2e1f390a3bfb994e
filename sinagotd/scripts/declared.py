"""Reads which paths a script declares from its syntax tree, without importing it. What needs running is not guessed."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sinagotd.errors import ScriptError
from sinagotd.scripts.canonical import parse
from sinagotd.scripts.literals import ComputedError, Scope, evaluate
from sinagotd.scripts.parts import DEFAULT_CONTROL, DEFAULT_IN, DEFAULT_OUT, LabelledParts, read_parts

SCRIPT_CLASS = "Script"
DEFAULTS: Mapping[str, Any] = {"PATH_IN": DEFAULT_IN, "PATH_OUT": DEFAULT_OUT, "PATH_CONTROL": DEFAULT_CONTROL}

_TEMPLATE = "ScriptTemplate"
_LIBRARIES = ("sinagot", "sinagotd")


class Declaration(NamedTuple):
    """What a script reads and writes: (label, parts) each, the label "" for an only path. Nothing is filled in yet."""

    inputs: LabelledParts
    outputs: LabelledParts
    control: LabelledParts


class NotLiteral(NamedTuple):
    """The declaration is computed by code; ask a step host, which imports the script."""

    why: str


def read_declaration(source: bytes, name: str) -> Declaration | NotLiteral:
    """Read `PATH_IN`, `PATH_OUT` and `PATH_CONTROL`; `name` is the file's, for messages.

    Raises ScriptError with file, line and a sentence for a syntax error, a missing class `Script` and a path of a
    wrong type.
    """
    tree = parse(source, name)
    try:
        script = _script_class(tree, name)
        _refuse_what_code_changes(tree, script)
        inner, outer = Scope(script), Scope(tree)
        values = {attribute: _value(attribute, inner, outer) for attribute in DEFAULTS}
    except ComputedError as computed:
        return NotLiteral(str(computed))
    return declaration_of({role: value for role, (value, _) in values.items()}, _places(name, values))


def declaration_of(values: Mapping[str, Any], places: Mapping[str, str]) -> Declaration:
    """Make a declaration of the values of the three attributes; `places` says where each stands, for messages."""
    return Declaration(*(_checked(attribute, values[attribute], places[attribute]) for attribute in DEFAULTS))


def _checked(attribute: str, value: Any, place: str) -> LabelledParts:
    try:
        return read_parts(value)
    except TypeError as fault:
        raise ScriptError(f"{place}: {attribute}: {fault}") from fault


def _places(name: str, values: Mapping[str, tuple[Any, int]]) -> dict[str, str]:
    return {attribute: f"{name}, line {line}" for attribute, (_, line) in values.items()}


def _script_class(tree: ast.Module, name: str) -> ast.ClassDef:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == SCRIPT_CLASS]
    binders = list(_binders(tree))
    if not binders:
        raise ScriptError(f"{name}: has no class {SCRIPT_CLASS}: write `class {SCRIPT_CLASS}({_TEMPLATE}):`")
    if len(binders) != 1 or not classes:
        raise ComputedError(f"{SCRIPT_CLASS} is made by code")
    (script,) = classes
    if script.decorator_list or script.keywords:
        raise ComputedError(f"{SCRIPT_CLASS} has a decorator or a metaclass")
    if not (len(script.bases) == 1 and _dotted(script.bases[0]) in _template_names(tree)):
        raise ComputedError(f"{SCRIPT_CLASS} does not derive from {_TEMPLATE} alone")
    return script


def _binders(tree: ast.Module) -> Iterator[ast.AST]:
    """Everything that could bind the name `Script`."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=bound) | ast.FunctionDef(name=bound) if bound == SCRIPT_CLASS:
                yield node
            case ast.Name(id=bound, ctx=ast.Store() | ast.Del()) if bound == SCRIPT_CLASS:
                yield node
            case ast.alias(name=imported, asname=known) if (known or imported) in (SCRIPT_CLASS, "*"):
                yield node


def _template_names(tree: ast.Module) -> set[str]:
    """The dotted names under which the file knows the template."""
    names = set()
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(module), level=0) if module.split(".")[0] in _LIBRARIES:
                names |= {alias.asname or alias.name for alias in node.names if alias.name == _TEMPLATE}
            case ast.Import():
                names |= {f"{a.asname or a.name}.{_TEMPLATE}" for a in node.names if a.name.split(".")[0] in _LIBRARIES}
    return names


def _dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, attribute):
            inner = _dotted(value)
            return f"{inner}.{attribute}" if inner else None
    return None


def _refuse_what_code_changes(tree: ast.Module, script: ast.ClassDef) -> None:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name("Script" | "cls"), attribute) if attribute in DEFAULTS:
                raise ComputedError(f"line {node.lineno} reaches for {SCRIPT_CLASS}.{attribute}")
    for statement in script.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name in DEFAULTS:
            raise ComputedError(f"{statement.name} is a function")


def _value(attribute: str, inner: Scope, outer: Scope) -> tuple[Any, int]:
    if not inner.binds(attribute):
        return DEFAULTS[attribute], inner.line
    expression = inner.only_value(attribute)
    return evaluate(expression, (inner, outer)), expression.lineno
