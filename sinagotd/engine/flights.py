"""The runs in flight: claimed in the manifest, submitted, ended by their receipts, published, recorded.

Only a run that is the claimed one of its step is published.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial

from sinagotd.core.facts import Digest, Facts, Fingerprint, Vain
from sinagotd.core.ids import IdPattern
from sinagotd.core.keys import StepKey
from sinagotd.core.pipeline import Bound
from sinagotd.core.retry import RetryRule, retry_at, retry_in_vain_at
from sinagotd.core.states import Outcome
from sinagotd.engine import staging
from sinagotd.engine.clock import Clock
from sinagotd.engine.ends import Claimed, Ended
from sinagotd.engine.publishing import Publisher
from sinagotd.engine.room import Room
from sinagotd.failpoints import Point, failpoint
from sinagotd.manifest.rows import Remembered
from sinagotd.manifest.writer import Manifest
from sinagotd.scripts.faults import ErrorKind
from sinagotd.scripts.orders import Receipt, RunError, RunOrder
from sinagotd.settings.workspace import WorkspaceSettings

__all__ = ["Claimed", "Ended", "Flights"]

LOSSES_BEFORE_BLAME = 3


@dataclass(slots=True)
class Flights:
    """The runs in flight of one workspace; `room` is told which writes the machine refuses and which it takes.

    What an ended run left in staging is removed `aside`. `cancelled` says why of those that we take back, `outcomes` counts
    how those ended that did.
    """

    settings: WorkspaceSettings
    id_pattern: IdPattern
    manifest: Manifest
    clock: Clock
    room: Room
    aside: Callable[[Callable[[], None]], object] = lambda act: act()
    in_flight: dict[str, Claimed] = field(default_factory=dict)
    cancelled: dict[str, str] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    _losses: Counter[StepKey] = field(default_factory=Counter)

    def claim(self, bound: Bound, fingerprint: Fingerprint, facts: Facts, attempt: int) -> Claimed:
        """Take a run of this step in the manifest; call inside a transaction, and `submitted` after its commit."""
        order = self._order(bound)
        inputs = tuple(
            (path, facts[path].stamp, Digest(facts[path].digest or b"")) for path in bound.inputs if path in facts
        )
        self.manifest.claim(order, fingerprint, attempt, inputs, at=self.clock.now())
        return Claimed(bound.key, order, fingerprint, attempt, inputs)

    def submitted(self, claimed: Claimed) -> None:
        self.in_flight[claimed.order.run_id] = claimed

    def _order(self, bound: Bound) -> RunOrder:
        spec, record = bound.spec, bound.key.record
        limits = self.settings.for_step(spec.step)
        bindings = self.id_pattern.bindings(record) or {}
        run_id = f"{int(self.clock.now() * 1000):011x}-{secrets.token_hex(4)}"
        return RunOrder(
            run_id=run_id,
            record=record,
            step=spec.step,
            label=spec.label,
            task=spec.task,
            modality=spec.modality,
            script=str(self.settings.scripts_path / spec.script),
            scripts_path=str(self.settings.scripts_path),
            code=spec.code.hex(),
            data_path=str(self.settings.data_path),
            staging=staging.staging_folder(self.settings.data_path, run_id),
            inputs=dict(zip((label for label, _ in spec.inputs), bound.inputs, strict=True)),
            outputs=dict(zip((label for label, _ in spec.outputs), bound.outputs, strict=True)),
            control={label: template.fill(bindings) for label, template in spec.control},
            opts=limits.opts,
            timeout_s=limits.timeout,
            memory_bytes=limits.memory,
        )

    def lost(self, run_id: str, why: str) -> Receipt | None:
        """What to make of a run that nobody can tell about: its receipt if it left one, else that it is abandoned."""
        claimed = self.in_flight.get(run_id)
        if claimed is None:
            return None
        receipt = staging.read_receipt(self.settings.data_path, run_id)
        if receipt is not None:
            return receipt
        if run_id in self.cancelled:
            return self._taken_back(Receipt(run_id, Outcome.ABANDONED))
        self._losses[claimed.key] += 1
        if self._losses[claimed.key] < LOSSES_BEFORE_BLAME:
            return Receipt(run_id, Outcome.ABANDONED, error=RunError("WorkerLost", why))
        sentence = f"its worker was lost {self._losses[claimed.key]} times: {why}"
        return Receipt(run_id, Outcome.FAILED, error=RunError("WorkerLost", sentence))

    def _taken_back(self, receipt: Receipt) -> Receipt:
        """That it came to no end is our doing, and nobody's fault."""
        error = RunError("Cancelled", self.cancelled[receipt.run_id])
        return replace(receipt, outcome=Outcome.CANCELLED, error=error)

    def recover(self) -> list[Receipt]:
        """Take over what an earlier process left in flight: a receipt for each, and no staging that nobody waits for."""
        receipts = []
        for flight in self.manifest.read.in_flight():
            claimed = Claimed(flight.key, flight.order, flight.fingerprint, flight.attempt, flight.inputs)
            self.submitted(claimed)
            receipt = staging.read_receipt(self.settings.data_path, flight.run_id)
            why = "whoever ran it stopped meanwhile"
            receipts.append(receipt or Receipt(flight.run_id, Outcome.ABANDONED, error=RunError("Stopped", why)))
        self.sweep()
        return receipts

    def sweep(self) -> None:
        """Remove the staging of runs that nobody waits for: Dask may execute one once more whose worker died at its end."""
        staging.sweep(self.settings.data_path, set(self.in_flight))

    def end(self, receipts: Collection[Receipt]) -> tuple[list[Ended], list[Receipt]]:
        """Publish what succeeded and record how each run ended; a receipt of a superseded run is thrown away.

        Returns the ends that are recorded and the receipts that could not be published yet. Raises with nothing
        recorded when the manifest cannot be written: the same receipts may be given again.
        """
        ended, left, digests = self._publish(receipts)
        failpoint(Point.PUBLISHED)
        with self.manifest.transaction():
            self.manifest.remember_digests(digests)
            for end in ended:
                self._record(end)
        if any(end.receipt.outcome is Outcome.SUCCEEDED for end in ended):
            self.room.make_good()
        failpoint(Point.RECORDED)
        for claimed, receipt, _ in ended:
            if receipt.outcome is not Outcome.ABANDONED:
                self._losses.pop(claimed.key, None)
            self.outcomes[receipt.outcome] += 1
            del self.in_flight[receipt.run_id]
            self.cancelled.pop(receipt.run_id, None)
            self.aside(partial(staging.discard, self.settings.data_path, receipt.run_id, receipt.outputs))
        return ended, left

    def _publish(self, receipts: Collection[Receipt]) -> tuple[list[Ended], list[Receipt], list[Remembered]]:
        data_path = self.settings.data_path
        publisher = Publisher(data_path, self.manifest.read, receipts)
        ended: list[Ended] = []
        left: list[Receipt] = []
        for receipt in receipts:
            claimed = self.in_flight.get(receipt.run_id)
            if claimed is None:
                staging.discard(data_path, receipt.run_id)
                continue
            if receipt.error is not None and receipt.error.type == ErrorKind.DISK_FULL:
                self.room.refuse(receipt.error.message)
            is_ours = receipt.outcome is Outcome.ABANDONED and receipt.run_id in self.cancelled
            try:
                ended.append(publisher.put_in_place(claimed, self._taken_back(receipt) if is_ours else receipt))
            except OSError as fault:
                self.room.refuse(f"cannot publish {fault.filename}: {fault.strerror}")
                left.append(receipt)
        publisher.secure()
        return ended, left, publisher.published(ended)

    def _record(self, end: Ended) -> None:
        claimed, receipt, _ = end
        now = self.clock.now()
        vain = self._one_more_in_vain(end, now)  # counted before the verdict ends the row
        if receipt.outcome is Outcome.SUCCEEDED:
            joined = b"".join(bytes.fromhex(receipt.outputs[path]) for path in claimed.order.outputs.values())
            self.manifest.succeed(receipt.run_id, receipt, joined, at=now)
        elif receipt.outcome.blames_the_step:
            again = retry_at(self._rule(claimed.key.step), claimed.attempt, now=now, jitter=_jitter())
            self.manifest.fail(receipt.run_id, receipt, again, at=now)
        else:
            self.manifest.abandon(receipt.run_id, receipt.outcome, str(receipt.error or ""), at=now)
        if vain is not None:
            self.manifest.run_in_vain(claimed.key, vain)

    def _one_more_in_vain(self, end: Ended, now: float) -> Vain | None:
        if not end.in_vain:
            return None
        key, code = end.claimed.key, end.claimed.fingerprint.code
        before = self.manifest.read.history([key.record])[key].vain
        times = before.times + 1 if before is not None and before.code == code else 1
        again = retry_in_vain_at(self._rule(key.step), times, now=now, jitter=_jitter())
        return Vain(code, times, again, end.in_vain)

    def _rule(self, step: str) -> RetryRule:
        run = self.settings.run
        return RetryRule(self.settings.for_step(step).attempts, run.backoff, run.backoff_max)


def _jitter() -> float:
    return secrets.randbelow(100) / 100
