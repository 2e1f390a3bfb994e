"""How values lie in the columns: into named parameters, and back from rows. Holds no SQL."""

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from sinagotd.core.facts import Digest, Failure, Fingerprint, Flight, Made, Stamp, StepHistory, Vain
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome, State
from sinagotd.manifest.rows import EventRow, InFlight, Remembered, RunRow, Standing
from sinagotd.manifest.session import Row
from sinagotd.scripts.orders import Receipt, RunError, RunOrder

Columns = dict[str, Any]


def named(key: StepKey) -> Columns:
    return {"record": key.record, "step": key.step}


def printable(text: str) -> str:
    """Text that SQLite takes: bytes that Python smuggled into it are written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def standing_columns(key: StepKey, standing: Standing) -> Columns:
    return named(key) | standing._asdict() | {"sentence": printable(standing.sentence)}


def order_columns(order: RunOrder) -> Columns:
    return {"run_id": order.run_id, "order_json": json.dumps(_shallow(order))}


def _shallow(order: RunOrder) -> Columns:
    """The fields as they are: `asdict` copies them deeply, which takes longer than the claim itself."""
    return {field.name: getattr(order, field.name) for field in fields(order)}


def files_column(files: Iterable[Remembered]) -> str:
    return json.dumps([(path, stamp.hex(), digest.hex()) for path, stamp, digest in files])


def receipt_columns(receipt: Receipt, at: float) -> Columns:
    """What a receipt says; what it leaves out is None. `at` stands in for the time of the end."""
    error = receipt.error
    return {
        "outcome": receipt.outcome,
        "started_at": receipt.started_at or None,
        "ended_at": receipt.ended_at or at,
        "output_files": json.dumps(receipt.outputs),
        "host": receipt.host or None,
        "pid": receipt.pid or None,
        "cpu_s": receipt.cpu_s,
        "peak_memory_bytes": receipt.peak_memory_bytes,
        "error_type": error and printable(error.type),
        "error_message": error and printable(error.message),
        "traceback": error and printable(error.traceback),
        "stdout": printable(receipt.stdout),
        "stderr": printable(receipt.stderr),
        "versions": json.dumps(receipt.versions),
    }


UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)
"""What the functions below raise for a row that a flipped bit or another version of this program spoilt."""


def event_of(row: Row) -> EventRow:
    seq, time, record, step, event, detail = row
    return EventRow(seq, time, record, step, event, json.loads(detail))


def history_of(row: Row) -> tuple[StepKey, StepHistory]:
    record, step, run_id, code, parameters, inputs, outputs, *failed = row[:13]
    flight_run_id, started, held, requested, *vain = row[13:]
    return StepKey(record, step), StepHistory(
        None if run_id is None else Made(run_id, Fingerprint(code, parameters, inputs), outputs),
        None if failed[0] is None else Failure(Fingerprint(*failed[:3]), *failed[3:]),
        None if flight_run_id is None else Flight(flight_run_id, started=bool(started)),
        held=bool(held),
        requested=bool(requested),
        vain=None if vain[0] is None else Vain(*vain),
    )


def standing_of(row: Row) -> tuple[StepKey, Standing]:
    record, step, state, *rest = row
    return StepKey(record, step), Standing(State(state), *rest)


def in_flight_of(row: Row) -> InFlight:
    run_id, record, step, code, parameters, inputs, attempt, order, files, claimed_at = row
    fingerprint = Fingerprint(code, parameters, inputs)
    order = RunOrder(**json.loads(order))
    known = tuple(
        (path, Stamp(bytes.fromhex(stamp)), Digest(bytes.fromhex(digest))) for path, stamp, digest in json.loads(files)
    )
    return InFlight(run_id, StepKey(record, step), fingerprint, attempt, order, known, claimed_at)


def run_of(row: Row) -> RunRow:
    run_id, record, step, attempt, outcome, claimed_at, started_at, ended_at, *fingerprint = row[:11]
    order, files, outputs, host, pid, cpu_s, peak, kind, message, traceback, stdout, stderr, versions = row[11:]
    return RunRow(
        run_id=run_id,
        key=StepKey(record, step),
        attempt=attempt,
        outcome=None if outcome is None else Outcome(outcome),
        claimed_at=claimed_at,
        started_at=started_at,
        ended_at=ended_at,
        fingerprint=Fingerprint(*fingerprint),
        order=order,
        inputs=tuple((path, stamp, digest) for path, stamp, digest in json.loads(files)),
        outputs=json.loads(outputs),
        host=host,
        pid=pid,
        cpu_s=cpu_s,
        peak_memory_bytes=peak,
        error=None if message is None else RunError(kind or "", message, traceback or ""),
        stdout=stdout,
        stderr=stderr,
        versions=json.loads(versions),
    )
