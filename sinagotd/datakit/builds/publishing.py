"""Writes a new version and makes it what readers see; whatever stops it before the swap leaves what they had."""

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sinagotd.datakit.builds.cells import Cells, Key, write_cells
from sinagotd.datakit.builds.code import FILES, digest_of
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.features import Examples, Feature, examples_of, is_retyped, shapes_of
from sinagotd.datakit.builds.finding import Found
from sinagotd.datakit.builds.gathering import Gathered, Gatherer
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.builds.last import Last
from sinagotd.datakit.builds.problems import problems_of
from sinagotd.datakit.builds.versions import File, Version, load_all, write_listing, write_version
from sinagotd.datakit.builds.writing import Content, convert, olds_of, parts_of, write_part
from sinagotd.datakit.provenance import build_meta
from sinagotd.datakit.records import OK, RecordText
from sinagotd.datakit.saving.faults import DamagedError
from sinagotd.datakit.saving.footer import layout_text
from sinagotd.datakit.saving.formats import Format

_FOLDERS_STAY = timedelta(hours=1)
"""How long an older version of a partitioned dataset stays at least: who opened its folder reads on in it."""


class Job(NamedTuple):
    """One build: what was asked for, where it goes, and the cells that were gathered for it."""

    declaration: Declaration
    home: Home
    found: Found
    gathered: Gathered
    gatherer: Gatherer
    before: Cells
    now: datetime

    @property
    def request(self) -> str:
        """A digest of what, besides the cells, decides on the files of a version."""
        declaration = self.declaration
        shape = (
            declaration.kind,
            declaration.partition_by,
            self.found.plan.shown,
            self.found.plan.levels,
            self.found.notes,
        )
        return digest_of(repr(shape), FILES)

    def is_as(self, version: Version) -> bool:
        """Whether a version already is what this build would make."""
        unkept = any(cell.status == OK and not cell.made.key for cell in self.gathered.cells)
        return not unkept and (version.digest, version.request) == (self.gathered.cells.digest, self.request)

    def values(self, row: Key) -> Mapping[Feature, Any]:
        """The values of a whole row."""
        return self.gatherer.row(self.gathered.cells.by_row[row])


def publish(job: Job, last: Last, why: str) -> Version:
    """Write the next version, show it, list it, and take those away that are no longer to be kept."""
    examples = examples_of(shapes_of(job.gathered.cells, job.found.plan.shown), job.gatherer.values)
    base = last.newest if _can_copy(job, last.newest, examples) else None
    number = last.highest + 1
    try:
        version = _add(job, number, why, base, examples)
    except DamagedError as fault:
        if base is None:
            raise
        version = _add(job, number, f"{why}; nothing is copied from version {base.number}: {fault}", None, examples)
    show_again(job, version)
    _take_away_old(job, version)
    return version


def show_again(job: Job, version: Version) -> None:
    """Make a version what readers see."""
    job.home.show(version.published(job.home))
    write_listing(job.home, load_all(job.home), version.number)


def _add(job: Job, number: int, why: str, base: Version | None, examples: Examples) -> Version:
    """Write a version and make it one. Raises DamagedError if a file of `base`, of which rows are copied, is not what it was."""
    with job.home.staging() as folder:
        version = _write(job, folder, base, examples)._replace(number=number, why=why)
        write_version(folder, version)
        job.home.add(folder, number)
    return version


def _can_copy(job: Job, newest: Version | None, examples: Examples) -> bool:
    """Whether rows of the last version would look the same in the next."""
    return (
        newest is not None
        and newest.code == FILES
        and newest.is_whole(job.home)
        and not is_retyped(newest.forms, examples.forms)
    )


def _write(job: Job, folder: Path, base: Version | None, examples: Examples) -> Version:
    declaration, cells = job.declaration, job.gathered.cells
    rows = tuple(cells.by_row)
    fresh = frozenset(job.gathered.fresh) if base else frozenset(rows)
    content = Content(rows, job.found.labels, fresh, job.values, examples)
    layout = layout_text(content.start.layout).decode()
    attrs = _attrs(job)
    is_folder = bool(declaration.partition_by)
    olds = olds_of(job.home, base, job.before, declaration.partition_by) if base else {}
    files = []
    for part in parts_of(job.found.labels, declaration.partition_by, job.home.output.name):
        is_same = is_folder and base is not None and base.layout == layout
        own_attrs = {key: value for key, value in attrs.items() if key != "datakit_cells"} if is_folder else attrs
        files.append(write_part(folder, part, content, olds.get(part.name), own_attrs, may_take_over=is_same))
    if is_folder:
        (folder / "published" / "_attrs.json").write_text(json.dumps(attrs), encoding="utf-8")
    if declaration.kind is not Format.PARQUET:
        files = [convert(folder, file, declaration.kind) for file in files]
    write_cells(folder / "cells.arrow", cells)
    return _version(job, tuple(files), examples, layout)


def _version(job: Job, files: tuple[File, ...], examples: Examples, layout: str) -> Version:
    cells = job.gathered.cells
    every = list(cells)
    return Version(
        number=0,
        when=job.now.isoformat(timespec="seconds"),
        why="",
        rows=len(cells.by_row),
        cells=len(every),
        problems=len(problems_of(cells)),
        digest=cells.digest,
        files=files,
        is_folder=bool(job.declaration.partition_by),
        forms=examples.forms,
        layout=layout,
        code=FILES,
        request=job.request,
        base=job.gatherer.keys.base,
    )


def _attrs(job: Job) -> dict[str, Any]:
    """What the dataset says of itself, as one that `Dataset.save` wrote."""
    plan, beside = job.found.plan, job.home.output.parent
    text = RecordText(plan.levels, plan.roots)
    text.add_lines(cell.told() for cell in job.gathered.cells)
    return {
        "datakit": {**build_meta(plan.roots[0] if plan.roots else None), "sources": job.gatherer.keys.described()},
        "datakit_sources": list(plan.shown),
        "datakit_roots": [os.path.relpath(root, beside) for root in plan.roots],
        "datakit_notes": job.found.notes,
        "datakit_cells": text.finish(),
    }


def _take_away_old(job: Job, shown: Version) -> None:
    versions = load_all(job.home)
    older = [version for version in versions if version.number != shown.number]
    for version in older[: len(older) - job.declaration.keep]:
        if not version.is_folder or datetime.fromisoformat(version.when) + _FOLDERS_STAY < job.now:
            job.home.remove(version.number)
    write_listing(job.home, load_all(job.home), shown.number)
