"""Checks a manifest from end to end, for people who want to know; mends nothing."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sinagotd.errors import ManifestError
from sinagotd.manifest import queries
from sinagotd.manifest.health import (
    broken,
    lost_log,
    size_of,
    sqlite_faults,
    strange_tables,
)
from sinagotd.manifest.migrating import newest_version, refuse_newer, version_of
from sinagotd.manifest.place import DATABASE
from sinagotd.manifest.session import Session, open_to_read

LOG_ALARM_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found, one sentence each; empty when all is well. `rows` counts the rows of each table."""

    path: Path
    findings: tuple[str, ...]
    version: int = 0
    size_bytes: int = 0
    log_bytes: int = 0
    rows: tuple[tuple[str, int], ...] = ()

    @property
    def ok(self) -> bool:
        return not self.findings


def check(folder: Path) -> CheckReport:
    """Check the manifest in this state folder, also while the daemon works on it. Never raises for what it finds."""
    path = folder / DATABASE
    if not path.exists():
        return CheckReport(path, (f"{path} is not there",))
    try:
        log_lost = lost_log(path)
        with closing(open_to_read(path)) as session:
            return _report(session, log_lost=log_lost)
    except (ManifestError, OSError) as fault:
        return CheckReport(path, (str(fault),), size_bytes=size_of(path))


def _report(session: Session, *, log_lost: bool) -> CheckReport:
    version = version_of(session)
    refuse_newer(version, session.path)
    findings = sqlite_faults(session)
    log_bytes = size_of(session.path.with_name(session.path.name + "-wal"))
    if log_lost:
        findings.append("the write-ahead log is gone: what was remembered last is lost, start the daemon to look anew")
    if log_bytes > LOG_ALARM_BYTES:
        findings.append(
            f"the write-ahead log holds {log_bytes} bytes: a reader that never ends keeps it from shrinking"
        )
    if version < newest_version():
        findings.append(f"the tables are of version {version}: start the daemon once, it brings them up to date")
    else:
        findings += strange_tables(session, version) + broken(session)
    rows = tuple(session.rows(queries.TABLE_SIZES)) if version == newest_version() else ()
    return CheckReport(session.path, tuple(findings), version, session.path.stat().st_size, log_bytes, rows)
