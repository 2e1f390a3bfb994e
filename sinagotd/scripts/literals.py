"""Evaluates the expressions that stand for paths in scripts, as long as they are literals. It runs no code."""

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

_PATHS = ("Path", "PurePath", "PosixPath", "PurePosixPath")


class ComputedError(Exception):
    """The value is not a literal; the message says what stands there instead. Never leaves this package."""


class Scope:
    """The names of a module or class body, and the expressions that they are bound to: looked for when first asked."""

    def __init__(self, body: ast.Module | ast.ClassDef) -> None:
        self._body = body
        self.line = getattr(body, "lineno", 1)

    @cached_property
    def _bound(self) -> dict[str, list[ast.expr | None]]:
        bound: dict[str, list[ast.expr | None]] = {}
        for statement in self._body.body:
            for name, value in _bindings(statement):
                bound.setdefault(name, []).append(value)
        return bound

    def binds(self, name: str) -> bool:
        return name in self._bound

    def only_value(self, name: str) -> ast.expr:
        """The expression of a name that is bound once; raises ComputedError otherwise."""
        values = self._bound[name]
        if len(values) != 1 or values[0] is None:
            raise ComputedError(f"{name} is not bound once to a literal")
        return values[0]


def evaluate(node: ast.expr, scopes: Sequence[Scope]) -> Any:
    """Give the value: text, tuple, list, dict or path. Raises ComputedError for anything that needs running."""
    match node:
        case ast.Constant(value):
            return value
        case ast.Tuple(elements) | ast.List(elements):
            return tuple(evaluate(element, scopes) for element in elements)
        case ast.Dict(keys, values):
            return {_key(key): evaluate(value, scopes) for key, value in zip(keys, values, strict=True)}
        case ast.Name(name):
            return _named(name, scopes)
        case ast.Call(ast.Name(name) | ast.Attribute(attr=name), arguments, []) if name in _PATHS:
            return PurePosixPath(*_texts(arguments, scopes))
        case ast.BinOp(left, ast.Div(), right):
            return _joined(evaluate(left, scopes), evaluate(right, scopes))
    raise ComputedError(f"line {node.lineno} is computed by code: {ast.unparse(node)[:80]}")


def _key(key: ast.expr | None) -> Any:
    if isinstance(key, ast.Constant):
        return key.value
    raise ComputedError("a label is computed by code")


def _named(name: str, scopes: Sequence[Scope]) -> Any:
    scope = next((scope for scope in scopes if scope.binds(name)), None)
    if scope is None:
        raise ComputedError(f"{name} is not a literal of this file")
    expression = scope.only_value(name)
    if any(isinstance(part, ast.List | ast.Dict) for part in ast.walk(expression)):
        raise ComputedError(f"{name} could be changed after it was written down")
    return evaluate(expression, scopes)


def _texts(arguments: list[ast.expr], scopes: Sequence[Scope]) -> Iterator[str]:
    for argument in arguments:
        value = evaluate(argument, scopes)
        if not isinstance(value, str | PurePosixPath):
            raise ComputedError(f"line {argument.lineno} makes a path of something that is not text")
        yield str(value)


def _joined(left: Any, right: Any) -> PurePosixPath:
    if isinstance(left, PurePosixPath) and isinstance(right, str | PurePosixPath):
        return left / right
    raise ComputedError("a division is no literal")


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a statement binds, with their expression where it is a plain assignment."""
    match statement:
        case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), value=value) if value is not None:
            yield name, value
        case ast.AnnAssign():
            return
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            yield name, None
            yield from ((changed, None) for changed in _global_names(statement))
        case _:
            yield from ((name, None) for name in _stored_names(statement))


def _stored_names(statement: ast.AST) -> Iterator[str]:
    for node in ast.walk(statement):
        match node:
            case ast.Name(name, ast.Store() | ast.Del()) | ast.alias(asname=str(name)) | ast.alias(name, None):
                yield name


def _global_names(statement: ast.AST) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Global):
            yield from node.names
