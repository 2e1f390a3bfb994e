"""How steps stand, for a scientist: as the owner of the workspace said last, else by a fresh look. It writes nothing.

The states are the planner's, with Sinagot's view where that differs: outputs outlive their inputs, and what no manifest
remembers is told by the record's log.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sinagotd.collecting import no_collecting
from sinagotd.core.facts import unpack_stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.reasons import Reason
from sinagotd.core.states import State
from sinagotd.engine.looking import Planned
from sinagotd.engine.standings import IN_FLIGHT, changes
from sinagotd.manifest.rows import Standing
from sinagotd.settings.workspace import UnitSettings
from sinagotd.workspace.glance import at_rest, look
from sinagotd.workspace.log_lines import LastWord, last_words
from sinagotd.workspace.opened import Opened, Wanted

DIED = "it was {state} when the process that ran it ended"
OUTLIVES = "its outputs are there, {why}"
LOGGED = "LOGGED"
"""Stands where the name of a Reason would, for what only the record's log tells."""

INPUT_MISSING, INPUT_HASHING = Reason.INPUT_MISSING.name, Reason.INPUT_HASHING.name
LEFT_SO = {
    Reason.BACKING_OFF.name: "it failed: {detail}",
    Reason.RETRYING.name: "it failed: {detail}",
    Reason.IN_VAIN.name: "its runs came to nothing: {detail}",
}
"""What is said of a step that only a daemon would try again."""
TELLING = {State.RUNNING.code: State.RUNNING, State.FAILED.code: State.FAILED}


class StepRow(NamedTuple):
    """One step of one record; `place` counts the steps of its unit from 1."""

    key: StepKey
    task: str | None
    modality: str | None
    place: int
    label: str
    standing: Standing

    @property
    def code(self) -> int:
        """Sinagot's status code."""
        return self.standing.state.code


def step_rows(opened: Opened, records: Sequence[str], wanted: Wanted) -> list[StepRow]:
    """The wanted steps of these records: by record as given, then as the units list them.

    Raises ConfigError for scripts that do not fit together, ManifestError.
    """
    listed = tuple(_listed(opened.settings.units, wanted))
    with no_collecting():
        standings = _standings(opened, records)
        return [
            StepRow(key, unit.task, unit.modality, place, label, standings[key])
            for record in records
            for unit, place, label, name in listed
            if (key := StepKey(record, name)) in standings
        ]


def _listed(units: Sequence[UnitSettings], wanted: Wanted) -> Iterator[tuple[UnitSettings, int, str, str]]:
    for unit in filter(wanted.meets, units):
        for place, (script, name) in enumerate(zip(unit.scripts, unit.step_names(), strict=True), start=1):
            if wanted.label in (None, script.label):
                yield unit, place, script.label, name


def _standings(opened: Opened, records: Sequence[str]) -> dict[StepKey, Standing]:
    owned = opened.owner() is not None
    with opened.surveying() as surveyor:
        said = surveyor.read.standings(records)
        told = {key.record for key in said} if owned else at_rest(surveyor, records)
        planned = look(surveyor, [record for record in records if record not in told])
    found = said | changes(planned.decisions, said, at=time.time())
    if not owned:
        found = {key: _without_owner(now) for key, now in found.items()}
    words = _Words(opened.settings.data_path, planned)
    return found | {key: words.over(found[key], key) for key in planned.decisions}


def _without_owner(found: Standing) -> Standing:
    """What was found, as it is told while no process is at work: nothing is run, or tried again, by itself."""
    if found.state in IN_FLIGHT:
        return found._replace(state=State.STALE, sentence=DIED.format(state=found.state.value))
    if found.reason == INPUT_MISSING and found.state is State.CURRENT:
        return found._replace(sentence=OUTLIVES.format(why=found.sentence))
    if found.reason == INPUT_HASHING:
        return found._replace(state=State.STALE)
    if found.reason in LEFT_SO:
        _, _, detail = found.sentence.partition(": ")
        return found._replace(state=State.FAILED, sentence=LEFT_SO[found.reason].format(detail=detail), until=None)
    return found


@dataclass(slots=True)
class _Words:
    """What the logs of records say of steps that the manifest does not remember."""

    data_path: Path
    planned: Planned
    _said: dict[str, dict[str, LastWord]] = field(default_factory=dict)

    def over(self, found: Standing, key: StepKey) -> Standing:
        """What was found, unless the log tells of a run under way, or failed, after the outputs were made."""
        if key in self.planned.history:
            return found
        if key.record not in self._said:
            self._said[key.record] = last_words(self.data_path, key.record)
        word = self._said[key.record].get(key.step)
        state = None if word is None else TELLING.get(word.status)
        if word is None or state is None or (found.state is State.CURRENT and word.at <= self._made_at(key)):
            return found
        return Standing(state, LOGGED, f"its log says: {word.message}", word.at)

    def _made_at(self, key: StepKey) -> float:
        """When the newest output was written, epoch seconds."""
        seen = (self.planned.facts[path] for path in self.planned.bounds[key].outputs if path in self.planned.facts)
        return max((unpack_stamp(each.stamp).mtime_ns for each in seen), default=0) / 1e9
