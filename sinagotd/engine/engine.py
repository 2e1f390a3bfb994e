"""The engine of one workspace: what comes in marks records; a turn plans them, claims what is stale, ends what ran.

Only the thread that calls it writes the manifest. It knows no timers, no watcher and no cluster.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from sinagotd.core.facts import Digest, Stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.pipeline import Pipeline
from sinagotd.core.planner import Policy
from sinagotd.core.settle import Settler
from sinagotd.core.states import State
from sinagotd.core.wiring import lineage
from sinagotd.engine.applying import Applier, Start
from sinagotd.engine.code import Code
from sinagotd.engine.flights import Flights
from sinagotd.engine.following import Following
from sinagotd.engine.gathering import Gatherer
from sinagotd.engine.looking import Looker, Planned, policy_of
from sinagotd.engine.pending import Pending
from sinagotd.engine.record_log import RecordLog
from sinagotd.engine.standings import Teller
from sinagotd.engine.tools import Tools
from sinagotd.engine.waits import Waits
from sinagotd.errors import ConfigError
from sinagotd.failpoints import Point, failpoint
from sinagotd.manifest.writer import Manifest
from sinagotd.scan.findings import Unreadable
from sinagotd.scripts.orders import LogLine, Receipt
from sinagotd.settings.workspace import WorkspaceSettings

BATCH_RECORDS = 500


class Engine:
    """Gather → plan → claim → submit → publish → record, for one workspace. Raises ConfigError for its pipeline."""

    def __init__(self, settings: WorkspaceSettings, manifest: Manifest, tools: Tools) -> None:
        self.settings = settings
        self.manifest = manifest
        self.tools = tools
        self.records: set[str] = set()
        self.offline: str | None = None
        self.settler = Settler()
        self.pending = Pending()
        self.teller = Teller(tools.log, RecordLog(settings.data_path))
        self.following = Following(self.teller)
        self.waits = Waits()
        self.code = Code(settings, tools.ask, tools.trust)
        pipeline = self.code.pipeline
        self.flights = Flights(settings, pipeline.id_pattern, manifest, tools.clock)
        self.applier = Applier(manifest, self.flights, self.teller, tools.clock)
        self.gatherer = Gatherer(
            settings, pipeline.id_pattern, manifest.read, self.settler, tools.clock, self._hash_later
        )
        self.looker = Looker(pipeline, self.gatherer, manifest.read, tools.clock, self._policy())
        self._marked: dict[str, None] = {}
        self._receipts: list[Receipt] = []
        self._starts: list[Start] = []

    @property
    def pipeline(self) -> Pipeline:
        return self.looker.pipeline

    # what comes in

    def begin(self) -> None:
        """Take over from whoever ran before: end what was in flight, look at every known record."""
        self._receipts.extend(self.flights.recover())
        self._know(self.manifest.read.records())

    def mark(self, records: Iterable[str]) -> None:
        """These records want planning; the last one marked comes first."""
        for record in records:
            self._marked.pop(record, None)
            self._marked[record] = None

    def see(self, paths: Iterable[str], *, renamed: Collection[str] = ()) -> None:
        """Something happened to these paths (below the data folder); `renamed` came by rename into their final names."""
        self.gatherer.renamed.update(renamed)
        for path in self.gatherer.news(list(paths)):
            self.meet([record for place in lineage(path) if (record := self._new_record(place))])
            self.mark(self.pipeline.touched(path, self.records))

    def meet(self, records: Collection[str]) -> None:
        """Raw files of these records are there; the ones not known yet are remembered and planned."""
        new = sorted(record for record in records if record not in self.records)
        if new:
            with self.manifest.transaction():
                self.manifest.see_records(new, at=self.tools.clock.now())
            self.records.update(new)
            self.mark(new)

    def retire(self, records: Collection[str]) -> None:
        """A walk found no raw file of these records; the ones that really have none keep their history, no more."""
        gone = [record for record in records if not self._has_raw_file(record)]
        if gone:
            with self.manifest.transaction():
                self.manifest.retire_records(gone, at=self.tools.clock.now())
            self.records.difference_update(gone)
            self.waits.forget(set(gone))
            self.tools.log.info("records_retired", count=len(gone), first=sorted(gone)[:10])

    def started(self, start: Start) -> None:
        """A worker has begun a run: told at once, remembered with the next turn."""
        claimed = self.flights.in_flight.get(start.run_id)
        if claimed is not None and self.following.start(claimed.key, start.run_id, start.at):
            self._starts.append(start)

    def said(self, run_id: str, line: LogLine) -> None:
        """A script logged a line."""
        claimed = self.flights.in_flight.get(run_id)
        if claimed is not None:
            self.following.line(claimed.key, run_id, line)

    def ended(self, receipt: Receipt) -> None:
        self._receipts.append(receipt)

    def lost(self, run_id: str, why: str) -> None:
        """Nobody can tell how a run ended: its receipt on disk decides."""
        receipt = self.flights.lost(run_id, why)
        if receipt is not None:
            self._receipts.append(receipt)

    def take_back(self) -> list[str]:
        """The runs in flight that no worker has begun: they are about to be cancelled, which is nobody's fault."""
        waiting = [run_id for run_id in self.flights.in_flight if run_id not in self.following.begun]
        self.flights.cancelled.update(waiting)
        return waiting

    def hashed(self, path: str, stamp: Stamp, digest: Digest | None) -> None:
        """A large file was fingerprinted elsewhere; None when it moved or could not be read meanwhile."""
        self.waits.hashing.discard(path)
        if digest is not None:
            self.gatherer.fresh[path] = (stamp, digest)
            self.settler.forget(path)
        self.mark(self.pipeline.touched(path, self.records))

    def read_code_again(self) -> None:
        """Read the scripts anew; plan every record if any step changed. Paths that do not fit together stop new claims."""
        try:
            changed = self.code.read_again()
        except ConfigError:
            self.tools.log.error("code_refused", why=self.code.fault, then="nothing new is run until this is mended")
            return
        if changed:
            self.looker.pipeline = self.code.pipeline
            self.tools.log.info("code_changed", steps=changed)
            self.mark(sorted(self.records))

    def reconfigure(self, settings: WorkspaceSettings) -> None:
        """Go on with other settings; what runs goes on. Raises ConfigError and changes nothing if they do not fit."""
        self.code = Code(settings, self.tools.ask, self.tools.trust, self.pipeline)
        pipeline = self.code.pipeline
        self.settings = self.gatherer.settings = self.flights.settings = settings
        self.gatherer.id_pattern = self.flights.id_pattern = pipeline.id_pattern
        self.looker.pipeline, self.looker.policy = pipeline, self._policy()
        self._know(self.records)

    # the turn

    def turn(self, room: int) -> int:
        """Work off what came in and claim at most `room` runs; returns how many were claimed.

        Raises OSError with nothing lost when the machine does not let it write.
        """
        self._end_runs()
        if self.offline is not None:
            return 0
        self._mark_due()
        batch = self._take_batch()
        try:
            planned = self.looker.look(batch)
            self._put_in_line(planned)
            chosen = self._choose(planned, 0 if self._paused() else room)
            return self._apply(planned, chosen)
        except OSError:
            self.mark(batch)
            raise

    @property
    def wants_turn(self) -> bool:
        """Whether another turn would find something right now."""
        return bool(
            self._marked or self._starts or self.teller.notes or (self._receipts and not self.flights.pause_why)
        )

    def counts(self) -> Counter[State]:
        """How many steps stand how, as last said; what is retired or no longer listed does not count."""
        steps = {spec.step for spec in self.pipeline.specs}
        standings = self.manifest.read.standings()
        return Counter(now.state for key, now in standings.items() if key.step in steps and key.record in self.records)

    @property
    def at_rest(self) -> bool:
        """Nothing is left to do, nothing runs and nothing is arriving; a failed step may be waiting for its retry."""
        waits = self.waits.hashing or self.waits.arriving
        return not (self.wants_turn or self.flights.in_flight or self.pending or waits)

    @property
    def next_look(self) -> float | None:
        """The monotonic time at which this engine wants a turn although nothing came in."""
        times = [self.settler.next_look]
        if self.flights.pause_why:
            times.append(self.flights.paused_until)
        if self.waits.next_retry is not None:
            clock = self.tools.clock
            times.append(clock.monotonic() + self.waits.next_retry - clock.now())
        return min((time for time in times if time is not None), default=None)

    def _end_runs(self) -> None:
        if self._receipts:
            ended, self._receipts = self.flights.end(self._receipts)
            for end in ended:
                self.following.end(end, self.tools.clock.now())
                self.mark([end.claimed.key.record])

    def _mark_due(self) -> None:
        now = self.tools.clock.monotonic()
        if self.code.changed(now):
            self.read_code_again()
        for path in self.settler.due(now):
            self.mark(self.pipeline.touched(path, self.records))
        self.mark(self.waits.due(self.tools.clock.now()))

    def _take_batch(self) -> list[str]:
        count = min(len(self._marked), BATCH_RECORDS)
        batch = [self._marked.popitem()[0] for _ in range(count)]
        return [record for record in batch if record in self.records]

    def _put_in_line(self, planned: Planned) -> None:
        for key in planned.decisions:
            if planned.is_to_run(key):
                self.pending.add(key, planned.arrival(key))
            else:
                self.pending.discard(key)

    def _choose(self, planned: Planned, room: int) -> dict[StepKey, int]:
        """The first of the line, with their arrivals, after a fresh look at those that were planned in an earlier turn."""
        taken = self.pending.take(room)
        planned.extend(self.looker.look({key.record for key in taken if key not in planned.decisions} & self.records))
        return {key: arrival for key, arrival in taken.items() if planned.is_to_run(key)}

    def _apply(self, planned: Planned, chosen: dict[StepKey, int]) -> int:
        fresh, gone = self.gatherer.take_fresh(), self.gatherer.take_gone()
        if not (planned.decisions or self._starts or fresh or gone or self.teller.notes):
            return 0
        claims = self.applier.apply(planned, chosen, starts=self._starts, fresh=fresh, gone=gone)
        self._starts = []
        self.waits.remember(planned)
        if claims:
            failpoint(Point.CLAIMED)
        for claimed in claims:
            self.flights.submitted(claimed)
            self.tools.submit(claimed.order, chosen[claimed.key])
        return len(claims)

    # helpers

    def _know(self, records: Collection[str]) -> None:
        """Take these records for known and plan them; the ones that the id pattern does not fit are retired."""
        fitting = {record for record in records if self.pipeline.id_pattern.bindings(record) is not None}
        misfits = set(records) - fitting
        if misfits:
            with self.manifest.transaction():
                self.manifest.retire_records(misfits, at=self.tools.clock.now())
            self.tools.log.warning("records_retired", count=len(misfits), why="the id pattern does not fit them")
        self.records = fitting
        self.mark(sorted(fitting))

    def _new_record(self, path: str) -> str | None:
        record = self.pipeline.record_of(path)
        is_new = record is not None and record not in self.records and self.gatherer.is_there(path)
        return record if is_new else None

    def _has_raw_file(self, record: str) -> bool:
        """Whether there is one, be it readable or not."""
        try:
            return self.looker.has_raw_file(record)
        except Unreadable:
            return True

    def _policy(self) -> Policy:
        policy = policy_of(self.settings)
        return policy if self.tools.adopts else replace(policy, adopt_existing=False)

    def _paused(self) -> bool:
        """The machine lacks something, or the code is being edited: nothing new is claimed."""
        if self.flights.pause_why and self.tools.clock.monotonic() >= self.flights.paused_until:
            self.flights.pause_why = ""
        return bool(self.flights.pause_why or self.code.fault) or self.code.in_motion

    def _hash_later(self, path: str, stamp: Stamp) -> None:
        if path not in self.waits.hashing:
            self.waits.hashing.add(path)
            self.tools.hash_later(path, stamp)
