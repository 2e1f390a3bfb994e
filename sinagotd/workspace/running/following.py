"""Hands a call of `run()` to the daemon that owns the workspace, and follows it to its end through the manifest."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from sinagotd.core.keys import StepKey
from sinagotd.core.reasons import Reason
from sinagotd.core.states import Action, State
from sinagotd.engine.calling import request
from sinagotd.engine.following import WITHOUT_VERDICT
from sinagotd.engine.looking import policy_of
from sinagotd.engine.record_log import RecordLine
from sinagotd.engine.standings import SAID, without_verdict
from sinagotd.errors import WorkspaceError
from sinagotd.manifest.reader import Reader
from sinagotd.manifest.rows import EventRow, Standing
from sinagotd.workspace.opened import Opened
from sinagotd.workspace.running.driving import Counts
from sinagotd.workspace.running.outcomes import Ran, Steps
from sinagotd.workspace.running.speaking import Speaker

LOOK_S = 0.2
PATIENCE_S = 60.0
ENOUGH_CALM_LOOKS = 2
MOST_AT_ONCE = 5_000
MOST_EVENTS = 1_000_000
UNDER_WAY = (State.STALE, State.QUEUED, State.RUNNING)
FAILED = (State.FAILED, State.QUARANTINED)
VERDICTS = frozenset(State) - {State.QUEUED, State.RUNNING}
NOT_READ_YET = (Reason.INPUT_ARRIVING, Reason.INPUT_HASHING, Reason.INPUT_OPEN)
UNTAKEN = "the daemon has not taken up what is left within {patience:.0f} s: `sinagotd status` says how it stands"


@dataclass(slots=True)
class Followed:
    """What a daemon did of the steps that were asked for: runs that ended, and how all of them stand."""

    ran: dict[StepKey, Ran]
    standings: dict[StepKey, Standing]
    stopped: str = ""


class Follower:
    """Asks once, then looks again and again, and says what is new."""

    def __init__(self, opened: Opened, steps: Steps, speaker: Speaker) -> None:
        self._opened = opened
        self._steps = steps
        self._keys = set(steps)
        self._speaker = speaker
        self._began = time.time()
        self._seq = 0
        self._in_flight: set[StepKey] = set()
        self._ran: dict[StepKey, Ran] = {}
        self._moved_at = time.monotonic()

    def ask(self, *, force: bool) -> None:
        """Have the daemon forget the failures among these steps; with `force`, run every one whose record it knows."""
        with self._opened.reading() as read:
            self._seq = max((event.seq for event in read.events(limit=1)), default=0)
            known = set(read.records()).intersection(self._steps.records)
            failed = {key.record for key in read.standings(states=FAILED) if key in self._keys}
        chosen = sorted(known if force else known & failed)
        for at in range(0, len(chosen), MOST_AT_ONCE):
            records = chosen[at : at + MOST_AT_ONCE]
            names = [spec.step for spec in self._steps.specs]
            request(self._opened.state_path, "retry", {"records": records, "steps": names, "force": force})

    def until_done(self, show: Callable[[Counts], None]) -> Followed:
        """Until nothing of these records is under way or about to be: the daemon does what is upstream, too.

        Raises WorkspaceError if the daemon ends meanwhile.
        """
        calm_looks = 0
        while calm_looks < ENOUGH_CALM_LOOKS:
            with self._opened.reading() as read:
                self._say_news(read)
                standings = read.standings(self._steps.records)
            under_way = {key for key, now in standings.items() if now.state in UNDER_WAY} | self._in_flight
            show(Counts(len(self._ran), len(self._ran) + len(under_way)))
            calm_looks = 0 if under_way or self._is_left() else calm_looks + 1
            if not self._in_flight and time.monotonic() - self._moved_at > PATIENCE_S:
                return Followed(self._ran, standings, UNTAKEN.format(patience=PATIENCE_S))
            if self._opened.owner() is None:
                raise WorkspaceError("the daemon ended while it worked on this: call run() again to do what is left")
            time.sleep(LOOK_S)
        return Followed(self._ran, standings)

    def _is_left(self) -> bool:
        """Whether a look as the daemon looks finds something to do that it has not noticed yet."""
        with self._opened.surveying() as surveyor:
            there = [record for record in self._steps.records if surveyor.looker.has_raw_file(record)]
            decisions = replace(surveyor.looker, policy=policy_of(surveyor.settings)).look(there).decisions
        return any(each.action is not Action.NOTHING or each.reason in NOT_READ_YET for each in decisions.values())

    def _say_news(self, read: Reader) -> None:
        events = read.events(self._seq, limit=MOST_EVENTS)
        self._seq = max((event.seq for event in events), default=self._seq)
        lines = list(self._lines(events, read))
        if lines:
            self._moved_at = time.monotonic()
            self._speaker.say(lines)

    def _lines(self, events: Iterable[EventRow], read: Reader) -> Iterator[RecordLine]:
        for event in events:
            key = StepKey(event.record or "", event.step or "")
            if event.event == State.QUEUED.value and key in self._keys:
                self._in_flight.add(key)
            if key in self._in_flight:
                ended = event.event in VERDICTS
                if ended:
                    self._end(key, read)
                yield from self._line(event, key)

    def _end(self, key: StepKey, read: Reader) -> None:
        """The last run of the step is the one that ended; a step that was taken back has none."""
        self._in_flight.discard(key)
        for run in read.runs(key, limit=1):
            if run.outcome is not None and run.claimed_at >= self._began:
                self._ran[key] = Ran(run.outcome, run.started_at or 0.0, run.ended_at or 0.0, run.error)

    def _line(self, event: EventRow, key: StepKey) -> Iterator[RecordLine]:
        """In Sinagot's words; nothing for what it had no words for."""
        said, level = None, str(event.detail.get("severity", "info"))
        if event.event == "script":
            said = str(event.detail.get("says", "")), State.RUNNING.code
        elif event.event in FAILED:
            error = self._ran[key].error if key in self._ran else None
            said = str(error or event.detail.get("why", "")), State.FAILED.code
        elif event.event in WITHOUT_VERDICT:
            said = without_verdict(event.event, str(event.detail.get("why", ""))), State.STALE.code
        elif event.event in SAID:
            said = SAID[State(event.event)]
        if said is not None:
            yield RecordLine(key.record, key.step, said[1], said[0], event.time, {"level": level})
