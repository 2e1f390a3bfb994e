"""The files that a step makes of a record: where they are, and what is in them by their suffix."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sinagotd.core.pipeline import Bound
from sinagotd.errors import WorkspaceError
from sinagotd.settings.faults import did_you_mean
from sinagotd.workspace.faults import MissingFileError
from sinagotd.workspace.opened import Opened


def bound_step(opened: Opened, record: str, step: str) -> Bound:
    """A step, named as in a step key, with the paths of this record. Raises WorkspaceError for one that is not there."""
    bounds = {bound.key.step: bound for bound in opened.pipeline.bind(record)}
    if step not in bounds:
        near = did_you_mean(step, bounds) or f": the steps are {', '.join(bounds) or 'none'}"
        raise WorkspaceError(f"{opened.settings.config_path}: there is no step {step!r}{near}")
    if bounds[step].spec.fault is not None and not bounds[step].outputs:
        raise WorkspaceError(f"the step {step} cannot be used: {bounds[step].spec.fault}")
    return bounds[step]


def output_paths(opened: Opened, record: str, step: str) -> dict[str, Path]:
    """Where this step writes, by the labels of its script; the label of an only path is ""."""
    bound = bound_step(opened, record, step)
    labels = (label for label, _ in bound.spec.outputs)
    return {label: opened.settings.data_path / path for label, path in zip(labels, bound.outputs, strict=True)}


def output_path(opened: Opened, record: str, step: str, label: str | None) -> Path:
    """One of them. Raises WorkspaceError for a label that is missing or wrong."""
    paths = output_paths(opened, record, step)
    if label is None and len(paths) == 1:
        return next(iter(paths.values()))
    if label not in paths:
        raise WorkspaceError(f"the step {step} has no output {label!r}: its labels are {', '.join(paths)}")
    return paths[label]


def read_output(path: Path) -> Any:
    """The content by the suffix: a frame of CSV, TSV and Parquet, a value of JSON, an array of NPY, text; else the path.

    Raises MissingFileError, WorkspaceError for content that does not fit the suffix.
    """
    if not path.exists():
        raise MissingFileError(f"there is no {path}: its step made nothing of this record yet")
    reader = READERS.get(path.suffix.lower())
    if reader is None or path.is_dir():
        return path
    try:
        return reader(path)
    except (ValueError, OSError) as fault:
        raise WorkspaceError(f"{path}: cannot be read as {path.suffix}: {fault}") from fault


def _csv(path: Path, separator: str = ",") -> Any:
    import pandas as pd  # noqa: PLC0415 - half a second that only whoever wants a frame pays

    try:
        return pd.read_csv(path, sep=separator)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def _tsv(path: Path) -> Any:
    return _csv(path, "\t")


def _parquet(path: Path) -> Any:
    import pandas as pd  # noqa: PLC0415 - as above

    return pd.read_parquet(path)


def _npy(path: Path) -> Any:
    import numpy as np  # noqa: PLC0415 - as above

    return np.load(path, allow_pickle=False)


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


READERS: Mapping[str, Callable[[Path], Any]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".json": _json,
    ".parquet": _parquet,
    ".npy": _npy,
    ".txt": _text,
    ".md": _text,
}
