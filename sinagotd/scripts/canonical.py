"""The meaning of a Python file as bytes: its syntax tree without comments, layout and docstrings. Runs nothing.

A dump of our own, because `ast.dump` differs between Python versions: fields by name, empty ones left out.
"""

import ast
import warnings
from collections.abc import Iterator
from itertools import groupby

from sinagotd.errors import ScriptError

_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_TOO_DEEP = (RecursionError, MemoryError)


def parse(source: bytes, name: str) -> ast.Module:
    """Parse a file. Raises ScriptError with file, line and what is wrong, also when it cannot be decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, name)
    except SyntaxError as fault:
        line = f", line {fault.lineno}" if fault.lineno else ""
        raise ScriptError(f"{name}{line}: {fault.msg}") from fault
    except ValueError as fault:
        raise ScriptError(f"{name}: not Python source ({fault})") from fault
    except _TOO_DEEP as fault:
        raise ScriptError(f"{name}: nested too deeply to be read") from fault


def canonical(tree: ast.Module) -> bytes:
    """Write the tree as bytes that are equal for two files exactly when they mean the same."""
    written: list[bytes] = []
    pending: list[_Item] = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, bytes):
            written.append(item)
        else:
            pending.extend(reversed(list(_opened(item))))
    return b"".join(written)


_Item = bytes | ast.AST | list[object]


def _opened(item: ast.AST | list[object]) -> Iterator[_Item]:
    if isinstance(item, list):
        yield b"["
        for element in item:
            yield _as_item(element)
            yield b","
        yield b"]"
        return
    yield type(item).__name__.encode() + b"("
    for field in sorted(item._fields):
        value = _field(item, field)
        if field in _LEFT_OUT or value is None or value == []:
            continue
        yield field.encode() + b"="
        yield _as_item(value)
        yield b";"
    yield b")"


def _field(node: ast.AST, field: str) -> object:
    value: object = getattr(node, field, None)
    if field == "body" and isinstance(node, _WITH_DOCSTRING) and isinstance(value, list) and _is_text(value[:1]):
        return value[1:]
    if isinstance(node, ast.JoinedStr):
        return list(_with_whole_texts(node.values))
    return value


def _with_whole_texts(values: list[ast.expr]) -> Iterator[ast.expr]:
    """Join the texts of an f-string that stand side by side, drop empty ones: Python 3.12 leaves both, others do not."""
    for is_text, group in groupby(values, key=lambda value: isinstance(value, ast.Constant)):
        if not is_text:
            yield from group
        elif text := "".join(str(part.value) for part in group if isinstance(part, ast.Constant)):
            yield ast.Constant(text)


def _is_text(first: list[ast.stmt]) -> bool:
    return any(
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
        for statement in first
    )


def _as_item(value: object) -> _Item:
    if isinstance(value, ast.AST | list):
        return value
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return b"str%d:" % len(text) + text
    if type(value) is int:
        return b"int:%x" % value  # repr refuses very long ones
    return f"{type(value).__name__}:{value!r}".encode()
