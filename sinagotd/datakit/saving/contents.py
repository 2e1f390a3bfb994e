"""What a Parquet file held when it was written, as far as it can be copied: told in JSON beside it. Reads no file."""

from typing import NamedTuple


class Group(NamedTuple):
    """A row group of a file: its rows, what they took in memory in bytes, where its own bytes are, and their digest."""

    rows: int
    held: int
    start: int
    size: int
    digest: str


class Contents(NamedTuple):
    """What a file holds: the digest of its footer, and its row groups in order."""

    footer: str
    groups: tuple[Group, ...]


NO_CONTENTS = Contents("", ())
"""Of a file whose row groups cannot be copied."""
