"""Judges the runs of a turn that ended, and moves what they made into place. It records nothing.

A run is published only while its inputs stand as they did at the claim, and its outputs as they are remembered.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sinagotd.core.facts import Digest, Stamp
from sinagotd.core.states import Outcome
from sinagotd.engine import staging
from sinagotd.engine.ends import Claimed, Ended
from sinagotd.engine.fitness import Fitness
from sinagotd.engine.judging import Judged, concerns_one_step, judge, tainted, unpublished
from sinagotd.failpoints import Point, failpoint
from sinagotd.manifest.reader import Reader
from sinagotd.manifest.rows import Remembered
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.stamps import Stamper
from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.orders import Receipt, RunError


class Publisher:
    """For the runs that ended together: what they share is looked at once. Raises OSError for what the machine refuses."""

    def __init__(self, data_path: Path, read: Reader, receipts: Iterable[Receipt]) -> None:
        self._data_path = data_path
        self._stamper = Stamper(data_path)
        self._fitness = Fitness(data_path)
        self._known = read.digests(path for receipt in receipts for path in receipt.outputs)
        self._folders: set[str] = set()
        self._changed: set[str] = set()

    def put_in_place(self, claimed: Claimed, receipt: Receipt) -> Ended:
        """Publish what this run made if it may be; says how the run is to be recorded."""
        staging.require(self._data_path)
        judged = self._judged(claimed, receipt)
        if judged.receipt.outcome is not Outcome.SUCCEEDED:
            return Ended(claimed, *judged)
        try:
            failpoint(Point.CHECKED)
            self._changed |= staging.publish(self._data_path, receipt, known=self._folders)
        except OSError as fault:
            if not concerns_one_step(fault):
                raise
            return Ended(claimed, *unpublished(receipt, fault))
        return Ended(claimed, *judged)

    def secure(self) -> None:
        """Make durable what was moved."""
        staging.fsync_folders(self._changed)

    def published(self, ended: Iterable[Ended]) -> list[Remembered]:
        """The outputs that are in place now, as they look."""
        rows = []
        for end in ended:
            if end.receipt.outcome is Outcome.SUCCEEDED:
                for path, content in end.receipt.outputs.items():
                    if (now := self._stamper.stamp(path)) is not None:
                        rows.append((path, now, Digest(bytes.fromhex(content))))
        return rows

    def _judged(self, claimed: Claimed, receipt: Receipt) -> Judged:
        """A run is judged once: of one whose publishing was interrupted, an output lies there that must be recorded."""
        if receipt.outcome is Outcome.SUCCEEDED and (why := self._fitness.unfit(receipt, claimed.order)):
            error = RunError(ErrorKind.OUTPUT_UNUSABLE, why)
            return Judged(replace(receipt, outcome=Outcome.FAILED, outputs={}, error=error))
        if staging.publishing_began(self._data_path, receipt):
            return Judged(receipt)
        judged = judge(receipt, claimed.inputs, self._stamper.stamp)
        edited = self._edited_meanwhile(judged.receipt)
        return judged if edited is None else tainted(receipt, f"{edited} was changed by hand while the step ran")

    def _edited_meanwhile(self, receipt: Receipt) -> str | None:
        """An output that is not as it is remembered from before the run: a person's work, not to be overwritten."""
        if receipt.outcome is not Outcome.SUCCEEDED:
            return None
        known = self._known
        return next(
            (path for path in receipt.outputs if self._looks_other(path, known[path][0] if path in known else None)),
            None,
        )

    def _looks_other(self, path: str, was: Stamp | None) -> bool:
        """Whether something is there that does not look as it is remembered."""
        try:
            now = self._stamper.stamp(path)
        except Unreadable:
            return True
        return now is not None and now != was
