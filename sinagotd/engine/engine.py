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
from sinagotd.engine.applying import Applier, Start
from sinagotd.engine.code import Code
from sinagotd.engine.flights import Claimed, Flights
from sinagotd.engine.following import Following
from sinagotd.engine.gathering import Gatherer
from sinagotd.engine.looking import Looker, Planned, policy_of
from sinagotd.engine.marks import Marks
from sinagotd.engine.pending import Pending
from sinagotd.engine.register import Register
from sinagotd.engine.resting import Rest, resting
from sinagotd.engine.room import Room
from sinagotd.engine.standings import Teller
from sinagotd.engine.tools import Tools
from sinagotd.engine.waits import Waits
from sinagotd.errors import ConfigError
from sinagotd.failpoints import Point, failpoint
from sinagotd.manifest.rows import Remembered
from sinagotd.manifest.writer import Manifest
from sinagotd.scan.findings import Unreadable
from sinagotd.scripts.faults import machine_fault, outcome_of
from sinagotd.scripts.orders import LogLine, Receipt
from sinagotd.settings.workspace import WorkspaceSettings

BATCH_RECORDS = 500


class Engine:
    """Gather → plan → claim → submit → publish → record, for one workspace. Raises ConfigError for its pipeline."""

    def __init__(self, settings: WorkspaceSettings, manifest: Manifest, tools: Tools) -> None:
        self.settings = settings
        self.manifest = manifest
        self.tools = tools
        self.offline: str | None = None
        self.settler = Settler()
        self.pending = Pending()
        self.teller = Teller(tools.log, tools.record_log(settings))
        self.following = Following(self.teller)
        self.waits = Waits()
        self.code = Code(settings, tools.ask, tools.trust)
        pipeline = self.code.pipeline
        self.room = Room((settings.data_path, manifest.path.parent), tools.clock, tools.log)
        self.flights = Flights(settings, pipeline.id_pattern, manifest, tools.clock, self.room, tools.aside)
        self.applier = Applier(manifest, self.flights, self.teller, tools.clock)
        self.gatherer = Gatherer(
            settings, pipeline.id_pattern, manifest.read, self.settler, tools.clock, self._hash_later
        )
        self.looker = Looker(pipeline, self.gatherer, manifest.read, tools.clock, self._policy())
        self.register = Register(manifest, self.looker, tools)
        self.rest = Rest(manifest)
        self._marks = Marks()
        self._receipts: dict[str, Receipt] = {}
        self._starts: list[Start] = []

    @property
    def pipeline(self) -> Pipeline:
        return self.looker.pipeline

    @property
    def records(self) -> set[str]:
        """The records that have a raw file, as far as is known."""
        return self.register.known

    # what comes in

    def begin(self) -> None:
        """Take over from whoever ran before: end what was in flight, look at every known record that is not at rest."""
        for receipt in self.flights.recover():
            self.ended(receipt)
        running = self.manifest.read.standings(states=[State.RUNNING])
        self.following.begun.update(run_id for run_id, run in self.flights.in_flight.items() if run.key in running)
        self._know(self.manifest.read.records())
        at_rest = resting(self.manifest.read, self.pipeline, self.looker.policy)
        self._marks.drop(at_rest)
        if not at_rest:
            self.rest.end()

    def mark(self, records: Iterable[str]) -> None:
        """These records want planning; the last one marked comes first."""
        self._marks.add(records)

    def leave_out(self, records: Collection[str]) -> None:
        """These records are not to be planned now; whoever comes next is to know that."""
        if self._marks.drop(records):
            self.rest.forgo()

    def see(self, paths: Iterable[str], *, renamed: Collection[str] = ()) -> None:
        """Something happened to these paths (below the data folder); `renamed` came by rename into their final names."""
        news = self.gatherer.news(list(paths), renamed)
        self.meet([record for path in news for record in self.register.strangers(path)])
        for path in news:
            self.mark(self.pipeline.touched(path, self.records))

    def meet(self, records: Collection[str]) -> None:
        """Raw files of these records are there; the ones not known yet are remembered and planned."""
        self.mark(self.register.meet(records))

    def retire(self, records: Collection[str]) -> None:
        """A walk found no raw file of these records; the ones that really have none keep their history, no more."""
        self.waits.forget(self.register.retire(records))

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
        """Of each run the first that is told counts, until the next turn has taken it in."""
        self._receipts.setdefault(receipt.run_id, receipt)

    def lost(self, run_id: str, why: str) -> None:
        """Nobody can tell how a run ended: its receipt on disk decides."""
        receipt = self.flights.lost(run_id, why)
        if receipt is not None:
            self.ended(receipt)

    def take_back(self) -> list[str]:
        """The runs in flight that no worker has begun: they are about to be cancelled, which is nobody's fault."""
        waiting = [run_id for run_id in self.flights.in_flight if run_id not in self.following.begun]
        self.flights.cancelled.update(dict.fromkeys(waiting, "taken back before it began"))
        return waiting

    def hashed(self, path: str, stamp: Stamp, digest: Digest | None) -> None:
        """A large file was fingerprinted elsewhere; None when it moved or could not be read meanwhile."""
        if digest is not None and self.waits.hashing.get(path) == stamp:
            self.gatherer.fresh[path] = (stamp, digest)
            self.settler.forget(path)
        self.waits.hashing.pop(path, None)
        self.mark(self.pipeline.touched(path, self.records))

    def read_code_again(self) -> None:
        """Read the scripts anew; plan every record if any step changed. Paths that do not fit together stop new claims."""
        try:
            changed = self.code.read_again()
        except ConfigError:
            self.tools.log.error("code_refused", why=self.code.fault, then="nothing new is run until this is mended")
            return
        if changed:
            self.rest.end()
            self.looker.pipeline = self.code.pipeline
            self.tools.log.info("code_changed", steps=changed)
            self.mark(sorted(self.records))

    def reconfigure(self, settings: WorkspaceSettings) -> None:
        """Go on with other settings; what runs goes on. Raises ConfigError and changes nothing if they do not fit."""
        self.code = Code(settings, self.tools.ask, self.tools.trust, self.pipeline)
        self.rest.end()
        pipeline = self.code.pipeline
        self.settings = self.gatherer.settings = self.flights.settings = settings
        self.gatherer.id_pattern = self.flights.id_pattern = pipeline.id_pattern
        self.looker.pipeline, self.looker.policy = pipeline, self._policy()
        self._know(self.records)

    # the turn

    def turn(self, room: int) -> int:
        """Work off what came in and claim at most `room` runs; returns how many were claimed.

        Raises OSError or Unreadable with nothing lost when the machine does not let it read or write.
        """
        self._end_runs()
        if self.offline is not None:
            return 0
        self._mark_due()
        batch = [record for record in self._marks.take(BATCH_RECORDS) if record in self.records]
        first: dict[StepKey, int] = {}
        try:
            planned = self.looker.look(batch)
            self._put_in_line(planned)
            if not self._marks:
                self.gatherer.forget_strays()
            first = self.pending.take(self._room_for(room))
            return self._apply(planned, self._look_again(planned, first))
        except (OSError, Unreadable):
            self.mark([*batch, *(key.record for key in first)])
            raise

    @property
    def wants_turn(self) -> bool:
        """Whether another turn would find something right now; while offline, only runs that end are taken in."""
        news = self._marks or self._starts or self.teller.notes
        return bool((news and self.offline is None) or (self._receipts and self.room.try_at is None))

    def counts(self) -> Counter[State]:
        """How many steps stand how, as last said; what is retired or no longer listed does not count."""
        steps = {spec.step for spec in self.pipeline.specs}
        standings = self.manifest.read.standings()
        return Counter(now.state for key, now in standings.items() if key.step in steps and key.record in self.records)

    @property
    def at_rest(self) -> bool:
        """Nothing is left that could be done, nothing runs or is arriving; a failed step may be waiting for its retry."""
        waits = self.pending or self.waits.hashing or self.waits.arriving
        runs = len(self.flights.in_flight) - (len(self._receipts) if self.offline else 0)  # these wait for the folder
        return not (self.wants_turn or runs > 0 or (waits and self.offline is None))

    @property
    def next_look(self) -> float | None:
        """The monotonic time at which this engine wants a turn although nothing came in."""
        if self.offline is not None:
            return None
        times = [self.settler.next_look, self.room.try_at]
        if self.waits.next_retry is not None:
            clock = self.tools.clock
            times.append(clock.monotonic() + self.waits.next_retry - clock.now())
        return min((time for time in times if time is not None), default=None)

    @property
    def standstill(self) -> str:
        """Why nothing new is claimed, a sentence; empty if nothing is in the way."""
        return self.room.why or self.code.fault

    def _end_runs(self) -> None:
        if self._receipts:
            ended, left = self.flights.end(self._receipts.values())
            self._receipts = {receipt.run_id: receipt for receipt in left}
            for end in ended:
                self.following.end(end, self.tools.clock.now())
                self.mark([end.claimed.key.record])

    def _mark_due(self) -> None:
        now = self.tools.clock.monotonic()
        if self.code.changed(now):
            self.read_code_again()
        for path in self.settler.due(now):
            records = self.pipeline.touched(path, self.records)
            self.mark(records)
            if not records:
                self.settler.forget(path)
        self.mark(self.waits.due(self.tools.clock.now()))

    def _put_in_line(self, planned: Planned) -> None:
        places = {spec.step: place for place, spec in enumerate(self.pipeline.specs)}
        for key in planned.decisions:
            if planned.is_to_run(key) and self.tools.wants(key):
                arrival = planned.arrival(key) if self.tools.newest_first else 0
                self.pending.add(key, arrival, place=places[key.step])
            else:
                self.pending.discard(key)

    def _look_again(self, planned: Planned, first: dict[StepKey, int]) -> dict[StepKey, int]:
        """The first of the line, with their arrivals, that a fresh look at those of earlier turns leaves to be run."""
        others = {key.record for key in first if key not in planned.decisions} & self.records
        planned.extend(self.looker.look(sorted(others)))
        return {key: arrival for key, arrival in first.items() if planned.is_to_run(key)}

    def _apply(self, planned: Planned, chosen: dict[StepKey, int]) -> int:
        fresh, gone = self.take_fresh(planned), self.gatherer.take_gone()
        if self._marks:
            self.rest.end()  # before anything of this turn is remembered
        if not (planned.decisions or self._starts or fresh or gone or self.teller.notes):
            return 0
        claims = self.applier.apply(planned, chosen, starts=self._starts, fresh=fresh, gone=gone)
        self._starts = []
        self.waits.remember(planned)
        self._submit(claims, chosen)
        if not self._marks:
            self.rest.keep(self.pipeline, self.looker.policy)
        return len(claims)

    def _submit(self, claims: list[Claimed], chosen: dict[StepKey, int]) -> None:
        """Hand on what was claimed. It is in flight by now: a machine that refuses to take it has to be an end of it."""
        for claimed in claims:
            self.flights.submitted(claimed)
        for claimed in claims:
            try:
                failpoint(Point.CLAIMED)
                self.tools.submit(claimed.order, chosen[claimed.key])
            except OSError as fault:
                error = machine_fault(fault)
                self.ended(Receipt(claimed.order.run_id, outcome_of(error), error=error))

    def take_fresh(self, planned: Planned) -> list[Remembered]:
        """The digests to be remembered; a file that records read which are not in this plan is news to those."""
        fresh = self.gatherer.take_fresh()
        looked_at = {key.record for key in planned.decisions}
        for path, _, _ in fresh:
            others = self.pipeline.touched(path, self.records) - looked_at
            self._marks.add_behind(others)
            if others:
                self.rest.end()
        return fresh

    # helpers

    def _know(self, records: Collection[str]) -> None:
        self.register.take_over(records)
        self.mark(sorted(self.records))

    def _policy(self) -> Policy:
        policy = self.tools.policy(policy_of(self.settings))
        return policy if self.tools.adopts else replace(policy, adopt_existing=False)

    def _room_for(self, runs: int) -> int:
        """How many of so many runs may be claimed now."""
        self.room.look(self.settings.run.reserve)
        if self.code.fault or self.code.in_motion:
            return 0
        return self.room.within(runs, in_flight=len(self.flights.in_flight))

    def _hash_later(self, path: str, stamp: Stamp) -> None:
        if path not in self.waits.hashing:
            self.waits.hashing[path] = stamp
            self.tools.hash_later(path, stamp)
