"""Digests of the code that a cell, or the type of a column, comes from; it runs none of it."""

import ast
import importlib
import inspect
import json
import platform
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import xxhash

from sinagotd.datakit.source import DataSource

_PACKAGE = "sinagotd.datakit"
_HOME = Path(__file__).resolve().parent.parent
_PLAIN = (str, int, float, bool, tuple, type(None))


class Parsed(NamedTuple):
    """A file of code: its text as a tree, and the names that it imports."""

    text: str
    imports: tuple[str, ...]


def digest_of(*parts: str) -> str:
    """A short digest of texts; where one ends and the next begins counts."""
    whole = "".join([f"{len(part)}:{part}" for part in parts])
    digest: str = xxhash.xxh3_128_hexdigest(whole.encode(errors="surrogateescape"))
    return digest


@cache
def loading_code() -> str:
    """Of what turns a file into cells whatever its source is: our own code, Python, and the libraries that parse."""
    libraries = [f"{name} {version(name)}" for name in ("numpy", "pandas")]
    return digest_of(platform.python_version(), *libraries, *_contents(_HOME.glob("*.py")))


@cache
def writing_code() -> str:
    """Of what turns cells into columns, and columns into a file."""
    files = [*_HOME.glob("saving/*.py"), *(_HOME / "builds").glob("*.py")]
    return digest_of(loading_code(), f"pyarrow {version('pyarrow')}", *_contents(files))


def source_code(kind: type[DataSource]) -> str:
    """Of a source: its file and the files of its own that this imports, without their comments, and its plain attributes."""
    if kind.__module__.startswith(f"{_PACKAGE}."):
        return digest_of(kind.__qualname__, built_in_code())
    return digest_of(kind.__qualname__, _attributes(kind), *_texts(kind))


def options_of(kind: type[DataSource]) -> str:
    """A digest of what else decides on a source's result. Raises what `options` raises, TypeError for what is no JSON."""
    return digest_of(json.dumps(kind().options(), sort_keys=True, default=str))


@cache
def built_in_code() -> str:
    """Of all sources that come with the package."""
    return digest_of(*_contents(_HOME.glob("sources/**/*.py")))


def _contents(files: Iterable[Path]) -> Iterator[str]:
    return (file.read_text(encoding="utf-8") for file in sorted(files))


def _attributes(kind: type) -> str:
    plain = {
        name: value for name, value in vars(kind).items() if isinstance(value, _PLAIN) and not name.startswith("__")
    }
    return repr(sorted(plain.items()))


def _texts(kind: type) -> list[str]:
    module = sys.modules.get(kind.__module__)
    files = _files_from(module) if module is not None else []
    return [_parsed(file, _version(file)).text for file in files] or [_text_without_file(kind)]


def _files_from(module: ModuleType) -> list[Path]:
    """The file of a module, and those of all the local modules that it imports."""
    waiting, found = [module], dict[Path, None]()
    while waiting:
        current = waiting.pop()
        file = _local_file(current)
        if file is None or file in found:
            continue
        found[file] = None
        names = (_resolved(name, current) for name in _parsed(file, _version(file)).imports)
        waiting += [sys.modules[name] for name in names if name in sys.modules]
    return sorted(found)


def _local_file(module: ModuleType) -> Path | None:
    """The file of a module that is neither ours nor installed."""
    where = getattr(module, "__file__", None)
    if not where or not where.endswith(".py") or module.__name__.partition(".")[0] == "sinagotd":
        return None
    file = Path(where).resolve()
    return None if any(file.is_relative_to(folder) for folder in _installed()) or not file.is_file() else file


@cache
def _installed() -> tuple[str, ...]:
    return tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def _version(file: Path) -> tuple[int, int, int]:
    stat = file.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


@lru_cache(maxsize=1024)
def _parsed(file: Path, _version: tuple[int, int, int]) -> Parsed:
    """What a file says, without comments, layout and docstrings; one version of it is parsed once."""
    tree = ast.parse(file.read_bytes())
    imports = tuple(dict.fromkeys(_imports(tree)))
    return Parsed(ast.dump(_bare(tree)), imports)


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield base
            yield from (
                f"{base.rstrip('.')}.{alias.name}" if node.module else f"{base}{alias.name}" for alias in node.names
            )


def _resolved(name: str, module: ModuleType) -> str:
    if not name.startswith("."):
        return name
    try:
        return importlib.util.resolve_name(name, module.__package__ or module.__name__)
    except ImportError:
        return name


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings: what is said about code changes no cell."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return tree


def _text_without_file(kind: type) -> str:
    """A class that was typed in: its source if the session remembers it, else the code of its methods."""
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        functions = [value for value in vars(kind).values() if inspect.isfunction(value)]
        return repr([_code_text(function.__code__) for function in functions])


def _code_text(code: Any) -> list[Any]:
    inner = [_code_text(const) if inspect.iscode(const) else repr(const) for const in code.co_consts]
    return [code.co_name, code.co_code.hex(), code.co_names, inner]
