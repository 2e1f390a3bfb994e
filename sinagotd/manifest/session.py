"""One SQLite connection of one thread: its settings, nested transactions, faults told as sentences. Knows no table."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from sinagotd.errors import ManifestError
from sinagotd.manifest.faults import told

FILE_MODE = 0o640
Row = tuple[Any, ...]
Values = Mapping[str, object]

NOTHING: Values = {}
JOURNAL_MODE_WAL = "PRAGMA journal_mode = WAL"
JOURNAL_MODE_DELETE = "PRAGMA journal_mode = DELETE"  # one plain file, readable from a folder nobody may write
WAIT_FOR_OTHERS = "PRAGMA busy_timeout = 5000"
WAIT_FOR_NOBODY = "PRAGMA busy_timeout = 0"
LEAVE_ONE_PLAIN_FILE = (WAIT_FOR_NOBODY, JOURNAL_MODE_DELETE)
CHECKPOINT = "PRAGMA wal_checkpoint(RESTART)"
WRITER_SETTINGS = (
    "PRAGMA synchronous = FULL",  # NORMAL loses acknowledged commits in a power cut
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)
OUTERMOST = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
NESTED = ("SAVEPOINT nested", "RELEASE nested", ("ROLLBACK TO nested", "RELEASE nested"))


class Session:
    """Statements on one connection. Raises ManifestError, or OSError (ENOSPC) when the disk is full.

    Both leave the file as it was before the transaction; after ENOSPC the next transaction may simply be tried.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, *, parting: Iterable[str] = ()) -> None:
        self.connection = connection
        self.path = path
        self._parting = tuple(parting)
        self._depth = 0
        # A flipped bit may sit inside a text: a strange letter in a message must not stop the daemon.
        connection.text_factory = partial(str, encoding="utf-8", errors="replace")

    def rows(self, sql: str, values: Values = NOTHING) -> list[Row]:
        try:
            return self.connection.execute(sql, values).fetchall()
        except (sqlite3.Error, UnicodeError) as fault:
            self._tell(fault)

    def row(self, sql: str, values: Values = NOTHING) -> Row | None:
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def change(self, sql: str, values: Values = NOTHING) -> int:
        """Run one statement that writes; returns how many rows it touched."""
        self._check_transaction()
        try:
            return self.connection.execute(sql, values).rowcount
        except (sqlite3.Error, UnicodeError) as fault:
            self._tell(fault)

    def change_many(self, sql: str, rows: Iterable[Values]) -> None:
        with self.transaction():
            try:
                self.connection.executemany(sql, rows)
            except (sqlite3.Error, UnicodeError) as fault:
                self._tell(fault)

    def script(self, sql: str) -> None:
        """Run several statements as one transaction of their own."""
        try:
            self.connection.executescript(f"BEGIN IMMEDIATE;\n{sql};\nCOMMIT;")
        except sqlite3.Error as fault:
            self._undo(("ROLLBACK",))
            self._tell(fault)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested ones commit with the outermost; an exception undoes the block that it leaves."""
        begin, keep, undo = NESTED if self._depth else OUTERMOST
        self._check_transaction()
        self.rows(begin)
        self._depth += 1
        try:
            yield
            self.rows(keep)
        except BaseException:
            self._undo(undo)
            raise
        finally:
            self._depth -= 1

    def close(self) -> None:
        """Close, after the parting words if nobody else is in the way; closing twice does nothing."""
        with suppress(sqlite3.Error):
            for statement in self._parting:
                self.connection.execute(statement)
        self.connection.close()

    def _undo(self, statements: Iterable[str]) -> None:
        if not self.connection.in_transaction:  # SQLite rolled back by itself, as it does when the disk is full
            return
        with suppress(sqlite3.Error):
            for statement in statements:
                self.connection.execute(statement)

    def _check_transaction(self) -> None:
        if self._depth and not self.connection.in_transaction:
            raise ManifestError(
                f"{self.path}: the transaction was rolled back after a fault, nothing more goes into it"
            )

    def _tell(self, fault: sqlite3.Error | UnicodeError) -> NoReturn:
        raise told(fault, self.path) from fault


def open_to_read(path: Path, *, mode: str = "ro") -> Session:
    """A session that changes nothing, in any process at any time. Raises ManifestError if the file is not there."""
    return _connect(path, mode)


def open_to_write(path: Path) -> Session:
    """The writer's session, in WAL mode; the file must exist. Only the thread that opens it may use it."""
    session = _connect(path, "rw", parting=LEAVE_ONE_PLAIN_FILE)
    try:
        _settle_in(session)
    except BaseException:
        session.close()
        raise
    return session


def create(path: Path) -> Session:
    """Make an empty file, for its owner and group, and open it to write."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE))
    return open_to_write(path)


def checkpoint(session: Session) -> bool:
    """Move the write-ahead log into the file and begin it anew, without waiting; False if a reader is in the way."""
    session.rows(WAIT_FOR_NOBODY)
    try:
        busy, _, _ = session.rows(CHECKPOINT)[0]
        return not busy
    finally:
        session.rows(WAIT_FOR_OTHERS)


def _connect(path: Path, mode: str, *, parting: Iterable[str] = ()) -> Session:
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=256)
    except sqlite3.Error as fault:
        raise told(fault, path) from fault
    session = Session(connection, path, parting=parting)
    connection.execute(WAIT_FOR_OTHERS)
    return session


def _settle_in(session: Session) -> None:
    if session.rows(JOURNAL_MODE_WAL) != [("wal",)]:
        raise ManifestError(f"{session.path}: SQLite cannot keep a write-ahead log here: move it to a local disk")
    for setting in WRITER_SETTINGS:
        session.rows(setting)
