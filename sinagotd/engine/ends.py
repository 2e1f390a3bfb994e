"""A run from its claim to its end, as values."""

from typing import NamedTuple

from sinagotd.core.facts import Fingerprint
from sinagotd.core.keys import StepKey
from sinagotd.manifest.rows import Remembered
from sinagotd.scripts.orders import Receipt, RunOrder


class Claimed(NamedTuple):
    """A run that was taken in the manifest, with its inputs as they stood then."""

    key: StepKey
    order: RunOrder
    fingerprint: Fingerprint
    attempt: int
    inputs: tuple[Remembered, ...]


class Ended(NamedTuple):
    """A run whose end is to be recorded; `in_vain` says why it tells nothing of its step, "" if it does."""

    claimed: Claimed
    receipt: Receipt
    in_vain: str = ""
