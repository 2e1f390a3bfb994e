"""Lets `from sinagot import ScriptTemplate` mean ours while scripts are loaded and run; installs no package of that name."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import sinagotd
from sinagotd.scripts import template

TOP = "sinagot"

Names = Callable[[], Mapping[str, Any]]
"""Makes what a module of Sinagot offers; called when the names are installed."""

MODULES: Mapping[str, Names] = {
    TOP: lambda: {"ScriptTemplate": template.ScriptTemplate, "__version__": sinagotd.__version__},
    f"{TOP}.script": lambda: {"ScriptTemplate": template.ScriptTemplate, "IOPath": template.IOPath},
}
"""The module names of specs §1 that resolve to ours."""


class SinagotNames:
    """Makes the names of a table resolve to ours in `sys.modules`, one user at a time."""

    def __init__(self, modules: Mapping[str, Names] = MODULES) -> None:
        self._modules = modules
        self._lock = threading.RLock()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Within the block the names are ours; afterwards what was there stands again."""
        with self._lock:
            before = _taken_out()
            self.install()
            try:
                yield
            finally:
                _taken_out()
                sys.modules.update(before)

    def install(self) -> None:
        """Install the names for good: for a process that does nothing but run scripts."""
        made = {name: _module(name, names()) for name, names in self._modules.items()}
        for name, module in made.items():
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(made[parent], child, module)
        sys.modules.update(made)


def _module(name: str, names: Mapping[str, Any]) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = []
    vars(module).update(names)
    return module


def _taken_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == TOP or name.startswith(f"{TOP}.")]
    return {name: sys.modules.pop(name) for name in names}
