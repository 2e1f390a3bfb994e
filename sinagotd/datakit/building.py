"""Carries out `validate`, `materialize` and `save` of a dataset; what to load stands in a plan, how to load in `loading`."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sinagotd.datakit.assembly import Assembly, batches
from sinagotd.datakit.faults import BuildError
from sinagotd.datakit.loading import LoadedRow
from sinagotd.datakit.parallel import Workers, load_rows
from sinagotd.datakit.plan import Plan, Row, make_plan
from sinagotd.datakit.records import ERROR, FOUND, Record, RecordText, absent, failed, record_frame
from sinagotd.datakit.state import State

if TYPE_CHECKING:
    from sinagotd.datakit.saving.writing import Writer

_BATCH_BYTES = 16 << 20
_TOLD = 5


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One build: what to load for which rows, with what help, and what the result says about itself."""

    plan: Plan
    rows: Sequence[Row]
    index: pd.MultiIndex
    notes: list[str]
    workers: Workers = None
    progress: bool = False
    strict: bool = False


def job_of(state: State, **options: Any) -> Job:
    """A build of a dataset; the options are workers, progress and strict."""
    rows = state.rows
    plan = make_plan(
        state.sources, state.registry, levels=rows.names, roots=map(str, state.roots), settings=rows.settings
    )
    return Job(plan, rows.each(), rows.index, list(state.notes), **options)


class _Watch:
    """What is told of the rows that passed: their records as a text, those that failed, and why.

    Records stand in `recent`, where they can still change, until they are settled.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._text = RecordText(job.plan.levels, job.plan.roots)
        self._settled = 0
        self._bad: list[Record] = []
        self._cause: Exception | None = None
        self.recent: list[Record] = []

    def over(self, rows: Iterable[LoadedRow]) -> Iterator[LoadedRow]:
        for row in rows:
            self.recent.extend(row.records)
            self._cause = self._cause or next(iter(row.causes), None)
            yield row

    def fail(self, key: tuple[Any, ...], source: str, fault: Exception) -> None:
        """A loaded cell is no good after all."""
        at = next(at for at, record in enumerate(self.recent) if record[:2] == (key, source))
        self.recent[at] = failed(key, source, self.recent[at].path, fault)
        self._cause = self._cause or fault

    def settle(self) -> list[Record]:
        """The recent records, of which no more than the text and those of failed cells are kept."""
        records, self.recent = self.recent, []
        self._text.add(records)
        self._settled += len(records)
        self._bad += [record for record in records if record.status == ERROR]
        return records

    def failed(self) -> pd.DataFrame:
        """The records of the cells that could not be loaded."""
        return record_frame(self._bad, self._job.plan.levels)

    def attrs(self) -> dict[str, Any]:
        """What the dataset says of itself. Raises BuildError naming the failed cells, when the job is strict."""
        if self._bad and self._job.strict:
            raise BuildError(_message(self._bad, self._settled), self.failed()) from self._cause
        return _attrs(self._job, self._text.finish())


def validate(job: Job) -> pd.DataFrame:
    """Load every cell and keep nothing but the records."""
    records = [record for row in _loaded(job) for record in row.records]
    return record_frame(records, job.plan.levels)


def discovered(job: Job) -> pd.DataFrame:
    """The records without loading: a file that is there is `found`. No file is opened."""
    records = [_looked_at(job.plan, row, tag) for row in job.rows for tag in job.plan.order if tag in job.plan.shown]
    return record_frame(records, job.plan.levels)


def materialize(job: Job) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frame, and the records. Raises BuildError with all failed cells when the job is strict."""
    watch = _Watch(job)
    assembly = Assembly(job.plan.shown)
    for row in watch.over(_loaded(job)):
        assembly.add(row)
    records = watch.settle()
    attrs = watch.attrs()
    frame = assembly.frame(job.index)
    frame.attrs.update(attrs)
    return frame, record_frame(records, job.plan.levels)


