"""Lets `from sinagot import ScriptTemplate` mean ours while scripts are loaded and run; installs no package of that name."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, ClassVar

TOP = "sinagot"

Homes = Mapping[str, str]
"""Where the names that a module offers live: `module:name`."""

_MODEL = "sinagotd.workspace.model"
_RECORD = "sinagotd.workspace.record"
_COLLECTION = "sinagotd.workspace.record_collection"
_STEP = "sinagotd.workspace.step"
_STEPS = "sinagotd.workspace.step_collection"
_FAULTS = "sinagotd.workspace.faults"
_WORDS = "sinagotd.compat.words"
_MANAGERS = "sinagotd.compat.managers"
_PLUGINS = "sinagotd.workspace.plugins"

# Homes are texts: they are imported when a script asks for the name, which hardly any does, and lie above this folder.
MODULES: Mapping[str, Homes] = {
    TOP: {
        "Workspace": "sinagotd.workspace.workspace:Workspace",
        "ScriptTemplate": "sinagotd.scripts.template:ScriptTemplate",
        "__version__": "sinagotd:__version__",
    },
    f"{TOP}.script": {
        "ScriptTemplate": "sinagotd.scripts.template:ScriptTemplate",
        "IOPath": "sinagotd.scripts.template:IOPath",
    },
    f"{TOP}.models": {
        "Model": f"{_MODEL}:Model",
        "ModelWithStepCollection": f"{_MODEL}:ModelWithStepCollection",
        "Scope": f"{_MODEL}:Scope",
        "Workspace": "sinagotd.workspace.workspace:Workspace",
        "ConfigurationError": "sinagotd.errors:ConfigError",
        "Subset": f"{_COLLECTION}:RecordCollection",
        "RecordCollection": f"{_COLLECTION}:RecordCollection",
        "RecordCollectionUnit": f"{_COLLECTION}:RecordCollectionUnit",
        "Record": f"{_RECORD}:Record",
        "RecordUnit": f"{_RECORD}:RecordUnit",
        "Step": f"{_STEP}:Step",
        "ScopedStep": f"{_STEP}:ScopedStep",
        "StepCollection": f"{_STEPS}:StepCollection",
        "StepCollectionUnit": f"{_STEPS}:StepCollectionUnit",
    },
    f"{TOP}.models.exceptions": {
        name: f"{_FAULTS}:{name}" for name in ("NotUnitError", "NoModalityError", "NotFoundError")
    },
    f"{TOP}.config": {"ConfigurationError": "sinagotd.errors:ConfigError"},
    f"{TOP}.utils": {
        name: f"{_WORDS}:{name}"
        for name in ("StepStatus", "LOG_ORIGIN", "LOG_STEP_LABEL", "LOG_RECORD_ID", "LOG_STEP_STATUS", "LOG_VERSION")
    },
    f"{TOP}.run_manager": {"RunManager": f"{_MANAGERS}:RunManager"},
    f"{TOP}.plugins": {},
    f"{TOP}.plugins.dask": {
        name: f"{_MANAGERS}:{name}"
        for name in ("DaskRunManager", "DaskGraph", "DaskLocalScheduler", "DaskDistributedScheduler")
    },
    f"{TOP}.plugins.models": {},
    f"{TOP}.plugins.models.pandas": {
        name: f"{_PLUGINS}.pandas_records:{name}"
        for name in ("PandasPath", "PandasRecord", "PandasRecordCollection", "MODELS")
    },
    f"{TOP}.plugins.models.processed": {
        name: f"{_PLUGINS}.processed:{name}" for name in ("ProcessedRecord", "ProcessedRecordCollection", "MODELS")
    },
}
"""The module names of the specs of sinagot 0.2.5 §1, which all resolve to ours."""


class SinagotNames:
    """Makes the names of a table resolve to ours in `sys.modules`, for one thread of this process at a time."""

    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, modules: Mapping[str, Homes] = MODULES) -> None:
        self._modules = modules

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Within the block the names are ours; afterwards what was there stands again."""
        with self._lock:
            before = self.install()
            try:
                yield
            finally:
                put_back(before)

    def install(self) -> dict[str, ModuleType]:
        """Install the names for good; returns what stood there. Enough for a process that does nothing but run scripts."""
        before = _taken_out()
        made = {name: _Ours(name, homes) for name, homes in self._modules.items()}
        for name, module in made.items():
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(made[parent], child, module)
        sys.modules.update(made)
        return before


def put_back(before: Mapping[str, ModuleType]) -> None:
    """Take the names out, and let stand again what stood there."""
    _taken_out()
    sys.modules.update(before)


class _Ours(ModuleType):
    """A module whose names are fetched from their homes when they are first asked for."""

    def __init__(self, name: str, homes: Homes) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None, is_package=True)
        self.__path__: list[str] = []
        self.__all__ = [offered for offered in homes if not offered.startswith("_")]
        self._homes = homes

    def __getattr__(self, name: str) -> Any:
        home = self.__dict__.get("_homes", {}).get(name)
        if home is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        module, _, attribute = home.partition(":")
        value = getattr(import_module(module), attribute)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._homes})


def _taken_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == TOP or name.startswith(f"{TOP}.")]
    return {name: sys.modules.pop(name) for name in names}
