"""From a tree of files to one table: discovery, sources, materialized datasets. A library of its own; no daemon is needed.

Importing it is cheap: each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sinagotd.datakit.context import LoadContext as LoadContext
    from sinagotd.datakit.dataset import Dataset as Dataset
    from sinagotd.datakit.exploring import explore as explore
    from sinagotd.datakit.memory_report import MaterializedMemoryReport as MaterializedMemoryReport
    from sinagotd.datakit.opening import inspect_sources as inspect_sources
    from sinagotd.datakit.opening import load as load
    from sinagotd.datakit.opening import load_dataset as load_dataset
    from sinagotd.datakit.opening import load_path as load_path
    from sinagotd.datakit.profile import profile_materialized as profile_materialized
    from sinagotd.datakit.provenance import build_meta as build_meta
    from sinagotd.datakit.provenance import get_version as get_version
    from sinagotd.datakit.records import cell_records as cell_records
    from sinagotd.datakit.registry import Sources as Sources
    from sinagotd.datakit.registry import default_sources as default_sources
    from sinagotd.datakit.settings import DatasetSettings as DatasetSettings
    from sinagotd.datakit.shell import open_shell as open_shell
    from sinagotd.datakit.source import DataSource as DataSource
    from sinagotd.datakit.source import IntervalSeriesSource as IntervalSeriesSource
    from sinagotd.datakit.source import TableSource as TableSource
    from sinagotd.datakit.source import TimeseriesSource as TimeseriesSource
    from sinagotd.datakit.source import document as document
    from sinagotd.datakit.streams import LoadedStream as LoadedStream
    from sinagotd.datakit.streams import StreamPayload as StreamPayload

_HOMES = {
    "context": ("LoadContext",),
    "dataset": ("Dataset",),
    "exploring": ("explore",),
    "opening": ("inspect_sources", "load", "load_dataset", "load_path"),
    "profile": ("MaterializedMemoryReport", "profile_materialized"),
    "provenance": ("build_meta", "get_version"),
    "records": ("cell_records",),
    "registry": ("Sources", "default_sources"),
    "settings": ("DatasetSettings",),
    "shell": ("open_shell",),
    "source": ("DataSource", "IntervalSeriesSource", "TableSource", "TimeseriesSource", "document"),
    "streams": ("LoadedStream", "StreamPayload"),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605  written once, in the table above


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return __getattr__("get_version")()
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
