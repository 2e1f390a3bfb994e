"""What the manifest answers with. Values only; times are epoch seconds, memory is in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sinagotd.core.facts import Digest, Fingerprint, Stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome, State
from sinagotd.scripts.orders import RunError, RunOrder

ADOPTED = "adopted"
"""Stands where a run id would, when a step's outputs were there already and no run made them."""

Remembered = tuple[str, Stamp, Digest]
"""A path below the data folder with what is known of its content."""


class Standing(NamedTuple):
    """How a step stands as last said: `reason` is the name of a Reason, `until` the time of a retry."""

    state: State
    reason: str
    sentence: str
    since: float
    until: float | None = None


class InFlight(NamedTuple):
    """A run that is claimed and not yet ended, with everything that is needed to follow or settle it."""

    run_id: str
    key: StepKey
    fingerprint: Fingerprint
    attempt: int
    order: RunOrder
    inputs: tuple[Remembered, ...]
    claimed_at: float


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as it is remembered; `outcome` is None while it is in flight.

    `claimed_at` is by the daemon's clock, `started_at` and `ended_at` by the worker's once its receipt is in.
    `order` is the JSON text of its RunOrder; `inputs` are (path, stamp, digest) and `outputs` maps paths to
    digests, stamps and digests in hex.
    """

    run_id: str
    key: StepKey
    attempt: int
    outcome: Outcome | None
    claimed_at: float
    started_at: float | None
    ended_at: float | None
    fingerprint: Fingerprint
    order: str
    inputs: tuple[tuple[str, str, str], ...]
    outputs: Mapping[str, str]
    host: str
    pid: int
    cpu_s: float
    peak_memory_bytes: int
    error: RunError | None
    stdout: str
    stderr: str
    versions: Mapping[str, str]


class EventRow(NamedTuple):
    """One line of the workspace's story; `seq` only grows."""

    seq: int
    time: float
    record: str | None
    step: str | None
    event: str
    detail: Mapping[str, Any]
