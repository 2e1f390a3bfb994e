"""Two workspaces in one daemon: what goes wrong in one costs the other nothing, and mends itself."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from counting import Count, Counted
from daemon_process import Daemon, sinagotd
from damage_world import OVERWRITTEN, take_away
from lab_world import SETTINGS, Lab, a_lab

from sinagotd.core.states import Outcome, State
from sinagotd.errors import ManifestError
from sinagotd.manifest.reader import open_reader

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

OFTEN = SETTINGS + 'scan_interval = "1s"\ncanary_interval = "1s"\n'
HARMS_PER_DAEMON = 2
OLDER = "older.db"
TYPO = "[records]\nid_patern = 'REC-[0-9]+'\n"


class Pair:
    """Two labs; the daemon's own one, by which it is looked at, is the `other`."""

    def __init__(self, one: Lab, other: Lab) -> None:
        self.one, self.other = one, other
        self.daemon: Daemon

    def start(self) -> Daemon:
        self.daemon = self.other.start("--inline", self.one.folder)
        return self.daemon

    def closed(self) -> str:
        """Wait until one is closed; why."""
        line = self.daemon.wait_for_line("workspace_closed")
        assert line["workspace"] == self.one.folder.name
        return str(line["why"])

    def drop(self, lab: Lab) -> str:
        """A new record; its results are as long in words as its number."""
        number = len(list((lab.data / "raw").iterdir())) + 1
        return lab.new_record("word " * number)

    def wait_made(self, lab: Lab, record: str) -> None:
        words = record.removeprefix("REC-")
        self.daemon.wait_until(
            lambda: lab.results(record) == (words, f"mean of {words}"), f"{record} of {lab.folder.name}", 90
        )

    def wait_current(self, lab: Lab) -> None:
        self.daemon.wait_until(lambda: states(lab) == {State.CURRENT}, f"all of {lab.folder.name} current", 90)


def states(lab: Lab) -> set[State]:
    with suppress(ManifestError), open_reader(lab.data / ".sinagotd") as read:
        return {standing.state for standing in read.standings().values()}
    return set()


@contextmanager
def a_pair(home: Path) -> Iterator[Pair]:
    for name in ("one", "other"):
        (home / name).mkdir(parents=True)
    with a_lab(home / "one", OFTEN) as one, a_lab(home / "other", OFTEN) as other:
        one.folder = one.folder.rename(home / "one" / "lab-one")
        one.data = one.folder / "dataset"
        yield Pair(one, other)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with a_pair(tmp_path) as pair:
        yield pair


def test_a_workspace_without_its_data_folder_waits_for_it_while_the_other_works(pair: Pair) -> None:
    away = pair.one.data.rename(pair.one.folder.parent / "away")
    daemon = pair.start()
    assert "there is no such folder: make it, mount it" in pair.closed()
    pair.wait_made(pair.other, pair.drop(pair.other))
    assert not pair.one.data.exists()
    away.rename(pair.one.data)
    daemon.wait_for_line("workspace_opened")
    pair.wait_made(pair.one, pair.drop(pair.one))
    daemon.stop()


def test_a_typo_in_one_of_two_keeps_that_one_closed_until_it_is_mended(pair: Pair) -> None:
    pair.one.settings(TYPO)
    daemon = pair.start()
    assert "records.id_pattern is missing" in pair.closed()
    pair.wait_made(pair.other, pair.drop(pair.other))
    pair.one.settings(OFTEN)
    daemon.wait_for_line("workspace_opened")
    pair.wait_made(pair.one, pair.drop(pair.one))
    daemon.stop()


def test_a_workspace_that_another_process_owns_is_waited_for(pair: Pair) -> None:
    alone = pair.one.start("--inline")
    daemon = pair.start()
    assert "is in use by process" in pair.closed()
    pair.wait_made(pair.other, pair.drop(pair.other))
    alone.stop()
    daemon.wait_for_line("workspace_opened")
    pair.wait_made(pair.one, pair.drop(pair.one))
    daemon.stop()


def test_when_nothing_is_left_to_work_on_the_start_is_refused(pair: Pair) -> None:
    for lab in (pair.one, pair.other):
        lab.settings(TYPO)
    refused = sinagotd("run", pair.one.folder, pair.other.folder, "--inline")
    assert refused.returncode == 1
    assert refused.stderr.count("records.id_pattern is missing") == 2
    assert "Traceback" not in refused.stderr


