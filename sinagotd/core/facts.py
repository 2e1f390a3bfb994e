"""What the planner is told: how the disk looked, and what the manifest remembers of each step."""

import struct
from collections.abc import Mapping
from typing import NamedTuple, NewType

from sinagotd.core.keys import StepKey
from sinagotd.core.reasons import Reason

Stamp = NewType("Stamp", bytes)
"""Size, mtime_ns, inode and ctime_ns, packed: cheap to keep, compared as bytes, stored as it is."""

Digest = NewType("Digest", bytes)
"""xxh3-128 of the content of a file or folder, 16 bytes."""

DIGEST_BYTES = 16
NO_DIGEST = bytes(DIGEST_BYTES)
"""Stands in a fingerprint for an input that is not there and was not waited for."""

_STAMP = struct.Struct("<QqQq")


class StampParts(NamedTuple):
    """A stamp in the open: size in bytes, times in nanoseconds since the epoch."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


def pack_stamp(size: int, mtime_ns: int, inode: int, ctime_ns: int) -> Stamp:
    return Stamp(_STAMP.pack(size, mtime_ns, inode, ctime_ns))


def unpack_stamp(stamp: Stamp) -> StampParts:
    return StampParts(*_STAMP.unpack(stamp))


class Seen(NamedTuple):
    """One path that is there. It may be read only if `unsettled` is None and the digest is known."""

    stamp: Stamp
    digest: Digest | None = None
    unsettled: Reason | None = None


Facts = Mapping[str, Seen]
"""What the disk looked like at one moment, by path below the data folder; an absent path is not there."""


class Fingerprint(NamedTuple):
    """Everything a run depends on; `inputs` is the digests of its input files, joined in the declared order."""

    code: bytes
    parameters: bytes
    inputs: bytes


RESTORED = "restored"
"""Stands where a run id would, when the manifest lost its newest part: runs that came later may be forgotten."""


class Made(NamedTuple):
    """What the last success (or adoption) was made from, and the joined digests of what it made."""

    run_id: str
    fingerprint: Fingerprint
    outputs: bytes


class Failure(NamedTuple):
    """The failed attempts at one fingerprint; `retry_at` is epoch seconds, None once given up."""

    fingerprint: Fingerprint
    attempts: int
    retry_at: float | None
    error: str


class Vain(NamedTuple):
    """The runs in a row that told nothing of the step, as what it depends on changed meanwhile or the machine failed it.

    They count for one version of the code; no other is claimed before `retry_at`, epoch seconds.
    """

    code: bytes
    times: int
    retry_at: float
    why: str


class Flight(NamedTuple):
    """A run that is claimed and not yet ended."""

    run_id: str
    started: bool


class StepHistory(NamedTuple):
    """What the manifest remembers of one step of one record."""

    made: Made | None = None
    failure: Failure | None = None
    flight: Flight | None = None
    held: bool = False
    requested: bool = False
    vain: Vain | None = None


History = Mapping[StepKey, StepHistory]
"""What the manifest remembers, by step key; a step without an entry never ran."""

NO_HISTORY = StepHistory()
