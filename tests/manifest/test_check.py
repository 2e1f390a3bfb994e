from pathlib import Path
from typing import Any

import pytest

from sinagotd.manifest.check import check
from sinagotd.manifest.migrating import newest_version


def test_a_sound_manifest_has_no_findings_and_is_counted(world: Any) -> None:
    world.claim("r1")
    world.manifest.log_event("claimed", at=1.0)
    report = check(world.folder)
    assert report.ok
    assert dict(report.rows) == {"digests": 0, "records": 0, "steps": 1, "runs": 1, "events": 1}
    assert report.log_bytes > 0
    assert report.version == newest_version()


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        ("UPDATE steps SET flight_run_id = 'r9'", "step REC-1/count is in flight, but its run is not"),
        ("UPDATE steps SET flight_run_id = NULL", "run r2 never ended, but its step is not in flight"),
        ("UPDATE steps SET made_run_id = 'r9'", "step REC-1/count was made by a run that is not recorded"),
        ("UPDATE runs SET outcome = 'fine' WHERE run_id = 'r1'", "runs: fine is no outcome"),
        ("UPDATE steps SET state = 'fine', reason = '', sentence = '', since = 1", "steps: fine is no state"),
        ("UPDATE runs SET versions = '{' WHERE run_id = 'r1'", "run r1 holds text that is not JSON"),
        ("INSERT INTO events (time, event, detail) VALUES (1, 'x', '{')", "event 1 holds text that is not JSON"),
        ("INSERT INTO digests VALUES (x'00', x'00', zeroblob(16), 0)", "1 stamps are not 32 bytes"),
    ],
)
def test_what_breaks_a_rule_is_named(world: Any, harm: str, finding: str) -> None:
    world.claim("r1")
    world.succeed("r1")
    world.claim("r2")
    world.manifest._session.rows("BEGIN")
    world.manifest._session.change(harm)
    world.manifest._session.rows("COMMIT")
    assert finding in check(world.folder).findings
    undo(world, harm)


def undo(world: Any, harm: str) -> None:
    """The fixture looks for faults when it closes."""
    for repair in (
        "UPDATE steps SET flight_run_id = 'r2', made_run_id = 'r1', state = NULL",
        "UPDATE runs SET outcome = 'succeeded', versions = '{}' WHERE run_id = 'r1'",
        "DELETE FROM events",
        "DELETE FROM digests",
    ):
        world.manifest._session.change(repair)


def test_no_manifest_is_a_finding(tmp_path: Path) -> None:
    assert check(tmp_path).findings == (f"{tmp_path / 'manifest.db'} is not there",)


def test_a_file_that_is_no_database_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "manifest.db").write_bytes(b"not a database" * 100)
    report = check(tmp_path)
    assert not report.ok
    assert "file is not a database" in report.findings[0]
