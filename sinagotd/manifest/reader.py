"""Reads the manifest, in the process that writes it and in any other; changes nothing."""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import TypeVar

from sinagotd.core.facts import Digest, Stamp, StepHistory
from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.manifest import queries
from sinagotd.manifest.columns import UNREADABLE, event_of, history_of, in_flight_of, run_of, standing_of
from sinagotd.manifest.faults import DamagedError
from sinagotd.manifest.glance import Glance, open_session
from sinagotd.manifest.rows import EventRow, InFlight, RunRow, Standing
from sinagotd.manifest.session import Row

Answer = TypeVar("Answer")


def open_reader(folder: Path) -> "Reader":
    """A reader of the manifest in this state folder, for this thread; close it soon, it is cheap to open.

    Works while the daemon does and while it is down, also for users who may only read the folder.
    Raises ManifestError when there is no manifest, or one that this program cannot read.
    """
    return Reader(open_session(folder))


class Reader(Glance):
    """The questions one may ask. Each is answered whole, by one statement, from one moment."""

    def digests(self, paths: Iterable[str]) -> dict[str, tuple[Stamp, Digest]]:
        """What is known of these paths; the others are left out."""
        left = map(os.fsencode, paths)
        known: dict[str, tuple[Stamp, Digest]] = {}
        while some := tuple(islice(left, len(queries.SOME_PATHS))):
            values = dict(zip_longest(queries.SOME_PATHS, some))
            known.update(_remembered(self._session.rows(queries.DIGESTS_OF_PATHS, values)))
        return known

    def stamps(self) -> Iterator[tuple[str, Stamp]]:
        """Every path that is known, in order, as it looked; read piece by piece, so not from one moment."""
        after = b""
        while rows := self._session.rows(queries.STAMPS, {"after": after}):
            yield from ((os.fsdecode(path), stamp) for path, stamp in rows)
            after = rows[-1][0]

    def paths_below(self, folder: str) -> set[str]:
        """The paths in this folder, or deeper, that something is known of."""
        below = os.fsencode(folder) + b"/"
        rows = self._session.rows(queries.PATHS_BETWEEN, {"first": below, "after": below[:-1] + b"0"})  # 0 follows /
        return {os.fsdecode(path) for (path,) in rows}

    def records(self) -> list[str]:
        """The records that are not retired, sorted."""
        return [record for (record,) in self._session.rows(queries.RECORDS)]

    def history(self, records: Collection[str] | None = None) -> dict[StepKey, StepHistory]:
        """What is remembered of the steps of these records; of all, the retired ones too, when none are named."""
        if records is None:
            return dict(self._answers(history_of, queries.HISTORY))
        return dict(self._answers(history_of, queries.HISTORY_OF_RECORDS, records=json.dumps(list(records))))

    def resting(self, steps: Collection[str]) -> set[str]:
        """The records of which each of these steps is current as last said, and nothing else is the matter with it."""
        values = {"steps": json.dumps(list(steps)), "count": len(steps)}
        return {record for (record,) in self._session.rows(queries.RESTING, values)}

    def standings(
        self, records: Collection[str] | None = None, states: Collection[State] | None = None
    ) -> dict[StepKey, Standing]:
        """How steps stand as last said; retired records are left out unless they are named."""
        wanted = json.dumps(list(State if states is None else states))
        if records is None:
            return dict(self._answers(standing_of, queries.STANDINGS, states=wanted))
        named = json.dumps(list(records))
        return dict(self._answers(standing_of, queries.STANDINGS_OF_RECORDS, states=wanted, records=named))

    def counts(self) -> dict[State, int]:
        """How many steps stand how, without retired records; a state that no step is in is left out."""
        return dict(self._answers(lambda row: (State(row[0]), int(row[1])), queries.COUNTS))

    def in_flight(self) -> list[InFlight]:
        """The runs that are claimed and not yet ended, in the order of their claims."""
        return self._answers(in_flight_of, queries.IN_FLIGHT)

    def run(self, run_id: str) -> RunRow | None:
        return next(iter(self._answers(run_of, queries.RUN, run_id=run_id)), None)

    def runs(self, key: StepKey | None = None, limit: int = 100) -> list[RunRow]:
        """The newest runs first, of one step or of all."""
        if key is None:
            return self._answers(run_of, queries.RUNS, limit=limit)
        return self._answers(run_of, queries.RUNS_OF_STEP, record=key.record, step=key.step, limit=limit)

    def events(
        self, after_seq: int = 0, record: str | None = None, step: str | None = None, *, limit: int = 1000
    ) -> list[EventRow]:
        """The newest `limit` events after this one, oldest first; a step is one of a record."""
        sql = queries.EVENTS if record is None else queries.EVENTS_OF_RECORD
        return self._answers(event_of, sql, after_seq=after_seq, record=record, step=step, limit=limit)[::-1]

    def _answers(self, convert: Callable[[Row], Answer], sql: str, **values: object) -> list[Answer]:
        try:
            return [convert(row) for row in self._session.rows(sql, values)]
        except UNREADABLE as fault:
            raise DamagedError(f"{self._session.path} holds a row that cannot be read: {fault!r}") from fault


def _remembered(rows: Iterable[Row]) -> dict[str, tuple[Stamp, Digest]]:
    return {os.fsdecode(path): (stamp, digest) for path, stamp, digest in rows}
