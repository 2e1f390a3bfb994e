"""Watches a lab's data folders, keeps every result up to date on a Dask cluster, and says why."""

from sinagotd.scripts.template import ScriptTemplate

__all__ = ["ScriptTemplate", "__version__"]
__version__ = "0.1.0"
