"""The rows of a dataset: their own files, the files they see, and smaller sets of them; it finds and loads nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.filters import Mask
from sinagotd.datakit.identity import ENTITIES
from sinagotd.datakit.inventory import Levels, joined, with_inherited
from sinagotd.datakit.plan import Row
from sinagotd.datakit.settings import DatasetSettings


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Paths by row and tag; `seen` has the same shape and also holds what rows inherit from the rows they are part of."""

    inventory: pd.DataFrame
    seen: pd.DataFrame
    levels: Levels
    settings: DatasetSettings

    @property
    def index(self) -> pd.MultiIndex:
        return self.inventory.index  # type: ignore[return-value]  # checked by `rows_of`

    @property
    def names(self) -> list[str]:
        return self.levels.names(self.settings)

    @property
    def axes(self) -> dict[str, str]:
        """The levels by the words of a filter: `subject`, `session` and `task` whatever they are called, and their names."""
        words = ("subject", "session", *(("task",) if self.levels.task else ()))
        return dict(zip(words, self.names, strict=False)) | {name.lower(): name for name in self.names}

    @property
    def has_task_level(self) -> bool:
        return self.levels.task

    def values(self, level: int) -> list[Any]:
        return sorted(self.index.unique(level=level))

    def take(self, mask: Mask) -> "Rows":
        return replace(self, inventory=self.inventory[mask], seen=self.seen[mask])

    def without_cells(self, mask: Mask, tags: Iterable[str]) -> "Rows":
        """The same rows; in those of the mask, the files of these tags are not there, and not seen either."""
        columns = self.inventory.columns.isin(list(tags))
        cells = mask[:, np.newaxis] & columns
        return replace(self, inventory=self.inventory.mask(cells), seen=self.seen.mask(cells))

    def each(self) -> list[Row]:
        """The rows with their files, for a plan."""
        if self.seen is self.inventory:
            return [Row(key, files, files) for key, files in zip(self.index, _files(self.inventory), strict=True)]
        return list(map(Row, self.index, _files(self.inventory), _files(self.seen)))


def rows_of(inventory: Any, settings: DatasetSettings) -> Rows:
    """Rows from a user's frame, which stays as it is.

    The first levels get the settings' names, levels called as BIDS entities keep theirs. Raises TypeError for what is no
    frame, ValueError for an index that is none of recordings.
    """
    if not isinstance(inventory, pd.DataFrame):
        raise TypeError(
            f"an inventory is a DataFrame of paths, not {type(inventory).__name__}; of a folder it is Dataset.from_directory"
        )
    if not isinstance(inventory.index, pd.MultiIndex):
        raise ValueError(  # noqa: TRY004  as users know it: the frame is of the right type
            "an inventory's index has the levels Subject, Session and, if there are tasks, Task: make it a MultiIndex"
        )
    levels = _levels_of(list(inventory.index.names))
    return found_rows(inventory.set_axis(inventory.index.set_names(levels.names(settings))), levels, settings)


def found_rows(inventory: pd.DataFrame, levels: Levels, settings: DatasetSettings) -> Rows:
    """Rows whose index has the right names, with what they inherit."""
    unset = levels.unset(settings)
    if settings.session_files == "joined":
        inventory = joined(inventory, unset)
        return Rows(inventory, inventory, levels, settings)
    return Rows(inventory, with_inherited(inventory, unset), levels, settings)


def _levels_of(names: list[Any]) -> Levels:
    further = names[2:]
    entities = {name.capitalize(): name for name in ENTITIES}
    task = bool(further) and further[0] not in entities
    wrong = [name for name in further[task:] if name not in entities]
    if len(names) < 2 or wrong:
        raise ValueError(
            f"an inventory's index has 2 or 3 levels (subject, session, task), and more only for BIDS entities as 'Run'; "
            f"this one has {len(names)}: {', '.join(map(str, names))}"
        )
    return Levels(task, tuple(entities[name] for name in further[task:]))


def _files(inventory: pd.DataFrame) -> list[dict[str, str]]:
    tags = list(inventory.columns)
    present = inventory.notna().to_numpy()
    values = inventory.to_numpy(dtype=object)
    return [
        {tags[at]: str(row[at]) for at in np.flatnonzero(there)} for row, there in zip(values, present, strict=True)
    ]
