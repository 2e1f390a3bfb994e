"""Loads the class `Script` from the very bytes that were digested, and keeps it while they stay the same."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from sinagotd.errors import ScriptError
from sinagotd.scripts.code import Sources, read_sources
from sinagotd.scripts.declared import SCRIPT_CLASS
from sinagotd.scripts.surroundings import Surroundings

PACKAGE = "sinagotd_scripts"
"""Scripts are modules of this package, which exists in no folder: `sinagotd_scripts.EEG.alpha`."""


class CodeChangedError(ScriptError):
    """The script is not the one that was claimed."""


class Loader:
    """The classes that were loaded, one per script. Not for several threads at once."""

    def __init__(self) -> None:
        self._loaded: dict[Path, _Loaded] = {}

    @contextmanager
    def loaded(self, scripts_path: Path, script: str, code: str | None = None) -> Iterator[Any]:
        """Within the block the script's class and its local modules can be used, late imports included.

        Raises CodeChangedError when the script's meaning differs from the hex digest `code`, ScriptError when it
        has no class `Script`, and whatever the script itself raises while it is imported.
        """
        loaded = self._current(scripts_path, script, code)
        with loaded.in_use():
            yield loaded.script_class()

    def _current(self, scripts_path: Path, script: str, code: str | None) -> "_Loaded":
        path = scripts_path / script
        loaded = self._loaded.get(path)
        if loaded is None or not loaded.sources.unchanged():
            loaded = self._loaded[path] = _Loaded(_read(scripts_path, script, code))
        if code is not None and loaded.sources.digest.hex() != code:
            raise CodeChangedError("the script changed between claim and run")
        return loaded


def _read(scripts_path: Path, script: str, code: str | None) -> Sources:
    try:
        return read_sources(scripts_path, script)
    except ScriptError as fault:
        if code is None:
            raise
        raise CodeChangedError(f"the script changed between claim and run: {fault}") from fault


class _Loaded:
    """One script: its bytes, and the modules made of them while they are not in `sys.modules`."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._finder = _SourceFinder(sources)
        self._modules: dict[str, ModuleType] = {}
        self._class: Any = None
        self._surroundings: Surroundings | None = None

    def script_class(self) -> Any:
        if self._class is None:
            self._class = _class_in(self._import_script(), self.sources.script)
            self._surroundings = Surroundings.taken()
        return self._class

    def _import_script(self) -> ModuleType:
        relative = self.sources.script.relative_to(self.sources.scripts_path).with_suffix("")
        name = ".".join([PACKAGE, *(part.replace(".", "_") for part in relative.parts)])
        spec = self._finder.spec_of(name, self.sources.script)
        module = sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(module)  # type: ignore[union-attr] # spec_of gives it one
        return module

    @contextmanager
    def in_use(self) -> Iterator[None]:
        displaced = {name: sys.modules[name] for name in self._modules if name in sys.modules}
        before = set(sys.modules) - self._modules.keys()
        outside = Surroundings.taken()
        self._enter(outside)
        try:
            yield
        finally:
            outside.restore()
            sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self._finder]
            self._take_out_modules(before)
            sys.modules.update(displaced)

    def _enter(self, outside: Surroundings) -> None:
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self._finder)
        sys.path.extend(str(folder) for folder in self.sources.search)
        sys.dont_write_bytecode = True
        if self._surroundings is not None:
            self._surroundings.restore(outside)

    def _take_out_modules(self, before: set[str]) -> None:
        """Keep what was made of digested bytes; forget what came from the scripts folder in other ways."""
        self._modules = {}
        for name in sys.modules.keys() - before:
            module = sys.modules[name]
            if self._finder.made(module):
                self._modules[name] = sys.modules.pop(name)
            elif self._is_local(module):
                del sys.modules[name]

    def _is_local(self, module: ModuleType) -> bool:
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
        return any(Path(place).is_relative_to(self.sources.scripts_path) for place in places if isinstance(place, str))


def _class_in(module: ModuleType, script: Path) -> Any:
    found = getattr(module, SCRIPT_CLASS, None)
    if not isinstance(found, type):
        raise ScriptError(f"{script}: has no class {SCRIPT_CLASS}: write `class {SCRIPT_CLASS}(ScriptTemplate):`")
    if not callable(getattr(found, "run", None)):
        raise ScriptError(f"{script}: its class {SCRIPT_CLASS} has no method run: write `def run(self):`")
    return found


class _SourceFinder:
    """Finds the modules among the digested files, before Python looks at the disk."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        del target
        if name == PACKAGE:
            return self._in_folder(name, self._sources.scripts_path)
        if path is None and name in sys.stdlib_module_names:
            return None
        tail = name.rpartition(".")[2]
        folders = [Path(folder) for folder in (self._sources.search if path is None else path)]
        specs = (
            self._in_folder(name, folder / tail) or self._module(name, folder / f"{tail}.py") for folder in folders
        )
        return next((spec for spec in specs if spec is not None), None)

    def made(self, module: ModuleType) -> bool:
        spec = getattr(module, "__spec__", None)
        return isinstance(getattr(spec, "loader", None), _BytesLoader) or getattr(spec, "loader_state", None) is self

    def spec_of(self, name: str, file: Path) -> ModuleSpec:
        loader = _BytesLoader(name, file, self._sources.contents[file])
        package = [str(file.parent)] if file.name == "__init__.py" else None
        spec = spec_from_file_location(name, file, loader=loader, submodule_search_locations=package)
        assert spec is not None
        return spec

    def _module(self, name: str, file: Path) -> ModuleSpec | None:
        if file not in self._sources.contents:
            return None
        if file == self._sources.script and self._is_installed(name):
            return None  # a script called mne.py that imports mne means the library
        return self.spec_of(name, file)

    def _in_folder(self, name: str, folder: Path) -> ModuleSpec | None:
        if folder / "__init__.py" in self._sources.contents:
            return self.spec_of(name, folder / "__init__.py")
        if not any(file.is_relative_to(folder) for file in self._sources.contents) or self._is_installed(name):
            return None
        spec = ModuleSpec(name, None, is_package=True, loader_state=self)
        spec.submodule_search_locations = [str(folder)]
        return spec

    def _is_installed(self, name: str) -> bool:
        found = None if "." in name else PathFinder.find_spec(name)
        if found is None or found.origin is None:
            return False
        return not Path(found.origin).is_relative_to(self._sources.scripts_path)


class _BytesLoader(SourceFileLoader):
    """Compiles bytes that were read before; neither reads nor writes a byte-code cache."""

    def __init__(self, name: str, path: Path, content: bytes) -> None:
        super().__init__(name, str(path))
        self._content = content

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        code: CodeType = self.source_to_code(self._content, self.path)
        return code
