"""A fresh look at a workspace by somebody who does not own it: gathers and plans as the daemon would, writes nothing."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sinagotd.collecting import no_collecting
from sinagotd.core.facts import Stamp
from sinagotd.core.pipeline import Pipeline
from sinagotd.core.settle import Settler
from sinagotd.engine.clock import SystemClock
from sinagotd.engine.finding import Found, compare
from sinagotd.engine.gathering import Gatherer, StampOf
from sinagotd.engine.loading import Ask, ScriptReader
from sinagotd.engine.looking import Looker, Planned, policy_of
from sinagotd.engine.resting import resting
from sinagotd.errors import WorkspaceError
from sinagotd.manifest.blank import open_blank
from sinagotd.manifest.place import has_manifest
from sinagotd.manifest.reader import Reader, open_reader
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.walk import Walk, walk
from sinagotd.settings.ownership import Trust
from sinagotd.settings.workspace import WorkspaceSettings


class Surveyed(NamedTuple):
    """What a look at everything gives; of the records at rest every step is current, and stands as last said."""

    found: Found
    planned: Planned
    at_rest: frozenset[str]


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Looks at a workspace through the manifest in its state folder, or an empty one if nothing ever ran."""

    settings: WorkspaceSettings
    pipeline: Pipeline
    read: Reader
    looker: Looker

    def look_at_all(self) -> Surveyed:
        """Walk the data folder and plan every record that is there and not at rest."""
        with no_collecting():
            at_rest = resting(self.read, self.pipeline, self.looker.policy)
            seen = self._walk()
            found = compare(seen, self.read.stamps(), self.pipeline)
            if at_rest:
                at_rest &= found.records
                at_rest.difference_update(*(self.pipeline.touched(path, at_rest) for path in found.changed))
            planned = self.looker.look(sorted(found.records - at_rest), self._stamp_of(seen))
            return Surveyed(found, planned, frozenset(at_rest))

    def look_at(self, records: Collection[str]) -> Planned:
        """Plan these records; raises WorkspaceError for one that is not there."""
        for record in records:
            if self.pipeline.id_pattern.bindings(record) is None:
                raise WorkspaceError(f"{record!r} is not a record id: it must match {self.settings.id_pattern!r}")
            if not self.looker.has_raw_file(record):
                raise WorkspaceError(f"there is no record {record!r}: none of its raw files is in the data folder")
        return self.looker.look(records)

    def _walk(self) -> Walk:
        ignored = IgnoredNames(self.settings.watch.ignore)
        return walk(self.settings.data_path, self.pipeline.reach(), ignored=ignored)

    def _stamp_of(self, seen: Walk) -> StampOf:
        unusable = {finding.path for finding in seen.findings}
        if not unusable:
            return seen.stamps.get

        def stamp_of(path: str) -> Stamp | None:
            return self.looker.gatherer.stamp(path) if path in unusable else seen.stamps.get(path)

        return stamp_of


@contextmanager
def surveying(
    settings: WorkspaceSettings, state_path: Path, *, ask: Ask, trust: Trust | None = None
) -> Iterator[Surveyor]:
    """A surveyor of this workspace. Raises ConfigError for its pipeline, ManifestError for its manifest."""
    pipeline = ScriptReader(settings, ask, trust).load().pipeline
    with open_reader(state_path) if has_manifest(state_path) else open_blank() as read:
        clock = SystemClock()
        gatherer = Gatherer(settings, pipeline.id_pattern, read, Settler(), clock, lambda _path, _stamp: None)
        yield Surveyor(settings, pipeline, read, Looker(pipeline, gatherer, read, clock, policy_of(settings)))
