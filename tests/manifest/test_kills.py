import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sinagotd.core.facts import Fingerprint
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.errors import ManifestError
from sinagotd.manifest.check import check
from sinagotd.manifest.opening import open_manifest
from sinagotd.manifest.reader import open_reader
from sinagotd.manifest.session import open_to_write
from sinagotd.manifest.writer import Manifest

FINGERPRINT = Fingerprint(b"c", b"p", b"i")
WRITER = """
import sys
from pathlib import Path
from sinagotd.core.facts import Fingerprint
from sinagotd.manifest.opening import open_manifest
from sinagotd.scripts.orders import Receipt, RunOrder
from sinagotd.core.states import Outcome

folder, first = Path(sys.argv[1]), int(sys.argv[2])
opened = open_manifest(folder, at=1.0)
assert opened.repaired is None, opened.repaired
manifest = opened.manifest
for flight in manifest.read.in_flight():
    manifest.abandon(flight.run_id, Outcome.ABANDONED, "killed", at=1.0)
number = first
while True:
    number += 1
    run_id = f"r{number}"
    order = RunOrder(run_id, f"REC-{number % 7}", "count", "count", None, None, "", "", "", "", "", {}, {})
    with manifest.transaction():
        manifest.claim(order, Fingerprint(b"c", b"p", b"i"), 1, [], at=1.0)
    print("claimed", run_id, flush=True)
    with manifest.transaction():
        manifest.succeed(run_id, Receipt(run_id, Outcome.SUCCEEDED), run_id.encode(), at=1.0)
        manifest.set_meta("last", run_id)
    print("succeeded", run_id, flush=True)
"""


def test_what_was_acknowledged_before_a_kill_is_kept(folder: Path) -> None:
    chance = random.Random(7)
    done: list[str] = []
    for kill in range(6):
        claimed, succeeded = write_until_killed(folder, first=kill * 1_000_000, lines=chance.randrange(1, 120))
        done += succeeded
        assert check(folder).findings == ()
        with open_reader(folder) as reader:
            outcomes = {run.run_id: run.outcome for run in reader.runs(limit=100_000)}
            in_flight = [flight.run_id for flight in reader.in_flight()]
            made = {past.made.run_id: past.made.outputs for past in reader.history().values() if past.made}
            last = reader.meta("last")
        assert [run_id for run_id in done if outcomes[run_id] is not Outcome.SUCCEEDED] == []
        assert set(claimed) <= set(outcomes)
        assert len(in_flight) <= 1
        assert all(run_id.encode() == outputs for run_id, outputs in made.items())
        assert last is None or outcomes[last] is Outcome.SUCCEEDED
    assert len(done) > 50


def write_until_killed(folder: Path, *, first: int, lines: int) -> tuple[list[str], list[str]]:
    """Start a writer, kill it after this many lines at the least; returns what it had acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, folder, str(first)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.readlines()
    words = [line.split() for line in said if line.endswith("\n")]
    assert words[:1], "the writer said nothing"
    return [run for verb, run in words if verb == "claimed"], [run for verb, run in words if verb == "succeeded"]


def test_two_connections_never_claim_one_step_both(world: Any, make_order: Any) -> None:
    keys = [StepKey(f"REC-{number}", "count") for number in range(40)]
    won: dict[str, list[StepKey]] = {"a": [], "b": []}

    def race(name: str) -> None:
        rival = Manifest(open_to_write(world.folder / "manifest.db"))
        for key in keys:
            try:
                with rival.transaction():
                    rival.claim(make_order(f"{name}-{key.record}", key), FINGERPRINT, 1, [], at=1.0)
                won[name].append(key)
            except ManifestError as fault:
                assert "in flight already" in str(fault)  # noqa: PT017 - in a thread
        rival.close()

    rivals = [threading.Thread(target=race, args=[name]) for name in won]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert sorted(won["a"] + won["b"]) == sorted(keys)
    assert len(world.manifest.read.in_flight()) == len(keys)


def test_readers_see_whole_transactions_while_the_writer_works(world: Any) -> None:
    stop = threading.Event()
    seen: list[int] = []
    faults: list[Exception] = []

    def read() -> None:
        try:
            while not stop.is_set():
                with open_reader(world.folder) as reader:
                    seen.append(len(reader.history()))
        except Exception as fault:  # noqa: BLE001 - told to the test below
            faults.append(fault)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(60):
        with world.manifest.transaction():
            for part in range(10):
                world.manifest.hold(StepKey(f"REC-{number}", f"part{part}"))
    stop.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert [count for count in seen if count % 10] == []


def test_a_second_writer_waits_for_the_first_and_then_says_that_it_is_locked(world: Any) -> None:
    rival = open_to_write(world.folder / "manifest.db")
    rival.rows("PRAGMA busy_timeout = 20")
    with world.manifest.transaction():
        world.manifest.set_meta("name", "value")
        with pytest.raises(ManifestError, match="another process keeps it locked"), rival.transaction():
            pass
    with rival.transaction():
        pass
    rival.close()


def test_opening_leaves_flights_to_be_settled(folder: Path, make_order: Any) -> None:
    first = open_manifest(folder, at=1.0).manifest
    first.claim(make_order("r1", StepKey("REC-1", "count")), FINGERPRINT, 1, [], at=1.0)
    first.close()
    again = open_manifest(folder, at=2.0).manifest
    assert [flight.run_id for flight in again.read.in_flight()] == ["r1"]
    again.close()
