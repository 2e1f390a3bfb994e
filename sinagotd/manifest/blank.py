"""The manifest of a workspace on which nothing ever ran: empty, in memory, so that looking writes nothing."""

import sqlite3
from pathlib import Path

from sinagotd.manifest.migrating import migrate, migrations
from sinagotd.manifest.reader import Reader
from sinagotd.manifest.session import Session


def open_blank() -> Reader:
    """A reader that knows nothing."""
    session = Session(sqlite3.connect(":memory:", isolation_level=None), Path(":memory:"))
    migrate(session, migrations())
    return Reader(session)
