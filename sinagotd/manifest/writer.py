"""Writes the manifest: digests, records, standings and the life of runs. It decides nothing and reads no clock."""

import json
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sinagotd.core.facts import Fingerprint, Vain
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.errors import ManifestError
from sinagotd.manifest import queries, statements
from sinagotd.manifest.backups import back_up
from sinagotd.manifest.columns import (
    files_column,
    named,
    order_columns,
    printable,
    receipt_columns,
    standing_columns,
)
from sinagotd.manifest.reader import Reader
from sinagotd.manifest.rows import ADOPTED, Remembered, Standing
from sinagotd.manifest.session import Session, checkpoint
from sinagotd.scripts.orders import Receipt, RunOrder


class Manifest:
    """The one writer of a workspace's manifest, bound to the thread that opened it; `read` sees what it wrote.

    Changes belong inside `with manifest.transaction():`. Every method raises ManifestError, or OSError (ENOSPC)
    when the disk is full; then nothing of the transaction is kept and it may be tried again.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.read = Reader(session)

    @property
    def path(self) -> Path:
        return self._session.path

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; nested ones commit with the outermost. Acknowledged means on the disk."""
        return self._session.transaction()

    # -- digests and records --------------------------------------------------------------------------------------

    def remember_digests(self, rows: Iterable[Remembered], *, sampled: Collection[str] = ()) -> None:
        """Remember what these paths hold; `sampled` names those whose content was read in part."""
        self._session.change_many(
            statements.REMEMBER_DIGEST,
            (
                {"path": os.fsencode(path), "stamp": stamp, "digest": digest, "sampled": path in sampled}
                for path, stamp, digest in rows
            ),
        )

    def forget_digests(self, paths: Iterable[str]) -> None:
        self._session.change_many(statements.FORGET_DIGEST, ({"path": os.fsencode(path)} for path in paths))

    def see_records(self, records: Iterable[str], at: float) -> None:
        """These records are there; one that was retired is active again."""
        self._session.change_many(statements.SEE_RECORD, ({"record": record, "at": at} for record in records))

    def retire_records(self, records: Iterable[str], at: float) -> None:
        """The raw files of these records are gone; all that is known of them stays."""
        self._session.change_many(statements.RETIRE_RECORD, ({"record": record, "at": at} for record in records))

    # -- how steps stand ------------------------------------------------------------------------------------------

    def stand(self, rows: Iterable[tuple[StepKey, Standing]]) -> None:
        self._session.change_many(
            statements.STAND,
            (standing_columns(key, standing) for key, standing in rows),
        )

    def hold(self, key: StepKey) -> None:
        """Leave this step alone until it is released."""
        self._session.change(statements.HOLD, named(key))

    def release(self, key: StepKey) -> None:
        self._session.change(statements.RELEASE, named(key))

    def request(self, key: StepKey) -> None:
        """Someone wants this step run once, whatever the planner thinks; the next success or failure answers it."""
        self._session.change(statements.REQUEST, named(key))

    def withdraw(self, key: StepKey) -> None:
        """Nobody wants this step run any more; it stays as it is."""
        self._session.change(statements.WITHDRAW, named(key))

    def forgive(self, key: StepKey) -> None:
        """Forget the failures of this step and its runs in vain, as if it had not been tried at its present fingerprint."""
        self._session.change(statements.FORGIVE, named(key))

    def adopt(self, key: StepKey, fingerprint: Fingerprint, outputs: bytes, *, at: float) -> None:
        """Take the outputs that are there as made from this fingerprint; `outputs` is their joined digests."""
        made = {"run_id": ADOPTED, "outputs": outputs, "at": at}
        self._session.change(statements.ADOPT, named(key) | fingerprint._asdict() | made)

    # -- the life of a run ----------------------------------------------------------------------------------------

    def claim(
        self, order: RunOrder, fingerprint: Fingerprint, attempt: int, inputs: Iterable[Remembered], *, at: float
    ) -> None:
        """Take this run before it is submitted. Raises ManifestError when its step is in flight already."""
        key = StepKey(order.record, order.step)
        run = order_columns(order) | {"attempt": attempt, "at": at, "input_files": files_column(inputs)}
        with self.transaction():
            if not self._session.change(statements.TAKE_STEP, named(key) | run):
                self._refuse_second_flight(key)
            self._session.change(statements.ADD_RUN, named(key) | fingerprint._asdict() | run)

    def start(self, run_id: str, host: str, pid: int, at: float) -> bool:
        """A worker has begun this run; False if it is not the claimed one (any more)."""
        with self.transaction():
            claimed = self._session.change(statements.START_STEP, {"run_id": run_id}) > 0
            if claimed:
                self._session.change(statements.START_RUN, {"run_id": run_id, "host": host, "pid": pid, "at": at})
        return claimed

    def succeed(self, run_id: str, receipt: Receipt, outputs: bytes, *, at: float) -> bool:
        """The outputs of this run are in place; `outputs` is their joined digests, in the declared order.

        False, and nothing changed, if the run is not the claimed one of its step (any more).
        """
        with self.transaction():
            claimed = self._claimed(run_id)
            if claimed is None:
                return False
            made = {"run_id": run_id, "outputs": outputs, "at": at}
            self._session.change(statements.SUCCEED_STEP, claimed | made)
            self._session.change(statements.END_RUN, receipt_columns(receipt, at) | {"run_id": run_id})
        return True

    def fail(self, run_id: str, receipt: Receipt, retry_at: float | None, *, at: float) -> bool:
        """This run failed; the step is tried again at `retry_at`, given up if None.

        An outcome that does not blame the step counts no attempt. False as for `succeed`.
        """
        with self.transaction():
            claimed = self._claimed(run_id)
            if claimed is None:
                return False
            error = {"retry_at": retry_at, "error": printable(str(receipt.error or receipt.outcome))}
            blamed = receipt.outcome.blames_the_step
            self._session.change(statements.FAIL_STEP if blamed else statements.LEAVE_STEP, claimed | error)
            self._session.change(statements.END_RUN, receipt_columns(receipt, at) | {"run_id": run_id})
        return True

    def abandon(self, run_id: str, outcome: Outcome, why: str, *, at: float) -> bool:
        """Nobody will say how this run ended, or its result is thrown away; no attempt is counted. False as above."""
        with self.transaction():
            claimed = self._claimed(run_id)
            if claimed is None:
                return False
            self._session.change(statements.LEAVE_STEP, claimed)
            values = {"run_id": run_id, "outcome": outcome, "at": at, "why": printable(why)}
            self._session.change(statements.ABANDON_RUN, values)
        return True

    def run_in_vain(self, key: StepKey, vain: Vain) -> None:
        """The last runs of this step came to nothing; the next success or failure that tells something ends the row."""
        self._session.change(statements.RUN_IN_VAIN, named(key) | vain._asdict() | {"why": printable(vain.why)})

    def _refuse_second_flight(self, key: StepKey) -> None:
        row = self._session.row(queries.CLAIM_OF_STEP, named(key))
        raise ManifestError(f"{key} is in flight already, as run {row[0] if row else '?'}: let it end first")

    def _claimed(self, run_id: str) -> dict[str, Any] | None:
        """The step and fingerprint of the claimed run, None if this is not one."""
        row = self._session.row(queries.CLAIMED, {"run_id": run_id})
        names = ("record", "step", *Fingerprint._fields)
        return dict(zip(names, row, strict=True)) if row else None

    # -- the story, and care --------------------------------------------------------------------------------------

    def log_event(
        self,
        event: str,
        *,
        at: float,
        key: tuple[str, str | None] | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """One line of the story, of a step (its key), of a record (`(record, None)`) or of the workspace."""
        record, step = key or (None, None)
        values = {"at": at, "record": record, "step": step, "event": event}
        self._session.change(statements.LOG_EVENT, values | {"detail": json.dumps(detail or {}, default=str)})

    def set_meta(self, name: str, value: str) -> None:
        self._session.change(statements.SET_META, {"name": name, "value": value})

    def prune(self, *, keep_runs: int, events_before: float) -> int:
        """Drop all but the newest ended runs of each step, and older events; returns how many rows went.

        The run that a step's outputs came from stays.
        """
        with self.transaction():
            runs = self._session.change(statements.PRUNE_RUNS, {"keep": keep_runs})
            return runs + self._session.change(statements.PRUNE_EVENTS, {"before": events_before})

    def backup(self, folder: Path, keep: int = 7) -> Path:
        """Copy the whole manifest into this folder under the present time, and drop all but the newest copies."""
        return back_up(self._session, folder, keep=keep)

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the file; call when idle. False while a reader stands in the way."""
        return checkpoint(self._session)

    def close(self) -> None:
        """Close, and leave one plain file behind. Closing twice does nothing."""
        self._session.close()
