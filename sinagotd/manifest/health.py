"""Looks for damage in a manifest file: what SQLite itself finds, and values that no program of ours wrote."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sinagotd.core.facts import RESTORED
from sinagotd.core.states import Outcome, State
from sinagotd.manifest.faults import DamagedError
from sinagotd.manifest.migrating import migrate, migrations, newest_version, refuse_newer, version_of
from sinagotd.manifest.rows import ADOPTED
from sinagotd.manifest.session import Session, open_to_read

HEADER_BYTES = 100
FILE_FORMAT = slice(18, 20)  # https://sqlite.org/fileformat2.html, section 1.3
PLAIN, WITH_LOG = b"\x01\x01", b"\x02\x02"

SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
INTEGRITY_CHECK = "PRAGMA integrity_check(20)"  # quick_check does not see an index that misses a row


class Rule(NamedTuple):
    """A statement that lists what breaks the rule, and the sentence to say about each."""

    sql: str
    sentence: str


RULES = (
    Rule(
        """
        SELECT DISTINCT state FROM steps
        WHERE state IS NOT NULL AND state NOT IN (SELECT value FROM json_each(:states))
        """,
        "steps: {} is no state",
    ),
    Rule(
        """
        SELECT DISTINCT outcome FROM runs
        WHERE outcome IS NOT NULL AND outcome NOT IN (SELECT value FROM json_each(:outcomes))
        """,
        "runs: {} is no outcome",
    ),
    # Python writes the NaN and Infinity of a script's options, SQLite does not take them for JSON.
    Rule(
        """
        SELECT run_id FROM runs
        WHERE NOT (json_valid(replace(replace(order_json, 'NaN', '0'), 'Infinity', '0')) AND json_valid(input_files)
                   AND json_valid(output_files) AND json_valid(versions))
        LIMIT 3
        """,
        "run {} holds text that is not JSON",
    ),
    Rule(
        "SELECT seq FROM events WHERE NOT json_valid(replace(replace(detail, 'NaN', '0'), 'Infinity', '0')) LIMIT 3",
        "event {} holds text that is not JSON",
    ),
    Rule(
        """
        SELECT record || '/' || step FROM steps
        WHERE flight_run_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM runs
            WHERE run_id = flight_run_id AND outcome IS NULL
              AND runs.record = steps.record AND runs.step = steps.step)
        """,
        "step {} is in flight, but its run is not",
    ),
    Rule(
        """
        SELECT run_id FROM runs
        WHERE outcome IS NULL AND NOT EXISTS (
            SELECT 1 FROM steps
            WHERE flight_run_id = run_id AND steps.record = runs.record AND steps.step = runs.step)
        """,
        "run {} never ended, but its step is not in flight",
    ),
    Rule(
        """
        SELECT record || '/' || step FROM steps
        WHERE made_run_id NOT IN (:adopted, :restored)
          AND NOT EXISTS (SELECT 1 FROM runs WHERE run_id = made_run_id)
        """,
        "step {} was made by a run that is not recorded",
    ),
    Rule("SELECT count(*) FROM digests WHERE length(stamp) <> 32 HAVING count(*) > 0", "{} stamps are not 32 bytes"),
)


def complaint(path: Path) -> str | None:
    """What is wrong with this file, None if it can be used. Raises ManifestError if a newer program wrote it."""
    file_format, log_bytes = header(path)[FILE_FORMAT], size_of(path.with_name(path.name + "-wal"))
    if file_format not in (PLAIN, WITH_LOG):
        return f"{path.name} does not begin like a manifest"
    if file_format == PLAIN and log_bytes:  # SQLite would play it into the file
        return f"the write-ahead log beside {path.name} belongs to another file"
    # A journal left by a kill is played back by opening to write; otherwise nothing may change what is to be judged.
    interrupted = path.with_name(path.name + "-journal").exists()
    try:
        with closing(open_to_read(path, mode="rw" if interrupted else "ro")) as session:
            version = version_of(session)
            fault = _fault(session, version)
    except DamagedError as damage:
        return f"{path.name}: {damage.__cause__}"
    if fault is None:
        refuse_newer(version, path)
    return fault


def _fault(session: Session, version: int) -> str | None:
    faults = [] if version else [f"{session.path.name} holds no tables"]
    faults = faults or sqlite_faults(session) or _strange_version(session, version)
    if version == newest_version():
        faults = faults or broken(session)
    return faults[0] if faults else None


def _strange_version(session: Session, version: int) -> list[str]:
    """Whether the version, a number that a flipped bit changes unseen, and the tables belong together."""
    newest = newest_version()
    if version <= newest:
        return strange_tables(session, version)
    if strange_tables(session, newest):
        return []  # a newer program's, then: no damage
    return [f"{session.path.name} says that it is of version {version}, with the tables of version {newest}"]


def lost_log(path: Path) -> bool:
    """Whether the write-ahead log that belongs to this file is gone, and what was in it; look before opening.

    While a manifest is in use its log is never empty: the first thing written is when it was opened.
    """
    return header(path)[FILE_FORMAT] == WITH_LOG and not size_of(path.with_name(path.name + "-wal"))


def size_of(path: Path) -> int:
    """In bytes, 0 for a file that is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER_BYTES)


def sqlite_faults(session: Session) -> list[str]:
    """What SQLite finds, one sentence each."""
    return [str(fault) for (fault,) in session.rows(INTEGRITY_CHECK) if fault != "ok"]


def strange_tables(session: Session, version: int) -> list[str]:
    """Tables and indexes that are not as the migrations up to this version make them, one sentence each."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        pattern = Session(connection, Path(":memory:"))
        migrate(pattern, [migration for migration in migrations() if migration.number <= version])
        strange = set(session.rows(SCHEMA)) ^ set(pattern.rows(SCHEMA))
    return [f"{kind} {name} is not as it was made" for kind, name, _ in sorted(strange)]


def broken(session: Session) -> list[str]:
    """One sentence for each thing that breaks a rule."""
    words = {"states": json.dumps(list(State)), "outcomes": json.dumps(list(Outcome))}
    words |= {"adopted": ADOPTED, "restored": RESTORED}
    return [rule.sentence.format(row[0]) for rule in RULES for row in session.rows(rule.sql, words)]
