"""One dataset in the daemon: what happened to it, when it is due and for what. It starts nothing."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self

from sinagotd.core.schedule import NEVER, Interval, Past, Schedule, due_at
from sinagotd.daemon.datasets.desk import Desk, Remembered
from sinagotd.daemon.datasets.jobs import Errand, Report
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
    known: Remembered = field(default_factory=Remembered)
    written: Remembered = field(default_factory=Remembered)
    past: Past = field(default_factory=Past)
    progress: str = ""

    @classmethod
    def of(cls, name: str, section: DatasetSection, now: float) -> Self:
        """As an earlier process left it; whatever changed since then is looked for."""
        kept = cls(name, section, Desk.of(name, section), section.when)
        kept.look_again(now)
        return kept

    def touch(self, now: float) -> None:
        self.past = self.past.touched(now)

    def look_again(self, now: float) -> None:
        """Take up what a command did meanwhile, and what no watch saw."""
        self._recall()
        self.touch(now)

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
        """It came to an end, good or bad. Raises OSError when that cannot be remembered."""
        self._recall()
        self._know(self.known.after(errand, report, began_at))
        self.known.write(self.desk.file)
        self.written = self.known

    def _recall(self) -> None:
        """What stands in the file counts if it is not what we found there before: a full disk may keep it from being ours."""
        held = Remembered.read(self.desk.file)
        if held != self.written:
            self.written = held
            self._know(held)

    def _know(self, known: Remembered) -> None:
        self.known = known
        self.past = self.past.ended(known.began_at, failures=known.failures)

    @property
    def trouble(self) -> str:
        """What is wrong with it, to be said after its name; empty if all is well."""
        if self.known.fault:
            return f"is not built: {self.known.fault}"
        check = self.known.check
        return f"is wrong: {check.get('why', '')}" if check is not None and self.known.is_wrong else ""

    def today(self, now: float) -> datetime:
        return datetime.fromtimestamp(now).astimezone()
