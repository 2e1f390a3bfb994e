"""What can happen to the daemon. Producers only put these into the inbox; the loop alone reads them."""

from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from sinagotd.core.facts import Digest, Stamp
from sinagotd.engine.finding import Found
from sinagotd.runner.protocol import RunnerEvent
from sinagotd.scan.listing import Listed


@dataclass(frozen=True, slots=True)
class FilesTouched:
    """The watcher of a workspace has hints."""

    workspace: str


@dataclass(frozen=True, slots=True)
class WalkDue:
    """It is time to look at everything in a workspace."""

    workspace: str


@dataclass(frozen=True, slots=True)
class Walked:
    """A walk ended; `offline` says why nothing may be decided from it, `failed` is why it could not be done.

    `listed` is what there was to see, where that can be told.
    """

    workspace: str
    found: Found | None
    offline: str | None = None
    failed: Exception | None = None
    listed: Listed | None = None


@dataclass(frozen=True, slots=True)
class Hashed:
    """A large file was fingerprinted off the loop; None when it moved or could not be read."""

    workspace: str
    path: str
    stamp: Stamp
    digest: Digest | None


@dataclass(frozen=True, slots=True)
class WatchCheckDue:
    """It is time to see whether the watchers still see."""


@dataclass(frozen=True, slots=True)
class UpkeepDue:
    """It is time to back up and prune the manifests."""


@dataclass(frozen=True, slots=True)
class MetricsDue:
    """It is time to tell monitoring how things stand."""


@dataclass(frozen=True, slots=True)
class RootsTouched:
    """The watchers of the trees of datasets have hints."""


@dataclass(frozen=True, slots=True)
class RootsDue:
    """It is time to look at what datasets are made of, whatever was seen of it."""


@dataclass(frozen=True, slots=True)
class Requested:
    """A command asks for something; `answer` is called once with what to tell it."""

    workspace: str
    verb: str
    arguments: dict[str, Any]
    answer: Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class WorkspaceClosed:
    """The last event of a workspace that was closed."""

    workspace: str


@dataclass(frozen=True, slots=True)
class ReloadRequested:
    """Read the settings again."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Drain and stop."""


Event = (
    FilesTouched
    | WalkDue
    | Walked
    | Hashed
    | WatchCheckDue
    | UpkeepDue
    | MetricsDue
    | RootsTouched
    | RootsDue
    | Requested
    | WorkspaceClosed
    | ReloadRequested
    | StopRequested
    | RunnerEvent
)
Inbox = SimpleQueue[Event]
