"""The values that the watcher hands out: what wants a look, and how well it sees. It does nothing itself."""

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Hints(NamedTuple):
    """Where to look. `files` tells of each path below the root whether it arrived by rename into its final name.

    `folders` are to be walked anew, also to learn that they are gone. `lost` says why hints may be missing: then
    only a full walk tells what is there.
    """

    files: dict[str, bool]
    folders: frozenset[str]
    lost: str | None


class Health(NamedTuple):
    """How a root is looked at: by events, or by scanning alone because of `why`.

    `watches` counts the watched folders, `blind` those that this user may not watch, `renewals` how often the
    watching had to begin anew.
    """

    mode: Literal["watching", "scanning"]
    why: str | None
    watches: int
    blind: int
    renewals: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the watcher bears with what; times in seconds."""

    cookie_s: float = 10.0  # an event slower than this is taken for lost
    stall_s: float = 120.0  # between two checks; the daemon checks far more often
    retry_s: float = 60.0  # until watching is tried again after it was given up
    renewals: int = 3  # in a row, without a cookie seen in between, before it is given up
