import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sinagotd.cli.demo_daemon import Daemon, DemoError, signals_interrupt, signals_put_off
from sinagotd.cli.demo_instrument import arrive, boats_in, raw_path, raw_text, record_ids, with_first_length
from sinagotd.cli.demo_watching import Expected, Glance, Watching
from sinagotd.cli.demo_workspace import MARKER, make_workspace
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome, State
from sinagotd.errors import WorkspaceError
from sinagotd.manifest.lock import Lock

Call = Callable[..., Any]
PATIENCE_S = 60.0


def processes_with(mark: str) -> list[psutil.Process]:
    """Every process that inherited this text in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("DEMO_MARK") == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A mark on every process that the test starts; what the test leaves behind is ended."""
    text = uuid.uuid4().hex
    monkeypatch.setenv("DEMO_MARK", text)
    yield text
    for process in processes_with(text):
        process.kill()


def until_none_has(mark: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while left := processes_with(mark):
        assert time.monotonic() < give_up_at, left
        time.sleep(0.05)


# the whole of it


@pytest.mark.cluster
@pytest.mark.timeout(120)
def test_the_demo_says_what_ran_and_why(tmp_path: Path, sinagotd_call: Call) -> None:
    folder = tmp_path / "harbour"

    result = sinagotd_call("demo", str(folder), "--records", "7")

    assert result.exit_code == 0, result.output
    said = result.stdout
    acts = re.split(r"^\d  |^10 ", said, flags=re.MULTILINE)[1:]
    assert [re.findall(r"^   (\d+) runs? ", act, re.MULTILINE) for act in acts] == [
        ["21"], ["3"], ["0"], ["3"], ["8"], ["16"], ["6"], ["3"], ["0"], ["3"],
    ]  # fmt: skip
    for act, word in ((1, "changed since the last run"), (4, "its code changed"), (5, "its code changed")):
        assert word in acts[act]
    assert "it failed and is due again: ValueError: could not convert string to float: 'long'" in acts[6]
    assert 'lengths = [metres(boat["length_ft"])' in acts[6]
    assert "has a row for each of the 10 files" in acts[8]
    assert re.findall(r"^  (\S+) \S+ .* (mean|report)  file$", acts[9], re.MULTILINE) == [
        ("BOATS-20260501-d", "mean"), ("BOATS-20260501-d", "report"),
    ]  # fmt: skip
    assert "The daemon was asked to stop and ended well" in acts[9]
    assert "\n30 current\n" in said
    assert f"\n  sinagotd status {folder}\n" in said
    assert "3.28084" in (folder / "scripts/harbour.py").read_text()


@pytest.mark.cluster
@pytest.mark.timeout(120)
def test_ctrl_c_leaves_no_process_behind(tmp_path: Path, mark: str) -> None:
    command = [sys.executable, "-u", "-m", "sinagotd", "demo", str(tmp_path / "harbour")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        next(line for line in demo.stdout if "0 of 180" not in line and " of 180 steps current" in line)
        at_work = len(processes_with(mark))
        demo.send_signal(signal.SIGINT)
        _, told = demo.communicate(timeout=PATIENCE_S)

    assert at_work > 2
    assert (demo.returncode, told) == (130, "interrupted; the daemon has ended\n")
    assert processes_with(mark) == []


# the daemon's process


@pytest.mark.cluster
def test_a_daemon_that_does_not_listen_is_killed_with_all_it_started(
    tmp_path: Path, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinagotd.cli.demo_daemon.STOP_LIMIT_S", 0.2)
    make_workspace(tmp_path / "harbour")
    with Daemon(tmp_path / "harbour") as daemon:
        daemon.start()
        os.kill(daemon.pid, signal.SIGSTOP)
        with pytest.raises(DemoError, match="did not end within"):
            daemon.stop()

    until_none_has(mark)


def test_a_daemon_that_cannot_start_is_told_of_with_its_last_words(tmp_path: Path) -> None:
    make_workspace(tmp_path / "harbour")
    (tmp_path / "harbour/workspace.toml").write_text("[records]\n")

    with Daemon(tmp_path / "harbour") as daemon, pytest.raises(DemoError, match="ended with 1") as fault:
        daemon.start()

    assert "id_pattern" in fault.value.sentences[-1]


def test_a_signal_that_is_put_off_counts_later() -> None:
    reached: list[str] = []

    def start_something() -> None:
        with signals_put_off():
            signal.raise_signal(signal.SIGTERM)
            reached.append("inside")
        reached.append("behind")

    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        start_something()

    assert reached == ["inside"]


# looking on


def watching_on(bench: Any) -> Watching:
    (bench.path / "daemon.log").write_text("its last words\n")
    return Watching(bench.state, Daemon(bench.path))


def no_show(_: Glance) -> None:
    """Nobody looks."""


def expected_of_worked() -> Expected:
    """What the fixture `worked` did: two good records, and one whose first step fails."""
    ok, failed = Outcome.SUCCEEDED, Outcome.FAILED
    good = {(StepKey(record, step), ok): 1 for record in ("REC-1", "REC-2") for step in ("count", "mean")}
    runs = Counter(good | {(StepKey("REC-3", "count"), failed): 1})
    others = {StepKey("REC-3", "count"): State.QUARANTINED, StepKey("REC-3", "mean"): State.BLOCKED}
    return Expected(6, runs, others)


def test_what_happened_is_told_with_its_reasons_and_only_once(worked: Any) -> None:
    watching = watching_on(worked)

    happened = watching.until_rest(expected_of_worked(), no_show)

    assert happened.runs.total() == 5
    assert {(str(why.key), why.sentence) for why in happened.whys} >= {("REC-1/count", "it never ran")}
    nothing = Expected(6, Counter(), expected_of_worked().others)
    assert watching.until_rest(nothing, no_show).whys == []


def test_a_run_too_many_is_named(worked: Any) -> None:
    expected = expected_of_worked()
    del expected.runs[StepKey("REC-2", "mean"), Outcome.SUCCEEDED]

    with pytest.raises(DemoError) as fault:
        watching_on(worked).until_rest(expected, no_show)

    assert fault.value.sentences[0] == "this should not have happened:"
    assert fault.value.sentences[1] == "  ran, but should not have: REC-2/mean (succeeded)"
    assert fault.value.sentences[-1] == "  its last words"


def test_what_never_comes_is_named_in_the_end(worked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinagotd.cli.demo_watching.GIVE_UP_S", 0.5)
    expected = Expected(9, expected_of_worked().runs + Counter({(StepKey("REC-9", "mean"), Outcome.SUCCEEDED): 1}))

    with pytest.raises(DemoError) as fault:
        watching_on(worked).until_rest(expected, no_show)

    told = "\n".join(fault.value.sentences)
    assert "did not run, but should have: REC-9/mean (succeeded)" in told
    assert "REC-3/count is quarantined" in told
    assert "3 steps of records that nobody has seen" in told


# the workspace and the instrument


def test_an_earlier_demo_is_made_anew(tmp_path: Path) -> None:
    make_workspace(tmp_path / "harbour")
    (tmp_path / "harbour/dataset/raw/old.csv").touch()

    make_workspace(tmp_path / "harbour")

    assert list((tmp_path / "harbour/dataset/raw").iterdir()) == []
    assert (tmp_path / "harbour" / MARKER).exists()


def test_what_is_not_an_earlier_demo_is_left_alone(tmp_path: Path, sinagotd_call: Call) -> None:
    (tmp_path / "thesis.tex").touch()

    result = sinagotd_call("demo", str(tmp_path))

    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path} is not empty and not an earlier demo: give the demo a new folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_demo_that_is_still_at_work_is_left_alone(tmp_path: Path) -> None:
    make_workspace(tmp_path)

    with (
        Lock.acquire(tmp_path / "dataset/.sinagotd", command="sinagotd run", at=0.0),
        pytest.raises(WorkspaceError, match="is in use by process"),
    ):
        make_workspace(tmp_path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    make_workspace(tmp_path / "harbour")
    (tmp_path / "link").symlink_to("harbour")

    with pytest.raises(WorkspaceError, match="is not a folder"):
        make_workspace(tmp_path / "link")


def test_the_workspace_is_sound(tmp_path: Path, sinagotd_call: Call) -> None:
    make_workspace(tmp_path / "harbour")

    checked = sinagotd_call("check", str(tmp_path / "harbour"))

    assert checked.exit_code == 0, checked.output
    assert "3 steps (count, mean, report)" in checked.stdout


def test_every_file_arrives_whole_whichever_way(tmp_path: Path) -> None:
    records = record_ids(14)

    ways, arrival = arrive(tmp_path / "dataset", records)
    unfinished = 0
    for _ in arrival:
        unfinished += sum(1 for path in tmp_path.rglob("*.csv") if path.read_text() != raw_text(path.stem))

    assert unfinished > 0
    assert ways.total() == 14
    assert len(ways) == 4
    texts = {str(path.relative_to(tmp_path / "dataset")): path.read_text() for path in tmp_path.rglob("*.*")}
    assert texts == {raw_path(record): raw_text(record) for record in records}


def test_the_boats_of_a_watch_are_always_the_same() -> None:
    first, *_ = record_ids(1)
    longer = with_first_length(raw_text(first), "160")

    assert raw_text(first) == raw_text(first)
    assert boats_in(longer) == boats_in(raw_text(first)) >= 6
    assert len(set(longer.splitlines()) - set(raw_text(first).splitlines())) == 1
