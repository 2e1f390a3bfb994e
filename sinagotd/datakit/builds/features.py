"""Which columns the cells of a version make, and of what type: told from their shapes and one example of each, not from all cells."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sinagotd.datakit.builds.cells import Cell, Cells, Key
from sinagotd.datakit.builds.shapes import shape_of
from sinagotd.datakit.columns import column_of

Feature = tuple[str, str]
Shapes = dict[Feature, dict[str, Cell]]
Forms = dict[str, list[Any]]
Values = Mapping[str, Any]
Fetch = Callable[[Cell], Values]


class Examples(NamedTuple):
    """The columns in order, with a cell of each shape that occurs in them."""

    columns: dict[Feature, list[Any]]
    forms: Forms

    @property
    def rows(self) -> int:
        """How many rows hold all examples."""
        return max(map(len, self.columns.values()), default=0)


def shapes_of(cells: Cells, sources: Iterable[str]) -> Shapes:
    """The features in the order of the sources, then as they first appear, with the first cell of each shape."""
    first: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        if cell.shape:
            first.setdefault((cell.source, cell.shape), cell)
    found: Shapes = {}
    for wanted in sources:
        for (source, text), cell in first.items():
            for feature, shape in json.loads(text) if source == wanted else ():
                found.setdefault((source, feature), {}).setdefault(shape, cell)
    return found


def examples_of(shapes: Shapes, fetch: Fetch) -> Examples:
    """Fetch one cell of each shape, and see what becomes of it in its column."""
    columns = {}
    fetched: dict[tuple[Key, str], Values] = {}
    for (source, feature), by_shape in shapes.items():
        examples = []
        for cell in by_shape.values():
            place = (cell.row, source)
            fetched[place] = fetched.get(place) or fetch(cell)
            examples.append(fetched[place][feature])
        columns[source, feature] = examples
    forms = {json.dumps(name): _form(list(shapes[name]), examples) for name, examples in columns.items()}
    return Examples(columns, forms)


def is_retyped(old: Forms, new: Forms) -> bool:
    """Whether cells that stood in the old columns would look different in the new ones."""
    return any(_differs(old[name], new[name]) for name in old.keys() & new.keys())


def frame_of(rows: Sequence[Mapping[Feature, Any]], index: pd.MultiIndex, examples: Examples) -> pd.DataFrame:
    """Rows as a frame, of the types that they have beside all others, followed by the rows of the examples.

    `index` has entries for both.
    """
    columns = {}
    for at, (name, cells) in enumerate(examples.columns.items()):
        padding = [np.nan] * (examples.rows - len(cells))
        columns[at] = column_of([*(row.get(name, np.nan) for row in rows), *cells, *padding])
    frame = pd.DataFrame(columns, index=index)
    names = list(examples.columns)
    levels = [[source for source, _ in names], [feature for _, feature in names]]
    frame.columns = pd.MultiIndex.from_arrays(levels, names=("Source", "Feature"))
    return frame


def _form(shapes: list[str], examples: list[Any]) -> list[Any]:
    column = pd.Series(column_of(examples))
    return [str(column.dtype), {shape: shape_of(cell) for shape, cell in zip(shapes, column, strict=True)}]


def _differs(old: list[Any], new: list[Any]) -> bool:
    (old_type, old_shapes), (new_type, new_shapes) = old, new
    return old_type != new_type or any(
        old_shapes[shape] != new_shapes[shape] for shape in old_shapes.keys() & new_shapes.keys()
    )
