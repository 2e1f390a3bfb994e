"""One look at everything below the data folder that patterns can reach. It reads no content and never gives up."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sinagotd.core.facts import Stamp
from sinagotd.core.reach import Place, Reach
from sinagotd.scan.findings import Finding, Unreadable
from sinagotd.scan.listing import Listing, listed
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.stamps import plain_stamp, refuse_outside, stamp_of


class Walk(NamedTuple):
    """What was seen: stamps by path below the root, entries that cannot be used, and how many folders were listed."""

    stamps: dict[str, Stamp]
    findings: tuple[Finding, ...]
    folders: int


def walk(
    root: str | Path, reach: Reach, *, ignored: IgnoredNames, start: str = "", listing: Listing | None = None
) -> Walk:
    """Stamp every file and folder that a pattern ends at, at or below `start` (a path below the root).

    A folder that a pattern ends at is stamped as one input; where patterns go on inside, its files are stamped too.
    A `start` that is gone, ignored or out of reach gives an empty walk; a root that cannot be listed is a finding.
    Every folder that is listed goes into `listing`, too.
    """
    walker = _Walker(os.fspath(root), os.path.realpath(root), reach, ignored, listing)
    walker.begin(start)
    while walker.pending:
        walker.list_folder(*walker.pending.pop())
    return Walk(walker.stamps, tuple(walker.findings), walker.folders)


@dataclass(slots=True)
class _Walker:
    root: str
    real_root: str
    reach: Reach
    ignored: IgnoredNames
    listing: Listing | None
    stamps: dict[str, Stamp] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    folders: int = 0
    pending: list[tuple[str, Place]] = field(default_factory=list)

    def begin(self, start: str) -> None:
        if not start:
            self.pending.append((start, self.reach.root))
            return
        place = self._place_of(start)
        full = f"{self.root}/{start}"
        if place is None or self.ignored.hides(start) or not os.path.lexists(full):
            return
        try:
            refuse_outside(self.real_root, full, start)
            self._see(start, place, Path(full))
        except (Unreadable, OSError) as fault:
            self._find(start, fault)

    def _place_of(self, path: str) -> Place | None:
        place: Place | None = self.reach.root
        for name in path.split("/"):
            place = None if place is None else place.enter(name)
        return place

    def list_folder(self, path: str, place: Place) -> None:
        self.folders += 1
        try:
            with listed(f"{self.root}/{path}") as entries:
                if self.listing is not None:
                    self.listing.add(path, entries)
                self._see_all(f"{path}/" if path else "", place, entries)
        except OSError as fault:
            self._find(path, fault)

    def _see_all(self, prefix: str, place: Place, entries: list[os.DirEntry[str]]) -> None:
        enter, ignored = place.enter, self.ignored if prefix else self.ignored.hides
        for entry in entries:
            name = entry.name
            if (child := enter(name)) is None or ignored(name):
                continue
            try:
                self._see(prefix + name, child, entry)
            except (Unreadable, OSError) as fault:
                self._find(prefix + name, fault)

    def _see(self, path: str, place: Place, entry: os.DirEntry[str] | Path) -> None:
        if entry.is_symlink():
            refuse_outside(self.real_root, f"{self.root}/{path}", path)
        if place.goes_on and entry.is_dir():
            self.pending.append((path, place))
        if place.ends:
            status = entry.stat()
            self.stamps[path] = plain_stamp(status) or self._closer(path, status)

    def _closer(self, path: str, status: os.stat_result) -> Stamp:
        if self.listing is not None:
            self.listing.miss()  # what is in a folder that counts as one input; who may read a file
        return stamp_of(f"{self.root}/{path}", status, path)

    def _find(self, path: str, fault: Unreadable | OSError) -> None:
        if isinstance(fault, Unreadable):
            self.findings.append(fault.finding)
        elif not path or not isinstance(fault, FileNotFoundError):
            self.findings.append(Unreadable.because(path, fault).finding)