def test_the_only_workspace_without_a_data_folder_is_waited_for_but_not_once(pair: Pair) -> None:
    away = pair.other.data.rename(pair.other.folder.parent / "away")
    once = sinagotd("run", pair.other.folder, "--once", "--inline")
    assert (once.returncode, "there is no such folder" in once.stderr) == (1, True)
    daemon = pair.other.start("--inline")
    daemon.wait_for_line("workspace_closed")
    away.rename(pair.other.data)
    daemon.wait_for_line("workspace_opened")
    record = pair.other.new_record("word")
    pair.other.wait_current(record)
    daemon.stop()


# a manifest that is damaged while it is in use


Harm = Callable[[Path, random.Random], None]


def flip_everywhere(state: Path, chance: random.Random) -> None:
    """In place, as a failing disk does."""
    for name in ("manifest.db", "manifest.db-wal"):
        with (state / name).open("r+b") as file:
            content = bytearray(file.read())
            for at in range(chance.randrange(4096), len(content), 97):
                content[at] ^= 0x55
            file.seek(0)
            file.write(content)


def cut_all_off(state: Path, _: random.Random) -> None:
    for name in ("manifest.db", "manifest.db-wal"):
        os.truncate(state / name, 0)


def put_an_older_one_in_its_place(state: Path, _: random.Random) -> None:
    """As when an old copy of the folder is brought back while the daemon runs."""
    (state.parent.parent / OLDER).rename(state / "manifest.db")


def put_garbage_in_its_place(state: Path, _: random.Random) -> None:
    (state / "aside.db").write_bytes(OVERWRITTEN)
    (state / "aside.db").rename(state / "manifest.db")


def remove_the_folder(state: Path, _: random.Random) -> None:
    shutil.rmtree(state)


HARMS: tuple[Harm, ...] = (
    flip_everywhere, cut_all_off, put_an_older_one_in_its_place, remove_the_folder, take_away, put_garbage_in_its_place
)  # fmt: skip


@pytest.mark.timeout(600)
def test_a_manifest_damaged_under_a_running_daemon_is_mended_and_costs_the_other_nothing(
    tmp_path: Path, count: Count
) -> None:
    with count("P10", "a manifest damaged while a daemon uses it, beside another", share=2, full=36) as counted:
        for number in range(0, counted.times, HARMS_PER_DAEMON):
            with a_pair(tmp_path / str(number)) as pair:
                harm_and_judge(pair, number, counted)


def harm_and_judge(pair: Pair, number: int, counted: Counted) -> None:
    daemon = pair.start()
    for lab in (pair.one, pair.other):
        pair.wait_made(lab, pair.drop(lab))
    keep_a_copy(pair.one)  # now: after the first harm it may be damaged, and not noticed yet
    for turn in range(number, number + HARMS_PER_DAEMON):
        pair.wait_made(pair.one, pair.drop(pair.one))
        pair.wait_current(pair.one)
        harm = HARMS[turn % len(HARMS)]
        harm(pair.one.data / ".sinagotd", random.Random(turn))
        dropped = [(lab, pair.drop(lab)) for lab in (pair.other, pair.one)]
        for lab, record in dropped:
            pair.wait_made(lab, record)
        for lab in (pair.other, pair.one):
            pair.wait_current(lab)
        judge(pair, f"{turn}: {harm.__name__}", counted)
    daemon.stop()
    daemon = pair.start()  # what the last one had no time to notice is mended now
    pair.wait_made(pair.one, pair.drop(pair.one))
    pair.wait_current(pair.one)
    daemon.stop()
    pair.one.command("manifest", "check", pair.one.folder)


def keep_a_copy(lab: Lab) -> None:
    with (
        closing(sqlite3.connect(lab.data / ".sinagotd/manifest.db")) as used,
        closing(sqlite3.connect(lab.folder / OLDER)) as copy,
    ):
        used.backup(copy)


def judge(pair: Pair, how: str, counted: Counted) -> None:
    for lab in (pair.one, pair.other):
        for record in (file.stem for file in (lab.data / "raw").iterdir()):
            words = record.removeprefix("REC-")
            if lab.results(record) != (words, f"mean of {words}"):
                counted.wrong(f"{how}: {record} of {lab.folder.name} has {lab.results(record)}")
    if {line["workspace"] for line in pair.daemon.lines("workspace_closed")} - {pair.one.folder.name}:
        counted.wrong(f"{how}: the other workspace was closed as well")
    outcomes = [(str(run.key), run.outcome) for run in pair.daemon.runs()]
    if len(outcomes) != len(set(outcomes)) or {outcome for _, outcome in outcomes} != {Outcome.SUCCEEDED}:
        counted.wrong(f"{how}: runs of the other workspace: {outcomes}")
