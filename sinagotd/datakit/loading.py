"""Loads the cells of one row in order, each with a status; a failing source concerns its own cell and those that require it."""

import pickle
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from sinagotd.datakit.checks import findings
from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.flatten import flatten
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.records import OK, Record, absent, failed, stamped
from sinagotd.datakit.settings import DatasetSettings
from sinagotd.datakit.source import DataSource
from sinagotd.datakit.streams import LoadedStream, PayloadKind
from sinagotd.datakit.timeline import DataqueueIndex


class LoadedRow(NamedTuple):
    """A row's cells by (source, feature), a record for each shown source, and what was raised on the way."""

    key: tuple[Any, ...]
    cells: dict[tuple[str, str], Any]
    records: list[Record]
    causes: list[Exception]

    def __reduce__(self) -> tuple[Any, ...]:
        """Exceptions stay behind: not all can be sent, and the record says it all."""
        return type(self), (self.key, self.cells, self.records, [])

    def sendable(self) -> "LoadedRow":
        """The same row, in which the cells that another process cannot be sent have failed."""
        faults = {source: fault for (source, _), cell in self.cells.items() if (fault := _unsendable(cell))}
        cells = {name: cell for name, cell in self.cells.items() if name[0] not in faults}
        records = [
            failed(self.key, record.source, record.path, faults[record.source]) if record.source in faults else record
            for record in self.records
        ]
        return LoadedRow(self.key, cells, records, [*self.causes, *faults.values()])


class _Outcome(NamedTuple):
    """What became of one tag: nothing (no file), a stream, or a fault."""

    path: str | None = None
    stream: LoadedStream | None = None
    cells: Mapping[str, Any] = MappingProxyType({})
    fault: Exception | None = None
    notes: tuple[str, ...] = ()


_NOTHING = _Outcome()


class _AbsentError(Exception):
    """What a source needs is not there, so its cell is not there either."""


def load_row(plan: Plan, row: Row) -> LoadedRow:
    """Load what the row has and needs. Raises nothing that a source raises."""
    loading = _Loading(plan, row)
    for tag in plan.order:
        loading.outcomes[tag] = loading.load(tag)
    shown = {tag: loading.outcomes[tag] if plan.owned_path(row, tag) else _NOTHING for tag in plan.shown}
    cells = {(tag, feature): cell for tag, outcome in shown.items() for feature, cell in outcome.cells.items()}
    records = [_record(plan, row, tag, shown[tag]) for tag in plan.order if tag in shown]
    return LoadedRow(
        row.key, cells, records, [outcome.fault for outcome in shown.values() if outcome.fault is not None]
    )


