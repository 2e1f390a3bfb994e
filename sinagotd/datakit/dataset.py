"""The rows of an experiment and the sources to load for them: found in a tree, narrowed by filters, materialized or saved."""

import operator
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self, overload

import numpy as np
import pandas as pd

from sinagotd.datakit import building
from sinagotd.datakit.discovery import Problem
from sinagotd.datakit.faults import RowNotFoundError, SeveralRowsError
from sinagotd.datakit.filters import matching, names_of, wanted, wanted_rows
from sinagotd.datakit.finding import find
from sinagotd.datakit.parallel import Workers
from sinagotd.datakit.registry import Sources, default_sources
from sinagotd.datakit.rows import Rows, rows_of
from sinagotd.datakit.settings import DatasetSettings
from sinagotd.datakit.state import Names, Roots, State, paths_of


class Dataset:
    """Recordings (rows) and sources. Filters return new, smaller datasets; nothing is loaded before it is asked for."""

    def __init__(
        self,
        inventory: pd.DataFrame,
        *,
        sources: Names = None,
        roots: Roots = (),
        registry: Sources | None = None,
        settings: DatasetSettings | None = None,
    ) -> None:
        """`inventory`: one row per recording, index Subject, Session[, Task][, Run, …], one column of paths per tag.

        Without `sources`, all registered tags among the columns are loaded. Raises TypeError for what is no frame,
        ValueError for another index, UnknownSourceError (a KeyError) for tags that no source has.
        """
        registry = registry or default_sources()
        rows = rows_of(inventory, settings or DatasetSettings())
        known = set(registry.available_tags())
        chosen = [tag for tag in rows.inventory.columns if tag in known] if sources is None else sources
        tags = names_of("sources=", chosen)
        registry.require(tags)
        self._state = State(rows, tags, paths_of(roots), registry)

    @classmethod
    def from_directory(
        cls,
        root: Roots,
        *,
        sources: Names = None,
        prefer_processed: bool = True,
        include_task_level: bool | None = True,
        registry: Sources | None = None,
        settings: DatasetSettings | None = None,
    ) -> Self:
        """Find the recordings below one or several roots, each in one walk.

        Raises TreeError (a ValueError) when a root is not there or nothing is found, UnknownSourceError (a KeyError).
        """
        registry = registry or default_sources()
        registry.require(names_of("sources=", sources))
        roots = paths_of(root)
        found = find(
            roots,
            registry,
            settings or DatasetSettings(),
            prefer_processed=prefer_processed,
            include_task_level=include_task_level,
        )
        tags = registry.with_derived(found.rows.inventory.columns) if sources is None else names_of("sources=", sources)
        return cls._of(State(found.rows, tags, roots, registry, found.problems))

    @classmethod
    def from_workspace(cls, workspace: Any, *, sources: Names = None) -> "Dataset":
        """The records of an open `sinagotd.Workspace` as rows, the files of its steps as sources; see its `as_dataset`."""
        made: Dataset = workspace.as_dataset(names_of("sources=", sources))
        return made

    @property
    def inventory(self) -> pd.DataFrame:
        return self._state.rows.inventory.copy()

    @property
    def sources(self) -> tuple[str, ...]:
        return self._state.sources

    @property
    def roots(self) -> tuple[Path, ...]:
        return self._state.roots

    @property
    def registry(self) -> Sources:
        return self._state.registry

    @property
    def settings(self) -> DatasetSettings:
        return self._state.rows.settings

    @property
    def problems(self) -> pd.DataFrame:
        """What discovery could not use, or only in doubt: kind, path, source, message, and whether the file is used."""
        return pd.DataFrame(self._state.problems, columns=list(Problem._fields))

    @property
    def subjects(self) -> list[Any]:
        return self._state.rows.values(0)

    @property
    def sessions(self) -> list[Any]:
        return self._state.rows.values(1)

    @property
    def tasks(self) -> list[Any]:
        return self._state.rows.values(2) if self.has_task_level else []

    @property
    def has_task_level(self) -> bool:
        return self._state.rows.has_task_level

    @property
    def notes(self) -> list[str]:
        return list(self._state.notes)

    @property
    def meta(self) -> dict[str, Any]:
        """Where and with what this would be built, now: see `build_meta`."""
        from sinagotd.datakit.provenance import build_meta  # noqa: PLC0415  it asks git, which most never need

        return build_meta(sources=map(self.registry.get_source_class, self.sources))

    def add_note(self, note: str) -> Self:
        """Add a note, here and in every dataset filtered from here on. Raises TypeError for what is no text."""
        if not isinstance(note, str):
            raise TypeError(f"a note is text, not {type(note).__name__}")
        self._state = replace(self._state, notes=(*self._state.notes, note))
        return self

    def include(self, *, source: Names = None, **levels: Names) -> Self:
        """Rows that match every level given (`subject=`, `session=`, `task=`, `run=` …), and only these sources."""
        mask = matching(self._state.rows.index, wanted_rows(self._state.rows.axes, levels))
        tags = wanted("source", source)
        kept = tuple(tag for tag in self._state.sources if tags is None or tag in tags)
        return self._with(self._state.rows.take(mask), kept)

    def exclude(self, *, source: Names = None, **levels: Names) -> Self:
        """Without the sources, or without the rows that match every level given; with both: without these cells."""
        constraints = wanted_rows(self._state.rows.axes, levels)
        tags = wanted("source", source)
        if not constraints:
            return self._with(self._state.rows, tuple(tag for tag in self._state.sources if tag not in (tags or ())))
        mask = matching(self._state.rows.index, constraints)
        if tags is None:
            return self._with(self._state.rows.take(~mask), self._state.sources)
        return self._with(self._state.rows.without_cells(mask, tags), self._state.sources)

    def head(self, n: int = 3) -> Self:
        """The first `n` rows. Raises ValueError for what is no number of rows."""
        try:
            count = -1 if isinstance(n, bool | np.bool_) else operator.index(n)
        except TypeError:
            count = -1
        if count < 0:
            raise ValueError(f"head() wants a number of rows from 0, not {n!r}")
        return self._with(self._state.rows.take(np.arange(len(self)) < count), self._state.sources)

    def select(self, subject: str | None, session: str | None, task: str | None = None, **entities: str) -> Self:
        """The one row of that name. Raises RowNotFoundError (a KeyError), SeveralRowsError (a ValueError), TypeError."""
        levels = {"subject": subject, "session": session, "task": task, **entities}
        if not all(value is None or isinstance(value, str) for value in levels.values()):
            raise TypeError(f"select() wants names, not {levels}")
        row = self.include(**levels)
        key = tuple(value for name, value in levels.items() if name != "task" or value is not None)
        if not len(row):
            raise RowNotFoundError(f"there is no row {key}")
        if len(row) > 1:
            raise SeveralRowsError(f"{len(row)} rows are called {key}; name more levels, or use include()")
        return row

    def validate(self, *, level: Literal["load", "discovery"] = "load", **options: Any) -> pd.DataFrame:
        """What becomes of each cell, one row per (row, source): status, path, error_type, message, traceback, findings.

        `level="load"` loads every file and keeps none (status ok, missing or error); `level="discovery"` opens no file
        (found, missing or error). Options as in `materialize`: progress, workers.
        """
        ways = {"load": building.validate, "discovery": building.discovered}
        if level not in ways:
            raise ValueError(f"validate() knows the levels 'load' and 'discovery', not {level!r}")
        return ways[level](self._job(**options))

    @overload
    def materialize(
        self, *, strict: bool = ..., return_errors: Literal[False] = ..., progress: bool = ..., workers: Workers = ...
    ) -> pd.DataFrame: ...
    @overload
    def materialize(
        self, *, strict: bool = ..., return_errors: Literal[True], progress: bool = ..., workers: Workers = ...
    ) -> tuple[pd.DataFrame, pd.DataFrame]: ...
    def materialize(
        self, *, strict: bool = True, return_errors: bool = False, progress: bool = False, workers: Workers = None
    ) -> pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]:
        """Load everything into one frame: a row per recording, a column per (Source, Feature).

        `strict` raises BuildError when cells cannot be loaded, naming all of them; otherwise they are missing. With
        `return_errors` the records (as `validate` has them) are returned beside the frame. `workers` is a number of
        processes, an executor or a Dask client; the result is the same.
        """
        frame, records = building.materialize(self._job(strict=strict, progress=progress, workers=workers))
        return (frame, records) if return_errors else frame

    @overload
    def save(
        self,
        path: str | Path,
        *,
        format: str | None = ...,
        strict: bool = ...,
        return_errors: Literal[False] = ...,
        progress: bool = ...,
        hdf_key: str = ...,
        workers: Workers = ...,
    ) -> Path: ...
    @overload
    def save(
        self,
        path: str | Path,
        *,
        format: str | None = ...,
        strict: bool = ...,
        return_errors: Literal[True],
        progress: bool = ...,
        hdf_key: str = ...,
        workers: Workers = ...,
    ) -> tuple[Path, pd.DataFrame]: ...
    def save(  # noqa: PLR0913  the arguments that users know, and two more
        self,
        path: str | Path,
        *,
        format: str | None = None,  # noqa: A002  the word users know
        strict: bool = True,
        return_errors: bool = False,
        progress: bool = False,
        hdf_key: str = "dataset",
        workers: Workers = None,
    ) -> Path | tuple[Path, pd.DataFrame]:
        """Materialize into a file, batch by batch: memory does not grow with the number of rows.

        With `return_errors` the records of the cells that could not be loaded are returned beside the path. Raises ValueError
        for an unknown format before anything is loaded, BuildError as `materialize`; the earlier file stays.
        """
        target = Path(path).expanduser()
        job = self._job(strict=strict, progress=progress, workers=workers)
        failed = building.save(job, target, format=format, hdf_key=hdf_key)
        return (target, failed) if return_errors else target

    def __len__(self) -> int:
        return len(self._state.rows.index)

    def __iter__(self) -> Iterator[Self]:
        """Datasets of one row each."""
        places = np.arange(len(self))
        return (self._with(self._state.rows.take(places == at), self._state.sources) for at in places)

    def __repr__(self) -> str:
        return f"Dataset(rows={len(self)}, sources={len(self._state.sources)}, task_level={self.has_task_level})"

    def _repr_html_(self) -> str:
        from sinagotd.datakit.reports.inventory import inventory_report  # noqa: PLC0415  only a notebook asks

        return inventory_report(self)._repr_html_()

    @classmethod
    def _of(cls, state: State) -> Self:
        dataset = cls.__new__(cls)
        dataset._state = state  # noqa: SLF001  its own class
        return dataset

    def _with(self, rows: Rows, sources: tuple[str, ...]) -> Self:
        return self._of(replace(self._state, rows=rows, sources=sources))

    def _job(self, **options: Any) -> building.Job:
        return building.job_of(self._state, **options)
