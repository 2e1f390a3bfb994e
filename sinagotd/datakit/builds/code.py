"""Digests of the code that a cell comes from; it runs none of it."""

import ast
import importlib.util
import inspect
import json
import platform
import re
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import xxhash

from sinagotd.datakit.source import DataSource

CELLS = "2"
"""Counts what this package makes of a file, whatever its source is. Who changes that raises it, and every cell is loaded again."""
FILES = "2"
"""Counts what this package makes of cells. Who changes that raises it, and every dataset is written again from its cells."""

_SOURCES = "sinagotd.datakit.sources."
_HOME = Path(__file__).resolve().parent.parent
_OUR_IMPORT = re.compile(r"^from (sinagotd\.datakit\.sources\S*) import (.+)$", re.MULTILINE)
_PLAIN = (str, int, float, bool, tuple, type(None))


class Module(NamedTuple):
    """A module by name, the package that its relative imports begin at, and its file."""

    name: str
    package: str
    file: Path


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
    """Of what turns a file into cells whatever its source is: `CELLS`, Python, and the libraries that parse."""
    python = ".".join(platform.python_version_tuple()[:2])
    return digest_of(CELLS, python, *(f"{name} {version(name)}" for name in ("numpy", "pandas")))


@cache
def package_code() -> str:
    """Of the whole library: another edition may find other rows in the same tree, though it loads no cell again."""
    return digest_of(*(file.read_text(encoding="utf-8") for file in sorted(_HOME.rglob("*.py"))))


def source_code(kind: type[DataSource]) -> str:
    """Of a source: its file and those that this imports, without their comments, and its plain attributes.

    Files of installed packages do not count; of this one, those of sources.
    """
    texts = [_parsed(file, _version(file)).text for file in _files_of(kind.__module__)]
    is_ours = kind.__module__.startswith("sinagotd.")  # what is set in such a class is told by its options
    return digest_of(kind.__qualname__, "" if is_ours else _attributes(kind), *(texts or [_text_without_file(kind)]))


def options_of(kind: type[DataSource]) -> str:
    """A digest of what else decides on a source's result. Raises what `options` raises, TypeError for what is no JSON."""
    return digest_of(json.dumps(kind().options(), sort_keys=True, default=str))


def _attributes(kind: type) -> str:
    plain = {
        name: value for name, value in vars(kind).items() if isinstance(value, _PLAIN) and not name.startswith("__")
    }
    return repr(sorted(plain.items()))


def _files_of(name: str) -> list[Path]:
    """The file of a module, and those of all that it imports and that count."""
    waiting, found = [_module(name)], dict[Path, None]()
    while waiting:
        module = waiting.pop()
        if module is None or module.file in found:
            continue
        found[module.file] = None
        names = (_resolved(each, module) for each in _parsed(module.file, _version(module.file)).imports)
        waiting += [_module(each) for each in names if _counts(each)]
    return sorted(found)


def _counts(name: str) -> bool:
    """Whether a module that is imported by this name may be one of whose code a source is made."""
    top = name.partition(".")[0]
    return name.startswith(_SOURCES) if top == "sinagotd" else top not in sys.stdlib_module_names


def _module(name: str) -> Module | None:
    """A module with a file that is not installed, found without running it, be it imported by now or not."""
    held = sys.modules.get(name)
    where, package = (
        (getattr(held, "__file__", None), getattr(held, "__package__", None)) if held else _unimported(name)
    )
    if not where or not where.endswith(".py"):
        return None
    file = Path(where).resolve()
    is_installed = not file.is_relative_to(_HOME.parent) and any(file.is_relative_to(each) for each in _installed())
    return None if is_installed or not file.is_file() else Module(name, package or name, file)


def _unimported(name: str) -> tuple[str | None, str | None]:
    """The file and package of a module whose parent is imported already: looking for it runs nothing."""
    parent = name.rpartition(".")[0]
    if parent and not hasattr(sys.modules.get(parent), "__path__"):
        return None, None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None, None
    return (None, None) if spec is None else (spec.origin, spec.parent)


@cache
def _installed() -> tuple[str, ...]:
    return tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def _version(file: Path) -> tuple[int, int, int]:
    stat = file.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


@lru_cache(maxsize=1024)
def _parsed(file: Path, _version: tuple[int, int, int]) -> Parsed:
    """What a file says, without comments, layout and docstrings; one version of it is parsed once."""
    text = file.read_text(encoding="utf-8", errors="surrogateescape")
    if file.is_relative_to(_HOME):  # ours are many and long, and parsing takes a second: they are taken as they are
        return Parsed(text, tuple(_our_imports(text)))
    tree = ast.parse(text)
    return Parsed(ast.dump(_bare(tree)), tuple(dict.fromkeys(_imports(tree))))


def _our_imports(text: str) -> Iterator[str]:
    for module, names in _OUR_IMPORT.findall(text):
        yield from (module, *(f"{module}.{name}" for name in names.split(", ")))


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


def _resolved(name: str, module: Module) -> str:
    try:
        return importlib.util.resolve_name(name, module.package)
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