class _Loading:
    """One row under way."""

    def __init__(self, plan: Plan, row: Row) -> None:
        self.plan = plan
        self.row = row
        self.needed = plan.needed(row)
        self.outcomes: dict[str, _Outcome] = {}
        self.clock: dict[str, Any] | None = None

    def load(self, tag: str) -> _Outcome:
        path = self.plan.path_for(self.row, tag) if tag in self.needed else None
        if path is None:
            return _NOTHING
        kind = self.plan.classes[tag]
        streams = {needed: self.outcomes.get(needed, _NOTHING).stream for needed in kind.requires}
        notes = tuple(self._failures(kind))
        try:
            self._check(tag, kind, streams)
            stream, cells = self._read(tag, kind, path, streams)
            return _Outcome(path, stream, cells, notes=(*notes, *findings(stream)))
        except _AbsentError as lack:
            return _Outcome(path, notes=(*notes, str(lack)))
        except Exception as fault:  # noqa: BLE001  whatever a source raises concerns its own cell
            if tag not in self.row.seen:  # its values might have been inside another source's file
                return _Outcome(path, notes=(*notes, f"{path} holds none: {fault}"))
            return _Outcome(path, fault=fault, notes=notes)

    def _check(self, tag: str, kind: type[DataSource], streams: Mapping[str, LoadedStream | None]) -> None:
        if tag in self.plan.cycles:
            raise RuntimeError(self.plan.cycles[tag])
        lacking = [needed for needed, stream in streams.items() if stream is None and needed not in kind.optional]
        if not lacking or kind.degrade == "load":
            return
        sentence = f"needs {', '.join(lacking)}, which the row does not have or which could not be loaded"
        raise _AbsentError(sentence) if kind.degrade == "skip" else RuntimeError(sentence)

    def _read(
        self, tag: str, kind: type[DataSource], path: str, streams: Mapping[str, LoadedStream | None]
    ) -> tuple[LoadedStream, Mapping[str, Any]]:
        with _limited(self.plan.settings.timeout_s):
            stream = _loaded(kind, path, self._context(streams))
        if not isinstance(stream, LoadedStream):
            raise TypeError(f"load() gave {type(stream).__name__}, not a LoadedStream")
        shown = tag in self.plan.shown and self.plan.owned_path(self.row, tag) is not None
        cells = flatten(stream, self.plan.roots) if shown else {}
        return stream, cells

    def _context(self, streams: Mapping[str, LoadedStream | None]) -> LoadContext:
        subject, session, *rest = self.row.key
        task = rest.pop(0) if self.plan.has_task else None
        names = self.plan.levels[len(self.plan.levels) - len(rest) :]
        entities = {
            name.lower(): str(value).partition("-")[2] for name, value in zip(names, rest, strict=True) if value
        }
        log = streams.get(self.plan.settings.clock_tag)
        if log is not None and self.clock is None:
            self.clock = _clock_fields(log, self.plan.settings)
        clock = {} if log is None else self.clock or {}
        settings = self.plan.settings
        return LoadContext(
            subject, session, task, self.row.seen, streams, **clock, entities=entities, settings=settings
        )

    def _failures(self, kind: type[DataSource]) -> Iterator[str]:
        for needed in kind.requires:
            fault = self.outcomes.get(needed, _NOTHING).fault
            if fault is not None:
                yield f"its {needed} could not be loaded: {type(fault).__name__}: {fault}"


def _unsendable(cell: Any) -> Exception | None:
    try:
        pickle.dumps(cell)
    except Exception as fault:  # noqa: BLE001  whatever a source gave
        return TypeError(f"it holds what cannot be sent from a worker: {fault}")
    return None


def _loaded(kind: type[DataSource], path: str, context: LoadContext) -> LoadedStream:
    try:
        return kind().load(Path(path), context=context)
    except SystemExit as end:
        raise RuntimeError(f"it would have ended the program, with {end.code!r}") from end


def _record(plan: Plan, row: Row, tag: str, outcome: _Outcome) -> Record:
    notes = "; ".join(outcome.notes) or None
    if outcome.fault is None and outcome.stream is None:
        return absent(row.key, tag, is_required=tag in plan.settings.required, path=outcome.path, findings=notes)
    if outcome.fault is not None:
        return stamped(failed(row.key, tag, outcome.path, outcome.fault)._replace(findings=notes))
    return stamped(Record(row.key, tag, OK, outcome.path, findings=notes))


@contextmanager
def _limited(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError inside the block when it takes longer. A timer that ran before is set again."""
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"was not loaded within {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, stop)
    before = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)


def _clock_fields(log: LoadedStream, settings: DatasetSettings) -> dict[str, Any]:
    """The fields of a LoadContext that the log fills."""
    frame = log.value if log.payload.kind is PayloadKind.TABLE else None
    window = None if frame is None else experiment_window(frame, settings)
    return {"master_timeline": log.t, "dataqueue_frame": frame, "dataqueue_meta": log.meta, "experiment_window": window}


def experiment_window(frame: pd.DataFrame, settings: DatasetSettings) -> tuple[float, float] | None:
    """First and last numeric queue time, in file order, of rows whose device is a camera; None without such rows."""
    if not {settings.queue_column, settings.device_column} <= set(frame.columns):
        return None
    log = DataqueueIndex(frame, queue_column=settings.queue_column, device_column=settings.device_column)
    times = log.times(*settings.window_device_patterns)
    return (float(times[0]), float(times[-1])) if times.size else None
