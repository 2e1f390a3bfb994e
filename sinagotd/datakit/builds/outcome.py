"""What came of loading one cell, and the bytes it is kept as: Arrow with a checksum, never pickled."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import xxhash

from sinagotd.datakit.builds.shapes import shape_of
from sinagotd.datakit.records import OK, Record
from sinagotd.datakit.saving import forms
from sinagotd.datakit.saving.columns import FORMS
from sinagotd.datakit.saving.kinds import MARKS, Kind, Missing, kind_of

_ABOUT = b"sinagotd.cell"
_PASSING = ("TimeoutError", "MemoryError", "DatasetError")
_DIGEST_BYTES = 16
# Cells are small: handing their columns to other threads would take longer than doing them.
_WRITING = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_READING = pa.ipc.IpcReadOptions(use_threads=False)


class Outcome(NamedTuple):
    """A cell's status, what is told about it, and its values by feature, as its source gave them."""

    status: str
    error_type: str | None
    message: str | None
    traceback: str | None
    findings: str | None
    shape: str
    """The features in order with the shape of each, as text."""
    cells: dict[str, Any]


class DamagedEntryError(ValueError):
    """Bytes that hold no outcome, or not all of one."""


def outcome_of(record: Record, cells: dict[str, Any]) -> Outcome:
    """What a row's loading says of one of its cells."""
    shape = json.dumps([[feature, shape_of(cell)] for feature, cell in cells.items()]) if record.status == OK else ""
    return Outcome(record.status, record.error_type, record.message, record.traceback, record.findings, shape, cells)


def to_bytes(outcome: Outcome) -> bytes:
    """Raises UnsavableError (a TypeError) for a cell that no data-only format can hold."""
    layout, names, arrays = [], list[str](), list[Any]()
    for at, (feature, cell) in enumerate(outcome.cells.items()):
        kind = kind_of(cell)
        if isinstance(kind, Missing):
            layout.append([feature, "", kind.mark, []])
            continue
        kind, parts = forms.write(kind, [cell], FORMS)
        layout.append([feature, *kind, list(parts)])
        names += [f"{at}:{suffix}" for suffix in parts]
        arrays += parts.values()
    about = json.dumps({"outcome": outcome[:-1], "layout": layout}, separators=(",", ":"))
    batch = pa.record_batch([*arrays, pa.nulls(1)], names=[*names, "end"], metadata={_ABOUT: about.encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_WRITING) as stream:
        stream.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    check: bytes = xxhash.xxh3_128_digest(content)
    return check + content


def from_bytes(content: bytes) -> Outcome:
    """Raises DamagedEntryError."""
    check, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if xxhash.xxh3_128_digest(body) != check:
        raise DamagedEntryError("the checksum of a kept cell does not fit its content")
    try:
        with pa.ipc.open_stream(body, options=_READING) as stream:
            batch = stream.read_next_batch()
        about = json.loads(batch.schema.metadata[_ABOUT])
        arrays = iter(batch.columns)
        cells = {feature: _cell(arrays, kind, *rest) for feature, kind, *rest in about["layout"]}
        status, error_type, message, traceback, findings, shape = about["outcome"]
        return Outcome(status, error_type, message, traceback, findings, shape, cells)
    except (pa.ArrowException, KeyError, ValueError, TypeError, StopIteration) as fault:
        raise DamagedEntryError(f"a kept cell cannot be read: {fault}") from fault


def is_settled(record: Record) -> bool:
    """Whether loading the same content again would end the same way; what the machine did to it is no property of a cell."""
    is_of_system = "[Errno " in (record.message or "")
    return record.status == OK or not (is_of_system or record.error_type in _PASSING)


def _cell(arrays: Iterator[Any], form: str, detail: str, suffixes: list[str]) -> Any:
    if not form:
        return MARKS[detail]
    parts = {suffix: next(arrays) for suffix in suffixes}
    return FORMS[form].read(Kind(form, detail), parts)[0]
