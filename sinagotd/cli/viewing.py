"""How the steps of a workspace stand: as the daemon that owns it last said, else as found on disk now."""

import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sinagotd.cli.places import Place
from sinagotd.cli.text import moment
from sinagotd.cli.walking import refuse_unknown, surveyed
from sinagotd.core.keys import StepKey
from sinagotd.core.reasons import Reason
from sinagotd.core.states import State
from sinagotd.engine.looking import Planned
from sinagotd.engine.room import shortage
from sinagotd.engine.standings import changes
from sinagotd.engine.survey import Surveyor
from sinagotd.manifest.lock import Owner, owner
from sinagotd.manifest.reader import open_reader
from sinagotd.manifest.rows import Standing

IN_FLIGHT = (State.QUEUED, State.RUNNING)
DIED = "it was {state} when the daemon ended: the next start sees to it"


@dataclass(frozen=True, slots=True)
class View:
    """How things stood at the epoch time `at`, who owned the workspace then, and what it had too little room for."""

    place: Place
    owner: Owner | None
    at: float
    steps: dict[StepKey, Standing]
    short: str = ""

    @property
    def source(self) -> str:
        """Where this comes from, as the first line of output."""
        if self.owner is None:
            return "no daemon is running: as found on disk just now"
        running = f"running: process {self.owner.pid} on {self.owner.host} since {moment(self.owner.started_at)}"
        return f"{running}; nothing new is run: {self.short}" if self.short else running


@contextmanager
def viewer(place: Place) -> Iterator["Viewer"]:
    """A viewer of this place; what it opens is closed at the end."""
    with ExitStack() as stack:
        yield Viewer(place, stack)


class Viewer:
    """Looks as often as asked. Without a daemon it keeps its surveyor, so that no file is read twice."""

    def __init__(self, place: Place, stack: ExitStack) -> None:
        self._place = place
        self._stack = stack
        self._surveyor: Surveyor | None = None

    def view(self, records: Collection[str] = ()) -> View:
        """How the steps of these records, or of all, stand. Raises WorkspaceError for a record that is not there."""
        who = owner(self._place.state_path)
        steps = self._on_disk(records) if who is None else self._as_said(records)
        place = self._place
        short = shortage((place.settings.data_path, place.state_path), place.settings.run.reserve)
        return View(place, who, time.time(), steps, short)

    def _as_said(self, records: Collection[str]) -> dict[StepKey, Standing]:
        self._surveyor = None
        self._stack.close()
        with open_reader(self._place.state_path) as read:
            standings = read.standings(records or None)
        self._refuse_unsaid(records, standings)
        order = {name: at for at, name in enumerate(_step_names(self._place))}
        known = [key for key in standings if key.step in order]
        return {key: standings[key] for key in sorted(known, key=lambda key: (key.record, order[key.step]))}

    def _refuse_unsaid(self, records: Collection[str], standings: Collection[StepKey]) -> None:
        unsaid = set(records) - {key.record for key in standings}
        if unsaid:
            with surveyed(self._place) as surveyor:
                for record in unsaid:
                    refuse_unknown(record, surveyor)

    def _on_disk(self, records: Collection[str]) -> dict[StepKey, Standing]:
        surveyor = self._surveyor = self._surveyor or self._stack.enter_context(surveyed(self._place))
        for record in records:
            refuse_unknown(record, surveyor)
        if records:
            return found_standings(surveyor, surveyor.look_at(records), owned=False)
        everything = surveyor.look_at_all()
        return _in_order(surveyor, everything.at_rest, found_standings(surveyor, everything.planned, owned=False))


def found_standings(surveyor: Surveyor, planned: Planned, *, owned: bool) -> dict[StepKey, Standing]:
    """How these steps stand by a fresh look, since when by what was last said. `owned`: a daemon follows the runs."""
    said = surveyor.read.standings({key.record for key in planned.decisions})
    found = said | changes(planned.decisions, said, at=time.time())
    return {key: found[key] if owned else _without_a_daemon(found[key]) for key in planned.decisions}


def _in_order(surveyor: Surveyor, at_rest: Collection[str], found: dict[StepKey, Standing]) -> dict[StepKey, Standing]:
    """What was found, and how the records at rest stand, sorted by record and in the order of the steps."""
    said = surveyor.read.standings(at_rest) if at_rest else {}
    steps = [spec.step for spec in surveyor.pipeline.specs]
    records = sorted({key.record for key in found} | set(at_rest))
    keys = [StepKey(record, step) for record in records for step in steps]
    return {key: found.get(key) or said[key] for key in keys}


def _without_a_daemon(standing: Standing) -> Standing:
    """Nobody runs what was in flight, and nobody tries again what has failed."""
    if standing.reason == Reason.RETRYING.name:
        return standing._replace(state=State.FAILED)
    if standing.state not in IN_FLIGHT:
        return standing
    return standing._replace(sentence=DIED.format(state=standing.state.value))


def _step_names(place: Place) -> list[str]:
    return [name for unit in place.settings.units for name in unit.step_names()]
