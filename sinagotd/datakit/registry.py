"""Which sources there are: built in, registered, from entry points, from a Python file or a TOML file; it loads no data."""

import importlib
import importlib.metadata
import importlib.util
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeVar, cast

import xxhash

from sinagotd.datakit.faults import SourceError, UnknownSourceError
from sinagotd.datakit.filters import names_of
from sinagotd.datakit.globs import Globs
from sinagotd.datakit.source import DataSource

GROUP = "sinagotd.sources"
Kind = TypeVar("Kind", bound=type[DataSource])


class Sources:
    """A set of sources by tag. Built-in ones and entry points are imported when first asked for.

    A test, or a program with several kinds of experiment, makes its own: `Sources(built_in=False)`. A plug-in that cannot
    be imported is no fault of the others: it stands in `faults` and raises only when it is asked for.
    """

    def __init__(self, *classes: type[DataSource], built_in: bool = True, entry_points: bool = True) -> None:
        self._classes: dict[str, type[DataSource]] = {}
        self._waiting: dict[str, Callable[[], type[DataSource]]] = {}
        self.faults: dict[str, str] = {}
        if built_in:
            self._waiting |= {tag: _importer(where) for tag, where in _built_in().items()}
        if entry_points:
            self._waiting |= {point.name: point.load for point in importlib.metadata.entry_points(group=GROUP)}
        for kind in classes:
            self.register(kind)

    def register(self, kind: Kind) -> Kind:
        """Add a source class; usable as a decorator. The same class defined anew takes the place of the old one.

        Raises SourceError for a class without a tag, and for a tag that another class has.
        """
        tag = _checked(kind).tag
        held = self._classes.get(tag)
        if tag in self._waiting or (held is not None and _name(held) != _name(kind)):
            raise SourceError(
                f"there is a source {tag!r} already ({_name(self.get_source_class(tag))}); give {_name(kind)} another tag"
            )
        self._classes[tag] = kind
        return kind

    def add_file(self, path: str | Path) -> tuple[str, ...]:
        """Register the sources of a `.py` file (it is run) or of a `.toml` file, and return their tags. Raises SourceError."""
        path = Path(path).expanduser().resolve()
        if not path.is_file():
            raise SourceError(f"{path} is not there: no sources can be read from it")
        classes = _classes_of_toml(path) if path.suffix == ".toml" else _classes_of_module(path)
        return tuple(self.register(kind).tag for kind in classes)

    def get_source_class(self, tag: str) -> type[DataSource]:
        """The class for a tag. Raises UnknownSourceError (a KeyError), or SourceError when its plug-in cannot be imported."""
        if tag not in self._classes and tag in self._waiting:
            self._import(tag)
        if tag in self._classes:
            return self._classes[tag]
        if tag in self.faults:
            raise SourceError(self.faults[tag])
        raise UnknownSourceError(f"there is no source {tag!r}; there are {', '.join(self.available_tags()) or 'none'}")

    def available_tags(self) -> tuple[str, ...]:
        """All tags, sorted, without those whose plug-in could not be imported."""
        return tuple(sorted({*self._classes, *self._waiting}))

    def require(self, tags: tuple[str, ...]) -> None:
        """Raises UnknownSourceError naming all tags that no source has, sorted."""
        there = self.available_tags()
        unknown = sorted(set(tags) - set(there) - set(self.faults))
        if unknown:
            near = get_close_matches(unknown[0], there, n=1)
            hint = f" (is it {near[0]!r}?)" if near else ""
            raise UnknownSourceError(f"no source is called {', '.join(unknown)}{hint}; there are {', '.join(there)}")

    def classes(self) -> Iterator[type[DataSource]]:
        """Every class that can be imported, by tag."""
        for tag in self.available_tags():
            if tag in self._classes or self._import(tag):
                yield self._classes[tag]

    def globs(self) -> Globs:
        """The patterns of all sources, ready to be asked for names."""
        return Globs((kind.tag, pattern) for kind in self.classes() for pattern in kind.patterns)

    def with_derived(self, tags: Iterable[str]) -> tuple[str, ...]:
        """The tags, and after them the sources whose values may be inside the files of these."""
        found = tuple(tags)
        return found + tuple(
            kind.tag for kind in self.classes() if kind.derived_from in found and kind.tag not in found
        )

    def requires(self, tag: str) -> tuple[str, ...]:
        return self.get_source_class(tag).requires

    def _import(self, tag: str) -> bool:
        try:
            kind = _checked(self._waiting.pop(tag)())
        except Exception as fault:  # noqa: BLE001  a plug-in may fail in any way; it concerns only its own tag
            self.faults[tag] = f"source {tag!r} cannot be imported: {type(fault).__name__}: {fault}"
            return False
        self._classes[tag] = kind
        return True


@cache
def default_sources() -> Sources:
    """The sources that are used where none are given; one set per process."""
    return Sources()


def _checked(kind: Any) -> type[DataSource]:
    """The class itself, with plain strings in `patterns`, `requires` and `optional` made into tuples of one."""
    if not (isinstance(kind, type) and issubclass(kind, DataSource)):
        raise SourceError(f"{kind!r} is no source: derive a class from DataSource")
    if not isinstance(kind.tag, str) or not kind.tag:
        raise SourceError(f'{_name(kind)} has no tag: give it one, as in `tag = "licks"`')
    for attribute in ("patterns", "requires", "optional"):
        try:
            setattr(kind, attribute, names_of(attribute, getattr(kind, attribute)))
        except TypeError as fault:
            raise SourceError(f"{_name(kind)}: {fault}") from fault
    return kind


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _built_in() -> dict[str, str]:
    return dict(importlib.import_module("sinagotd.datakit.sources").BUILT_IN)


def _importer(where: str) -> Callable[[], type[DataSource]]:
    module, _, name = where.partition(":")
    return lambda: getattr(importlib.import_module(module), name)


def _classes_of_module(path: Path) -> list[type[DataSource]]:
    module = _run(path)
    own = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, DataSource)]
    return [kind for kind in own if kind.__module__ == module.__name__ and kind.tag]


class _AsItIsNow(SourceFileLoader):
    """Python would take the compiled file of an edit within the same second and of the same size."""

    def get_code(self, _: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _run(path: Path) -> ModuleType:
    import cloudpickle  # type: ignore[import-untyped]  # noqa: PLC0415  only who adds a file needs it

    name = (
        f"sinagotd_sources_{path.stem}_{xxhash.xxh32_hexdigest(bytes(path))}"  # two folders may have one of this name
    )
    if path.suffix != ".py":
        raise SourceError(f"{path} is no Python file: name it .py, or .toml for declared sources")
    loader = _AsItIsNow(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    module = sys.modules[name] = importlib.util.module_from_spec(cast("ModuleSpec", spec))
    try:
        loader.exec_module(module)
    except Exception as fault:
        del sys.modules[name]
        raise SourceError(f"{path} cannot be run: {type(fault).__name__}: {fault}") from fault
    cloudpickle.register_pickle_by_value(module)  # workers have no such module
    return module


def _classes_of_toml(path: Path) -> list[type[DataSource]]:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise SourceError(f"{path} is no TOML: {fault}") from fault
    declared = importlib.import_module("sinagotd.datakit.sources.declared")
    files = [path.parent / name for name in names_of("python", table.pop("python", ()))]
    return [*declared.declared_sources(table), *(kind for file in files for kind in _classes_of_module(file))]
