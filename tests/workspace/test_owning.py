"""One owner at a time: a daemon does what `run()` asks for, another process is waited for or named (D13)."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import ROOT, Daemon, daemon_on
from running_world import COUNT, RAISE, World, outcomes

from sinagotd.errors import LockedError, WorkspaceError
from sinagotd.manifest.lock import Lock

CALL = """
import sys
from pathlib import Path
from sinagotd.settings.workspace import load_workspace
from sinagotd.workspace.opened import Wanted, opened
from sinagotd.workspace.running import RunOptions, run_steps

print(run_steps(opened(load_workspace(sys.argv[1])), Wanted(), RunOptions()))
"""
TRACE = "with open('{folder}/ran', 'a') as file: file.write('x')\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "lab")
    world.raw("REC-1", "REC-2")
    return world


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Daemon]]:
    """With a daemon on it, which runs in its own process. Every test has records of its own."""
    world = World(tmp_path_factory.mktemp("owned") / "lab")
    world.script("count", f"self.logger.info('words')\nif 'bad' in self.path.input.read_text():\n    {RAISE}\n{COUNT}")
    with daemon_on(world.folder, "--inline") as daemon:
        yield world, daemon


def in_another_process(world: World) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", textwrap.dedent(CALL), str(world.folder)]
    return subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip


def test_two_processes_at_once_run_every_step_once_and_neither_fails_d13(world: World) -> None:
    world.script("count", TRACE.format(folder=world.folder) + "import time; time.sleep(0.3)\n" + COUNT)
    processes = [in_another_process(world) for _ in range(2)]
    said = [process.communicate(timeout=50) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert (world.folder / "ran").read_text() == "xx"
    assert sorted(out.splitlines()[-1] for out, _ in said) == ["<RunResult 4 current>", "<RunResult 4 succeeded>"]


def test_another_owner_is_named_with_process_host_and_time_and_refused_if_so_asked(world: World) -> None:
    state_path = world.opened().state_path
    with Lock.acquire(state_path, command="steps.run()", at=time.time()), pytest.raises(LockedError) as fault:
        world.run(wait=0)
    assert f"process {os.getpid()} on " in str(fault.value)
    assert "since 20" in str(fault.value)


def test_another_owner_is_waited_for_and_named_meanwhile(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    lock = Lock.acquire(world.opened().state_path, command="steps.run()", at=time.time())
    threading.Timer(1.5, lock.release).start()
    assert world.run()
    assert capsys.readouterr().err.count(f"waiting for process {os.getpid()} on ") == 1


def test_looking_and_refusals_write_nothing_d42(world: World) -> None:
    with pytest.raises(WorkspaceError):
        world.run(unit=(None, None, "nothing"))
    with world.opened().reading() as read:
        assert read.records() == []
    assert [path.name for path in world.data.iterdir()] == ["raw"]


def test_a_run_without_a_data_folder_says_what_to_do(world: World) -> None:
    (world.data / "raw" / "REC-1.txt").unlink()
    (world.data / "raw" / "REC-2.txt").unlink()
    (world.data / "raw").rmdir()
    world.data.rmdir()
    with pytest.raises(WorkspaceError, match=r"there is no data folder .*: make it"):
        world.run()


def test_a_killed_run_is_taken_over_by_the_next_d8(world: World) -> None:
    world.script("count", f"open('{world.folder}/begun', 'w').close()\nimport time; time.sleep(600)")
    process = in_another_process(world)
    give_up_at = time.monotonic() + 40
    while not (world.folder / "begun").exists():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
    process.kill()
    process.communicate()
    world.script("count", COUNT)
    assert set(outcomes(world.run()).values()) == {"succeeded"}
    assert list((world.data / ".sinagotd" / "staging").iterdir()) == []


def test_a_daemon_does_what_is_asked_for_with_the_same_lines(owned: tuple[World, Daemon]) -> None:
    world, daemon = owned
    world.raw("REC-10", "REC-11")
    assert set(outcomes(world.run("REC-10", "REC-11")).values()) == {"succeeded"}
    assert set(outcomes(world.run("REC-10")).values()) == {"current"}
    assert world.messages("count") == ["Init run", "Run already processed"]
    result = world.run("REC-10", force=True)
    assert outcomes(result) == {"REC-10/count": "succeeded", "REC-10/mean": "succeeded"}
    assert world.messages("count") == ["Init run", "Processing run", "words", "Run finished"]
    assert [len(daemon.runs(key)) for key in ("REC-10/count", "REC-11/count")] == [2, 1]


def test_all_records_are_followed_also_the_ones_that_just_came(owned: tuple[World, Daemon]) -> None:
    world, daemon = owned
    world.raw("REC-20")
    assert outcomes(world.run(unit=(None, None, "mean")))["REC-20/mean"] in ("succeeded", "current")
    assert daemon.state("REC-20/mean") == "current"


def test_a_failure_in_the_daemon_is_one_here(owned: tuple[World, Daemon]) -> None:
    world, daemon = owned
    world.raw("REC-30", words="a bad one")
    daemon.wait_until(lambda: daemon.state("REC-30/count") == "failed", "failed")
    result = world.run("REC-30")
    assert outcomes(result) == {"REC-30/count": "failed", "REC-30/mean": "blocked"}
    assert "Traceback" in (result.runs[0].error.traceback if result.runs[0].error else "")
    assert world.messages("count") == ["Init run", "Processing run", "words", "ValueError: a bad word"]


def test_what_the_daemon_leaves_alone_is_not_taken_for_done(owned: tuple[World, Daemon]) -> None:
    """It follows raw files: of this record only what a step made of it is left."""
    world, _ = owned
    (world.data / "count").mkdir(exist_ok=True)
    (world.data / "count" / "REC-40.txt").write_text("5")
    result = world.run("REC-40")
    assert outcomes(result)["REC-40/mean"] == "stale"
    assert not result
    assert result.stopped == "the daemon did not run REC-40/mean: it takes a record of which a raw file is there"


def test_what_needs_this_process_is_refused_while_a_daemon_owns_the_workspace(owned: tuple[World, Daemon]) -> None:
    world, daemon = owned
    for option in ("debug", "ignore_missing"):
        with pytest.raises(WorkspaceError, match=f"{option} cannot be handed to process {daemon.pid} on .*since"):
            world.run(**{option: True})
