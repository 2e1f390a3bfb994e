"""Pictures of a dataset through matplotlib: how much is there, and the stream in a cell. Keeps no figure open."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sinagotd.datakit.saving.faults import FormatError
from sinagotd.errors import DatasetError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TIMES = ("t", "time_elapsed_s", "start_s")
CELL_INCHES = 0.35
LEAST_INCHES = 3.0


def heat_map(matrix: Mapping[str, Mapping[str, float]], title: str, path: str | Path | None = None) -> "Figure":
    """Sources by subjects, shaded by per cent. Raises DatasetError without matplotlib, ValueError for an unknown suffix, OSError."""
    subjects = sorted({subject for shares in matrix.values() for subject in shares})
    shares = np.array(
        [[by_subject.get(subject, 0) for subject in subjects] for by_subject in matrix.values()], dtype=float
    )
    figure = _figure(len(subjects), len(matrix))
    axes = figure.subplots()
    picture = axes.imshow(shares.reshape(len(matrix), len(subjects)), vmin=0, vmax=100, cmap="viridis", aspect="auto")
    axes.set_xticks(range(len(subjects)), subjects, rotation=90)
    axes.set_yticks(range(len(matrix)), list(matrix))
    axes.set(xlabel="subject", title=title)
    figure.colorbar(picture, label="%")
    return _written(figure, path)


def plot_cell(frame: pd.DataFrame, row: Any, source: str, feature: str, path: str | Path | None = None) -> "Figure":
    """The stream in one cell: values over time, or an image for two dimensions. `row` is a key of the index.

    Raises KeyError for a cell that is not there, ValueError for one that is no array, DatasetError without matplotlib.
    """
    cells = frame.loc[[row], source].iloc[0]
    values = _numbers(cells[feature], f"{source}.{feature} of {row}")
    figure = _figure(0, 0)
    axes = figure.subplots()
    if values.ndim == 1:
        times = _times(cells, len(values))
        axes.plot(np.arange(len(values)) if times is None else times, values, linewidth=0.8)
        axes.set(xlabel="sample" if times is None else "s", ylabel=feature)
    else:
        axes.imshow(values.reshape(-1, values.shape[-1]), aspect="auto", cmap="viridis")
        axes.set(ylabel=feature)
    axes.set_title(f"{source}.{feature} of {row}")
    return _written(figure, path)


def _numbers(cell: Any, name: str) -> Any:
    values = np.asarray(cell)
    if values.ndim == 0 or values.dtype.kind not in "biuf":
        raise FormatError(f"{name} is no array of numbers and cannot be drawn")
    return values


def _times(cells: Any, length: int) -> Any:
    """The time axis of the same source, in seconds, if it has one of that length."""
    known = (cells[name] for name in TIMES if name in cells.index)
    return next((cell for cell in known if isinstance(cell, np.ndarray) and cell.shape == (length,)), None)


def _figure(columns: int, rows: int) -> "Figure":
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  an extra that few need
    except ImportError:
        raise DatasetError("pictures need matplotlib: install it, as with pip install 'sinagotd[plot]'") from None
    size = (LEAST_INCHES + CELL_INCHES * max(columns, 9), LEAST_INCHES + CELL_INCHES * rows)
    return Figure(figsize=size, layout="constrained")


def _written(figure: "Figure", path: str | Path | None) -> "Figure":
    if path is not None:
        place = Path(path).expanduser()
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(place)
        except ValueError:
            raise FormatError(f"{place}: pictures are written as .svg, .png or .pdf") from None
    return figure
