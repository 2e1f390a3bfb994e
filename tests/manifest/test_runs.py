from typing import Any

import pytest

from sinagotd.core.facts import NO_HISTORY, Digest, Fingerprint, Flight, Stamp, Vain
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.errors import ManifestError
from sinagotd.manifest.rows import ADOPTED
from sinagotd.scripts.orders import Receipt, RunError

COUNT = StepKey("REC-1", "count")
MEAN = StepKey("REC-1", "HDC/behavior/mean")
FINGERPRINT = Fingerprint(b"code", b"parameters", b"i")


def past(world: Any, key: StepKey = COUNT) -> Any:
    return world.manifest.read.history().get(key, NO_HISTORY)


def test_a_claimed_run_is_in_flight_with_all_that_is_needed_to_follow_it(world: Any) -> None:
    world.claim("r1")
    (flight,) = world.manifest.read.in_flight()
    assert (flight.run_id, flight.key, flight.fingerprint, flight.attempt) == ("r1", COUNT, FINGERPRINT, 1)
    assert flight.inputs == (("raw/1.txt", Stamp(b"d" * 32), Digest(b"d" * 16)),)
    assert flight.order.staging == "/data/.sinagotd/staging/r1"
    assert flight.order.outputs == {"": "out/1.txt"}
    assert past(world).flight == Flight("r1", started=False)


def test_a_step_in_flight_cannot_be_claimed_again(world: Any) -> None:
    world.claim("r1")
    with pytest.raises(ManifestError, match="REC-1/count is in flight already, as run r1"):
        world.claim("r2")
    assert [flight.run_id for flight in world.manifest.read.in_flight()] == ["r1"]


def test_two_steps_of_one_record_fly_side_by_side(world: Any) -> None:
    world.claim("r1")
    world.claim("r2", MEAN)
    assert [flight.key for flight in world.manifest.read.in_flight()] == [COUNT, MEAN]


def test_a_started_run_is_seen_as_running(world: Any) -> None:
    world.claim("r1")
    assert world.manifest.start("r1", "node7", 4711, 5.0)
    assert past(world).flight == Flight("r1", started=True)
    assert world.manifest.read.run("r1").host == "node7"
    assert not world.manifest.start("r0", "node7", 4711, 5.0)


def test_a_success_is_what_the_step_was_made_from(world: Any) -> None:
    world.claim("r1")
    assert world.succeed("r1", b"x" * 16)
    assert past(world).made == ("r1", FINGERPRINT, b"x" * 16)
    assert past(world).flight is None
    assert world.manifest.read.in_flight() == []
    run = world.manifest.read.run("r1")
    assert (run.outcome, run.outputs, run.cpu_s, run.peak_memory_bytes) == (
        Outcome.SUCCEEDED,
        {"out/1.txt": "6f" * 16},
        1.5,
        2**20,
    )
    assert run.ended_at - run.started_at == 2.0


def test_a_run_that_is_not_the_claimed_one_changes_nothing(world: Any) -> None:
    world.claim("r1")
    world.manifest.abandon("r1", Outcome.ABANDONED, "its worker died", at=5.0)
    world.claim("r2", inputs=b"newer")
    assert not world.succeed("r1")
    assert not world.fail("r1")
    assert not world.manifest.abandon("r1", Outcome.CANCELLED, "", at=6.0)
    assert not world.manifest.start("r1", "node7", 1, 6.0)
    assert not world.succeed("never heard of")
    assert past(world).made is None
    assert past(world).failure is None
    assert past(world).flight == Flight("r2", started=False)
    assert world.manifest.read.run("r1").outcome is Outcome.ABANDONED


def test_a_run_ends_only_once(world: Any) -> None:
    world.claim("r1")
    assert world.succeed("r1")
    assert not world.succeed("r1", b"another")
    assert not world.fail("r1")
    assert past(world).made.outputs == b"o" * 16


def test_failures_at_one_fingerprint_add_up(world: Any) -> None:
    world.claim("r1")
    world.fail("r1", retry_at=10.0)
    world.claim("r2")
    world.fail("r2", retry_at=None)
    assert past(world).failure == (FINGERPRINT, 2, None, "ValueError: no such channel")
    assert world.manifest.read.run("r2").error == RunError("ValueError", "no such channel", "line 3")


def test_a_failure_at_another_fingerprint_starts_anew(world: Any) -> None:
    world.claim("r1")
    world.fail("r1", retry_at=10.0)
    world.claim("r2", inputs=b"mended")
    world.fail("r2", retry_at=20.0)
    assert past(world).failure.attempts == 1
    assert past(world).failure.fingerprint.inputs == b"mended"


VAIN = Vain(b"code", 2, 9.0, "it moved \udcff")


