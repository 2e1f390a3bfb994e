"""What an earlier build left: the versions, the newest one's cells, and which of them readers see; it changes nothing."""

from contextlib import suppress
from typing import NamedTuple

from sinagotd.datakit.builds.cells import NO_CELLS, Cells, read_cells
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.builds.versions import Version, load_all, read, standing
from sinagotd.errors import DatasetError


class Last(NamedTuple):
    """`shown` is the version that readers see, if that is one; `is_chosen` if a person rolled back to it."""

    versions: list[Version]
    newest: Version | None
    shown: Version | None
    is_chosen: bool
    harm: str
    highest: int

    @property
    def shown_number(self) -> int:
        return self.shown.number if self.shown else 0


def look_back(home: Home) -> Last:
    """Read what there is; damaged versions are as if they were not."""
    versions = load_all(home)
    newest = versions[-1] if versions else None
    shown = standing(home, versions)
    listed, latest = _listed(home)
    is_chosen = shown is not None and newest is not None and shown.number == latest and newest.number in listed
    harm = "changed" if home.output.exists() else "deleted"
    highest = max([*home.numbers(), *listed], default=0)
    return Last(versions, newest, shown, is_chosen and shown != newest, harm, highest)


def cells_of(home: Home, version: Version | None) -> Cells:
    """The cells of a version; none where its table cannot be read."""
    if version is not None:
        with suppress(OSError, ValueError):
            return read_cells(home.of(version.number) / "cells.arrow")
    return NO_CELLS


def _listed(home: Home) -> tuple[set[int], int]:
    with suppress(DatasetError):
        listing = read(home.output)
        return {version.number for version in listing.versions}, listing.latest
    return set(), 0
