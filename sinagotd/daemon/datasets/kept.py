"""One dataset in the daemon: what happened to it, when it is due and for what. It starts nothing."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Self

from sinagotd.core.schedule import NEVER, Interval, Past, Schedule, due_at
from sinagotd.daemon.datasets.desk import Desk, Remembered, Report
from sinagotd.daemon.datasets.jobs import Errand
from sinagotd.daemon.datasets.telling import WRONG
from sinagotd.settings.datasets import DatasetSection


class Due(NamedTuple):
    """What is wanted, and since when or from when on, in epoch seconds."""

    at: float
    errand: Errand


@dataclass(slots=True)
class Kept:
    """A dataset that is kept up to date. Times are epoch seconds."""

    name: str
    section: DatasetSection
    desk: Desk
    schedule: Schedule
    known: Remembered
    past: Past = field(default_factory=Past)
    progress: str = ""

    @classmethod
    def of(cls, name: str, section: DatasetSection, now: float) -> Self:
        """As an earlier process left it; whatever changed since then is looked for."""
        desk = Desk.of(name, section)
        known = Remembered.read(desk.file)
        past = Past(began_at=known.began_at, failures=known.failures)
        return cls(name, section, desk, section.when, known, past.touched(now))

    def touch(self, now: float) -> None:
        self.past = self.past.touched(now)

    def due(self, now: float) -> Due:
        """The next errand; what is published is checked between two builds, first when it is as old as two checks may be apart."""
        build = Due(due_at(self.schedule, self.past, now), Errand.BUILD)
        return min(build, Due(self._check_at(now), Errand.CHECK))

    def _check_at(self, now: float) -> float:
        every_s, built_at = self.section.verify, self.known.began_at
        if every_s is None or self.schedule is None or self.known.report is None or built_at is None:
            return NEVER
        return due_at(Interval(every_s), Past(began_at=self.known.checked_at or built_at), now)

    def begin(self, errand: Errand) -> None:
        self.progress = ""
        if errand is Errand.BUILD:
            self.past = self.past.cleaned()

    def ended(self, errand: Errand, report: Report, began_at: float) -> None:
        """It came to its end, whatever it found. Raises OSError when that cannot be remembered."""
        if errand is Errand.CHECK:
            self.known = replace(self.known, check=report, checked_at=began_at)
        else:
            self.past = self.past.built(began_at)
            self.known = replace(self.known, began_at=began_at, failures=0, fault=None, report=report)
        self.known.write(self.desk.file)

    def failed(self, errand: Errand, why: str, began_at: float) -> None:
        """It did not come to its end. Raises OSError as `ended`."""
        if errand is Errand.CHECK:
            self.known = replace(self.known, checked_at=began_at)
        else:
            self.past = self.past.failed(began_at)
            self.known = replace(self.known, began_at=began_at, failures=self.past.failures, fault=why)
        self.known.write(self.desk.file)

    @property
    def trouble(self) -> str:
        """What is wrong with it, to be said after its name; empty if all is well."""
        if self.known.fault:
            return f"is not built: {self.known.fault}"
        check = self.known.check
        return f"is wrong: {check.get('why', '')}" if check and check.get("status") == WRONG else ""

    def today(self, now: float) -> datetime:
        return datetime.fromtimestamp(now).astimezone()