def save(job: Job, path: Path, *, format: str | None, hdf_key: str) -> pd.DataFrame:  # noqa: A002  the word users know
    """Load and write batch by batch, and give the records of the cells that could not be loaded.

    The file appears whole or not at all. The format is checked before anything is loaded. Roots are told relative to the file's folder.
    """
    from sinagotd.datakit.saving.writing import open_writer  # noqa: PLC0415  pyarrow and h5py only when something is saved

    watch = _Watch(job)
    with open_writer(path, format=format, hdf_key=hdf_key) as writer:
        done = 0
        for batch in batches(watch.over(_loaded(job)), job.plan.shown, _BATCH_BYTES):
            _write(writer, batch, job.index[done : done + batch.rows], watch)
            watch.settle()
            done += batch.rows
        if not done:
            writer.write(Assembly(job.plan.shown).frame(job.index))
        beside = path.resolve().parent
        roots = [os.path.relpath(root, beside) for root in job.plan.roots]
        writer.finish(watch.attrs() | {"datakit_roots": roots})
    return watch.failed()


def _write(writer: "Writer", batch: Assembly, index: pd.MultiIndex, watch: _Watch) -> None:
    """Append rows; what holds a value that no data-only format can save becomes a failed cell."""
    frame = batch.frame(index)
    try:
        writer.write(frame)
    except ValueError:
        for source in [name for name in frame.columns.unique(level=0) if _unsavable(frame[[name]])]:
            for at, key in enumerate(index):
                if fault := _unsavable(frame[[source]].iloc[[at]]):
                    batch.drop(at, source)
                    watch.fail(key, source, fault)
        writer.write(batch.frame(index))


def _unsavable(cell: pd.DataFrame) -> Exception | None:
    from sinagotd.datakit.saving.frames import to_table  # noqa: PLC0415  it is there by now

    try:
        to_table(cell)
    except ValueError as fault:
        return fault
    return None


def _attrs(job: Job, cells: str) -> dict[str, Any]:
    from sinagotd.datakit.provenance import build_meta  # noqa: PLC0415  it asks git

    return {
        "datakit": build_meta(sources=job.plan.classes.values()),
        "datakit_sources": list(job.plan.shown),
        "datakit_roots": list(job.plan.roots),
        "datakit_notes": job.notes,
        "datakit_cells": cells,
    }


def _loaded(job: Job) -> Iterator[LoadedRow]:
    total = len(job.rows) * len(job.plan.shown)
    return _shown(load_rows(job.plan, job.rows, job.workers), total=total, progress=job.progress)


def _shown(rows: Iterable[LoadedRow], *, total: int, progress: bool) -> Iterator[LoadedRow]:
    """The rows as they come, with a bar of `total` cells when one is wanted."""
    if not progress:
        yield from rows
        return
    from rich.console import Console  # noqa: PLC0415  only who wants a bar waits for rich
    from rich.progress import Progress  # noqa: PLC0415  as above

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("loading", total=total)
        for row in rows:
            yield row
            bar.advance(task, len(row.records))


def _looked_at(plan: Plan, row: Row, tag: str) -> Record:
    path = row.own.get(tag)
    if path is None:
        return absent(row.key, tag, is_required=tag in plan.settings.required)
    try:
        if stat.S_ISDIR(os.stat(path).st_mode):  # noqa: PTH116  paths are text here, by the thousand
            raise IsADirectoryError(f"{path} is a folder, and this source reads files")
    except OSError as fault:
        return Record(row.key, tag, ERROR, path, type(fault).__name__, str(fault))
    return Record(row.key, tag, FOUND, path)


def _message(bad: Sequence[Record], total: int) -> str:
    lines = [f"  {each.source} of {each.key}: {each.path}: {each.error_type}: {each.message}" for each in bad[:_TOLD]]
    more = [f"  and {len(bad) - _TOLD} more, all in .records"] if len(bad) > _TOLD else []
    head = f"{len(bad)} of {total} cells could not be loaded (strict=False builds without them):"
    return "\n".join([head, *lines, *more])
