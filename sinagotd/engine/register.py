"""Which records a workspace has: met when a raw file comes, retired when none is left. It plans nothing."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sinagotd.core.wiring import lineage
from sinagotd.engine.looking import Looker
from sinagotd.engine.tools import Tools
from sinagotd.manifest.writer import Manifest
from sinagotd.scan.findings import Unreadable


@dataclass(slots=True)
class Register:
    """The known records; whatever changes is remembered in the manifest first."""

    manifest: Manifest
    looker: Looker
    tools: Tools
    known: set[str] = field(default_factory=set)

    def take_over(self, records: Collection[str]) -> None:
        """Take these records for known; the ones that the id pattern does not fit are retired."""
        pattern = self.looker.pipeline.id_pattern
        fitting = {record for record in records if pattern.bindings(record) is not None}
        misfits = set(records) - fitting
        if misfits:
            self._retire(misfits)
            self.tools.log.warning("records_retired", count=len(misfits), why="the id pattern does not fit them")
        self.known = fitting

    def meet(self, records: Collection[str]) -> list[str]:
        """Raw files of these records are there; returns the ones that were not known yet."""
        new = sorted(set(records) - self.known)
        if new:
            with self.manifest.transaction():
                self.manifest.see_records(new, at=self.tools.clock.now())
            self.known.update(new)
        return new

    def retire(self, records: Collection[str]) -> set[str]:
        """A walk found no raw file of these records; returns the ones that really have none. Their history is kept."""
        gone = {record for record in records if not self._has_raw_file(record)}
        if gone:
            self._retire(gone)
            self.known -= gone
            self.tools.log.info("records_retired", count=len(gone), first=sorted(gone)[:10])
        return gone

    def strangers(self, path: str) -> list[str]:
        """The records that are not known yet although this path, or a folder that holds it, is a raw file of theirs."""
        record_of = self.looker.pipeline.record_of
        at = [(place, record) for place in lineage(path) if (record := record_of(place)) is not None]
        return [record for place, record in at if record not in self.known and self.looker.gatherer.is_there(place)]

    def _retire(self, records: Collection[str]) -> None:
        with self.manifest.transaction():
            self.manifest.retire_records(records, at=self.tools.clock.now())

    def _has_raw_file(self, record: str) -> bool:
        """Whether there is one, be it readable or not."""
        try:
            return self.looker.has_raw_file(record)
        except Unreadable:
            return True