@pytest.mark.parametrize("ends", ["success", "failure", "request", "forgiven"])
def test_runs_in_vain_count_until_something_is_told_of_the_step_or_someone_asks_for_it(world: Any, ends: str) -> None:
    world.claim("r1")
    assert world.manifest.abandon("r1", Outcome.TAINTED, "it moved", at=5.0)
    world.manifest.run_in_vain(COUNT, VAIN)
    world.claim("r2")
    assert world.manifest.abandon("r2", Outcome.ABANDONED, "its worker died", at=6.0)
    assert past(world).vain == VAIN._replace(why="it moved \\udcff")
    world.claim("r3")
    end = {
        "success": lambda: world.succeed("r3"),
        "failure": lambda: world.fail("r3"),
        "request": lambda: world.manifest.request(COUNT),
        "forgiven": lambda: world.manifest.forgive(COUNT),
    }
    end[ends]()
    assert past(world).vain is None


@pytest.mark.parametrize("outcome", [Outcome.TAINTED, Outcome.ABANDONED, Outcome.CANCELLED])
def test_what_is_not_the_steps_fault_counts_no_attempt(world: Any, outcome: Outcome) -> None:
    world.claim("r1")
    world.manifest.request(COUNT)
    assert world.fail("r1", outcome=outcome)
    world.claim("r2")
    assert world.manifest.abandon("r2", outcome, "the machine went away", at=5.0)
    assert past(world) == NO_HISTORY._replace(requested=True)
    assert world.manifest.read.run("r2").error.message == "the machine went away"


def test_a_success_answers_a_request_and_clears_failures(world: Any) -> None:
    world.claim("r1")
    world.fail("r1", retry_at=10.0)
    world.manifest.request(COUNT)
    world.claim("r2")
    world.succeed("r2")
    assert past(world).failure is None
    assert not past(world).requested


def test_a_failure_answers_a_request_and_keeps_the_last_success(world: Any) -> None:
    world.claim("r1")
    world.succeed("r1")
    world.manifest.request(COUNT)
    world.claim("r2")
    world.fail("r2")
    assert not past(world).requested
    assert past(world).made.run_id == "r1"


def test_forgiving_forgets_failures_and_nothing_else(world: Any) -> None:
    world.claim("r1")
    world.succeed("r1")
    world.claim("r2")
    world.fail("r2")
    world.manifest.hold(COUNT)
    world.manifest.forgive(COUNT)
    assert past(world).failure is None
    assert past(world).made.run_id == "r1"
    assert past(world).held


def test_a_held_step_is_held_until_released(world: Any) -> None:
    world.manifest.hold(COUNT)
    assert past(world).held
    world.manifest.release(COUNT)
    assert not past(world).held


def test_adopted_outputs_count_as_made(world: Any) -> None:
    world.manifest.adopt(COUNT, FINGERPRINT, b"x" * 16, at=5.0)
    assert past(world).made == (ADOPTED, FINGERPRINT, b"x" * 16)


def test_what_a_script_prints_is_kept_whatever_bytes_it_holds(world: Any) -> None:
    world.claim("r1")
    odd = "\udcff\x00 \U0001f9e0 caf\xe9"
    receipt = Receipt("r1", Outcome.FAILED, error=RunError("E", odd, odd), stdout=odd, versions={"mne": "1.9"})
    world.manifest.fail("r1", receipt, None, at=5.0)
    run = world.manifest.read.run("r1")
    assert run.stdout == run.error.traceback == "\\udcff\x00 \U0001f9e0 caf\xe9"
    assert run.versions == {"mne": "1.9"}


def test_runs_are_told_newest_first_of_one_step_or_of_all(world: Any) -> None:
    for number, key in enumerate([COUNT, MEAN, COUNT, MEAN, COUNT]):
        world.claim(f"r{number}", key)
        world.succeed(f"r{number}")
    assert [run.run_id for run in world.manifest.read.runs(COUNT, limit=2)] == ["r4", "r2"]
    assert [run.run_id for run in world.manifest.read.runs(limit=3)] == ["r4", "r3", "r2"]
    assert world.manifest.read.run("r9") is None


def test_pruning_keeps_the_newest_runs_and_those_that_outputs_came_from(world: Any) -> None:
    world.claim("r0")
    world.succeed("r0")
    for number in range(1, 6):
        world.claim(f"r{number}")
        world.fail(f"r{number}")
    world.claim("r6")
    world.manifest.log_event("old", at=1.0)
    world.manifest.log_event("new", at=9.0)
    assert world.manifest.prune(keep_runs=2, events_before=5.0) == 4
    assert [run.run_id for run in world.manifest.read.runs()] == ["r6", "r5", "r4", "r0"]
    assert [event.event for event in world.manifest.read.events()] == ["new"]
