"""Which files of the scripts folder a Python file imports, read from its syntax tree; nothing is imported."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_IMPORTING_CALLS = ("import_module", "__import__")


class Imported(NamedTuple):
    """`from ..module import names`: two levels; `level` 0 is absolute."""

    level: int
    module: tuple[str, ...]
    names: tuple[str, ...] = ()


def local_files(tree: ast.Module, file: Path, search: Iterable[Path]) -> set[Path]:
    """Find the files that a parsed `file` imports from the folders of `search`, the packages around them included.

    Names of the standard library are never local. A file outside of the last folder of `search` is not followed.
    """
    folders = tuple(search)
    top = folders[-1]
    return {
        path for imported in imports_of(tree) for path in _files_of(imported, file, folders) if path.is_relative_to(top)
    }


def imports_of(tree: ast.Module) -> Iterator[Imported]:
    """Every import, wherever it stands, and every `import_module("literal")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (Imported(0, tuple(alias.name.split("."))) for alias in names)
            case ast.ImportFrom(module, names, level):
                parts = tuple(module.split(".")) if module else ()
                yield Imported(level or 0, parts, tuple(alias.name for alias in names))
            case ast.Call(ast.Name(name) | ast.Attribute(attr=name), [ast.Constant(str(literal)), *_]):
                if name in _IMPORTING_CALLS:
                    yield _from_literal(literal)


def _from_literal(literal: str) -> Imported:
    absolute = literal.lstrip(".")
    return Imported(len(literal) - len(absolute), tuple(part for part in absolute.split(".") if part))


def _files_of(imported: Imported, file: Path, search: tuple[Path, ...]) -> Iterator[Path]:
    if imported.level:
        folder = file.parents[min(imported.level, len(file.parents)) - 1]
        yield from _existing(parent / "__init__.py" for parent in (folder, *folder.parents))
        yield from _module_files(folder, imported)
        return
    if imported.module and imported.module[0] not in sys.stdlib_module_names:
        yield from next((files for folder in search if (files := list(_module_files(folder, imported)))), [])


def _module_files(folder: Path, imported: Imported) -> Iterator[Path]:
    for part in imported.module:
        if (folder / part / "__init__.py").is_file():
            yield folder / part / "__init__.py"
        elif (folder / f"{part}.py").is_file():
            yield folder / f"{part}.py"
            return
        folder = folder / part
    for name in imported.names:
        yield from _existing((folder / name / "__init__.py", folder / f"{name}.py"))


def _existing(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in paths if path.is_file())
