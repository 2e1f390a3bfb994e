"""Loads the classes of a modality from `scripts/<modality>/models/`, under Sinagot's names. It keeps nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from sinagotd.errors import ScriptError
from sinagotd.scripts.sinagot_names import SinagotNames

FILES = {"Record": "record.py", "RecordCollection": "record_collection.py"}
PACKAGE = "sinagotd_models"
"""Model files are modules of this package, which exists in no folder: `sinagotd_models.behavior.record`."""


class Place(NamedTuple):
    """Where a class is written: a file below the scripts folder, of a modality, for a kind of class."""

    scripts_path: Path
    modality: str
    kind: str

    @property
    def path(self) -> Path:
        return self.scripts_path / self.modality / "models" / FILES[self.kind]


def read_class(place: Place, wanted: str, base: type) -> type | None:
    """The class of this name in the file, None if there is no such file.

    Raises ScriptError for a file that raises, or that holds no such class deriving from `base`.
    """
    try:
        source = place.path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as fault:
        raise ScriptError(f"{place.path}: cannot be read: {fault.strerror}") from fault
    found = vars(_executed(place, source)).get(wanted)
    if not isinstance(found, type) or not issubclass(found, base):
        hint = f"write `class {wanted}({place.kind}):` with `from sinagot.models import {place.kind}`"
        raise ScriptError(f"{place.path}: has no class {wanted} that derives from {place.kind}: {hint}")
    return found


def _executed(place: Place, source: bytes) -> ModuleType:
    module = ModuleType(f"{PACKAGE}.{place.modality}.{place.path.stem}")
    module.__file__ = str(place.path)
    try:
        with SinagotNames().installed(), _importable(place, module):
            exec(compile(source, place.path, "exec"), vars(module))  # noqa: S102 - as an import would
    except (Exception, SystemExit) as fault:
        raise ScriptError(f"{place.path}: cannot be loaded: {type(fault).__name__}: {fault}") from fault
    return module


@contextmanager
def _importable(place: Place, module: ModuleType) -> Iterator[None]:
    """Meanwhile the module can be found by its name, and modules beside it and in the scripts folder imported.

    Afterwards they are forgotten: another workspace may have some of the same names.
    """
    path, writes, before = sys.path[:], sys.dont_write_bytecode, set(sys.modules)
    sys.path += [str(place.path.parent), str(place.scripts_path)]
    sys.modules[module.__name__] = module
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "").is_relative_to(place.scripts_path):
                del sys.modules[name]
        sys.path[:], sys.dont_write_bytecode = path, writes
