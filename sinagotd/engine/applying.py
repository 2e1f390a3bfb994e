"""Writes what a turn found and decided, in one transaction: digests, adoptions, starts, claims, standings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sinagotd.core.keys import StepKey
from sinagotd.core.states import Action, State
from sinagotd.engine.clock import Clock
from sinagotd.engine.flights import Claimed, Flights
from sinagotd.engine.looking import Planned
from sinagotd.engine.standings import Teller, changes
from sinagotd.manifest.rows import Remembered, Standing
from sinagotd.manifest.writer import Manifest


class Start(NamedTuple):
    """A worker has begun a run; `at` is epoch seconds."""

    run_id: str
    host: str
    pid: int
    at: float


@dataclass(frozen=True, slots=True)
class Applier:
    """Turns decisions into manifest rows and log lines. What is claimed is returned, to be submitted after the commit."""

    manifest: Manifest
    flights: Flights
    teller: Teller
    clock: Clock

    def apply(
        self,
        planned: Planned,
        chosen: Iterable[StepKey],
        *,
        starts: Iterable[Start],
        fresh: Iterable[Remembered],
        gone: Iterable[str],
    ) -> list[Claimed]:
        before = self.manifest.read.standings(_records(planned, self.flights, starts))
        notes = self.teller.take_notes()
        with self.manifest.transaction():
            for note in notes:
                self.manifest.log_event(note.event, at=note.at, key=note.key, detail=note.detail)
            self.manifest.forget_digests(gone)
            self.manifest.remember_digests(fresh)
            self._adopt(planned)
            changed = changes(planned.decisions, before, at=self.clock.now())
            claims = [self._claim(planned, key) for key in chosen]
            changed |= {claimed.key: self._queued(planned, claimed.key) for claimed in claims}
            self.manifest.stand((changed | self._start(starts, before)).items())
        self.teller.tell(changed, before)
        return claims

    def _adopt(self, planned: Planned) -> None:
        for key, decision in planned.decisions.items():
            if decision.action is Action.ADOPT and decision.fingerprint is not None:
                self.manifest.adopt(key, decision.fingerprint, outputs_of(planned, key), at=self.clock.now())

    def _start(self, starts: Iterable[Start], before: Mapping[StepKey, Standing]) -> dict[StepKey, Standing]:
        changed = {}
        for start in starts:
            claimed = self.flights.in_flight.get(start.run_id)
            if claimed is None:
                continue
            self.manifest.start(start.run_id, start.host, start.pid, at=start.at)
            was = before.get(claimed.key)
            if was is not None:
                changed[claimed.key] = was._replace(state=State.RUNNING, since=start.at)
        return changed

    def _claim(self, planned: Planned, key: StepKey) -> Claimed:
        fingerprint = planned.decisions[key].fingerprint
        assert fingerprint is not None
        return self.flights.claim(planned.bounds[key], fingerprint, planned.facts, planned.attempt(key))

    def _queued(self, planned: Planned, key: StepKey) -> Standing:
        """While a step is in flight its standing keeps the reason why it was claimed."""
        decision = planned.decisions[key]
        return Standing(State.QUEUED, decision.reason.name, decision.sentence, self.clock.now(), None)


def outputs_of(planned: Planned, key: StepKey) -> bytes:
    """The joined digests of a step's outputs as they are on disk; all of them must be there."""
    return b"".join(planned.facts[path].digest or b"" for path in planned.bounds[key].outputs)


def _records(planned: Planned, flights: Flights, starts: Iterable[Start]) -> set[str]:
    begun = {flights.in_flight[start.run_id].key.record for start in starts if start.run_id in flights.in_flight}
    return {key.record for key in planned.decisions} | begun
