"""Watches a lab's data folders, keeps every result up to date on a Dask cluster, and says why."""

from importlib import import_module

from sinagotd.scripts.template import ScriptTemplate

__all__ = ["ScriptTemplate", "Workspace", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import `Workspace` when it is first asked for: scripts and workers start without it."""
    if name == "Workspace":
        workspace: object = import_module("sinagotd.workspace.workspace").Workspace
        return workspace
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
