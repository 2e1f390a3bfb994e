"""The functions beside `Dataset`: load a tree, one file, or a saved dataset in one call."""

import errno
from pathlib import Path
from typing import Any

import pandas as pd

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.dataset import Dataset
from sinagotd.datakit.filters import names_of
from sinagotd.datakit.registry import Sources, default_sources
from sinagotd.datakit.reports.coverage import coverage
from sinagotd.datakit.state import Names, Roots
from sinagotd.datakit.streams import LoadedStream


def load(
    root: Roots,
    *,
    sources: Names = None,
    prefer_processed: bool = True,
    include_task_level: bool | None = True,
    progress: bool = True,
    registry: Sources | None = None,
    **options: Any,
) -> pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]:
    """Find and materialize in one call; options as in `Dataset.materialize`: strict, return_errors, workers."""
    dataset = Dataset.from_directory(
        root,
        sources=sources,
        prefer_processed=prefer_processed,
        include_task_level=include_task_level,
        registry=registry,
    )
    made: pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame] = dataset.materialize(progress=progress, **options)
    return made


def load_path(tag: str, path: str | Path, *, registry: Sources | None = None) -> LoadedStream:
    """Load one file as one source, without a row around it. Raises UnknownSourceError (a KeyError), or what the source raises."""
    kind = (registry or default_sources()).get_source_class(tag)
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no file of this name", str(path))
    return kind().load(path, context=LoadContext("unknown", "unknown", None, {tag: str(path)}))


def load_dataset(path: str | Path, *, hdf_key: str = "dataset", trust: bool = False) -> pd.DataFrame:
    """Read a saved dataset, whatever its format: equal to what was saved.

    Nothing in the file is run unless `trust` says so. Raises FileNotFoundError, ValueError for a suffix that is not known,
    TypeError when it holds no frame, KeyError when it holds none of that name.
    """
    from sinagotd.datakit.saving.reading import load_saved  # noqa: PLC0415  pyarrow and h5py only when something is read

    return load_saved(path, hdf_key=hdf_key, trust=trust)


def inspect_sources(target: Dataset | pd.DataFrame, sources: Names = None) -> pd.DataFrame:
    """Rows that have a file, by source: present, total, missing, coverage (0 to 1).

    Of a Dataset its own sources are told, of an inventory all registered ones; tags without a column are present nowhere.
    Raises TypeError for other targets.
    """
    if isinstance(target, Dataset):
        inventory, tags = target.inventory, target.sources
    elif isinstance(target, pd.DataFrame):
        known = set(default_sources().available_tags())
        inventory, tags = target, tuple(tag for tag in target.columns if tag in known)
    else:
        raise TypeError(f"inspect_sources() wants a Dataset or an inventory, not {type(target).__name__}")
    chosen = tags if sources is None else names_of("sources=", sources)
    return coverage(inventory, chosen)
