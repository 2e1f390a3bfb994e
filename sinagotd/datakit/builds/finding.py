"""The rows of a declaration and the plan to load them: from its trees or its provider, narrowed by its filters."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.dataset import Dataset
from sinagotd.datakit.discovery import Problem
from sinagotd.datakit.plan import Plan, Row, make_plan
from sinagotd.datakit.registry import Sources, default_sources
from sinagotd.datakit.settings import DatasetSettings
from sinagotd.datakit.sources.declared import declared_sources
from sinagotd.errors import DatasetError


class Found(NamedTuple):
    """All rows in order, their labels, how to load them, and what discovery could not use."""

    plan: Plan
    rows: list[Row]
    labels: pd.MultiIndex
    problems: list[Problem]
    notes: list[str]


def registry_of(declaration: Declaration) -> Sources:
    """The sources that a declaration may name. Raises SourceError (a ValueError) for what is wrong with its own."""
    if not declaration.declared and not declaration.source_files:
        return default_sources()
    registry = Sources()
    for file in declaration.source_files:
        registry.add_file(file)
    for kind in declared_sources(declaration.declared):
        registry.register(kind)
    return registry


def find_rows(declaration: Declaration, registry: Sources) -> Found:
    """Discover and filter. Raises DatasetError: for a root without recordings, unknown sources, or nothing to load."""
    dataset = declaration.rows() if declaration.rows is not None else _from_trees(declaration, registry)
    try:
        chosen = _filtered(dataset, declaration)
    except (ValueError, TypeError) as fault:
        raise DatasetError(f"dataset {declaration.name!r}: include and exclude: {fault}") from fault
    found = planned(declaration, chosen)
    levels = {level.lower() for level in found.plan.levels}
    unknown = [level for level in declaration.partition_by if level.lower() not in levels]
    if unknown:
        told = f"its rows have no level {', '.join(unknown)}, only {', '.join(found.plan.levels)}"
        raise DatasetError(f"dataset {declaration.name!r}: partition_by: {told}")
    if not found.plan.shown:
        raise DatasetError(
            f"dataset {declaration.name!r}: no source is left to load: look at sources, include and exclude"
        )
    return found


def settings_of(declaration: Declaration) -> DatasetSettings:
    """How rows from trees are loaded."""
    return DatasetSettings(required=declaration.required, timeout_s=declaration.timeout_s)


def planned(declaration: Declaration, dataset: Dataset) -> Found:
    """The rows of a dataset with the plan to load them, as `Dataset.materialize` makes it."""
    rows = dataset._state.rows  # noqa: SLF001  the dataset has them ready, and no need to show them to its users
    settings = replace(dataset.settings, timeout_s=declaration.timeout_s or dataset.settings.timeout_s)
    plan = make_plan(
        dataset.sources,
        dataset.registry,
        levels=map(str, rows.index.names),
        roots=map(str, dataset.roots),
        settings=settings,
    )
    problems = [Problem(*each) for each in dataset.problems.itertuples(index=False)]
    return Found(plan, rows.each(), rows.index, problems, dataset.notes)


def _from_trees(declaration: Declaration, registry: Sources) -> Dataset:
    sources, settings = declaration.sources or None, settings_of(declaration)
    return Dataset.from_directory(declaration.roots, sources=sources, registry=registry, settings=settings)


def _filtered(dataset: Dataset, declaration: Declaration) -> Dataset:
    included: Mapping[str, Any] = dict(declaration.include)
    excluded: Mapping[str, Any] = dict(declaration.exclude)
    if included:
        dataset = dataset.include(**included)
    return dataset.exclude(**excluded) if excluded else dataset
