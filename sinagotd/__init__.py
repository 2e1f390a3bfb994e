"""Watches a lab's data folders, keeps every result up to date on a Dask cluster, and says why."""

import typing
from importlib import import_module

if typing.TYPE_CHECKING:
    from sinagotd.scripts.template import ScriptTemplate

__all__ = ["ScriptTemplate", "Workspace", "__version__"]
__version__ = "0.1.0"

_HOMES = {"ScriptTemplate": "sinagotd.scripts.template", "Workspace": "sinagotd.workspace.workspace"}


def __getattr__(name: str) -> object:
    """Import a class when it is first asked for: scripts start without the library, commands without either."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
