"""P1 and P4: whatever way files arrive, also behind the daemon's back, each is noticed and processed exactly once."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from counting import Count, Counted
from daemon_process import Daemon
from lab_world import Lab, a_lab, script

from sinagotd.core.states import State

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

QUEUE = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
SETTINGS = """\
[records]
id_pattern = "(?P<subject>S[0-9]+)-(?P<session>[0-9]+)"
[steps]
scripts = ["count"]
[watch]
settle = "300ms"
"""
COUNT = "self.path.output.write_text(str(len(text.split())))"
COUNTED = ("count", "{id}.txt")
FLAT, NESTED = ("raw", "{id}.txt"), ("raw", "{subject}", "{session}", "eeg", "{id}.txt")
SESSIONS = 10
LOOK_S = 0.3

Texts = dict[str, str]
"""By record."""


@contextmanager
def a_lab_of(home: Path, source: tuple[str, ...]) -> Iterator[Lab]:
    with a_lab(home, SETTINGS, count=script(source, COUNTED, COUNT)) as lab:
        yield lab


def texts(count: int, first: int = 0) -> Texts:
    return {f"S{number // SESSIONS}-{number % SESSIONS}": "word " * (number % 7 + 1) for number in range(first, count)}


def place(folder: Path, source: tuple[str, ...], record: str) -> Path:
    subject, session = record.split("-")
    return folder.joinpath(*(part.format(id=record, subject=subject, session=session) for part in source[1:]))


def write(folder: Path, source: tuple[str, ...], given: Mapping[str, str]) -> None:
    made: set[Path] = set()
    for record, text in given.items():
        file = place(folder, source, record)
        if file.parent not in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            made.add(file.parent)
        file.write_text(text)


def wait_for_count(daemon: Daemon, count: int) -> None:
    """Wait until this many steps are current and none stands otherwise; looks seldom, for a look reads them all."""

    def counts() -> dict[State, int]:
        time.sleep(LOOK_S)
        with daemon.reading() as read:
            return read.counts()

    daemon.wait_until(lambda: counts() == {State.CURRENT: count}, f"{count} steps current", 120 + count / 4)


def judge(lab: Lab, given: Texts, counted: Counted, times: int = 1) -> None:
    """Every one of these records has its result, made by so many runs and no more."""
    ran = Counter(run.key.record for run in lab.daemon.runs())
    for record, text in given.items():
        if lab.read(f"count/{record}.txt") != str(len(text.split())):
            counted.wrong(f"{record} was missed: its result is {lab.read(f'count/{record}.txt')}")
        elif ran[record] != times:
            counted.wrong(f"{record} was processed {ran[record]} times")


def test_files_written_while_the_daemon_stands_still_are_processed_once(tmp_path: Path, count: Count) -> None:
    with (
        count("P1", "files written while the daemon is stopped by SIGSTOP", share=100, full=20_000) as counted,
        a_lab_of(tmp_path, FLAT) as lab,
    ):
        daemon, given = lab.start(), texts(counted.times)
        daemon.wait_for_line("walked")
        daemon.send(signal.SIGSTOP)
        write(lab.data / "raw", FLAT, given)
        for number in range(QUEUE - len(given)):  # of no interest, so that the kernel's queue runs over all the same
            (lab.data / f"raw/noise-{number}").touch()
        daemon.send(signal.SIGCONT)
        began = time.monotonic()
        wait_for_count(daemon, len(given))
        judge(lab, given, counted)
        if not daemon.lines("events_lost"):
            counted.wrong("the queue did not run over, so nothing was tried")
        counted.note = f"all current {time.monotonic() - began:.0f} s later"


@pytest.mark.parametrize("way", ["made", "renamed in"])
def test_files_in_fresh_nested_folders_are_processed_once(tmp_path: Path, count: Count, way: str) -> None:
    with (
        count("P1", f"files in fresh nested folders, {way}", share=60, full=2_000) as counted,
        a_lab_of(tmp_path, NESTED) as lab,
    ):
        daemon, given = lab.start("--inline"), texts(counted.times)
        daemon.wait_for_line("walked")
        if way == "made":
            write(lab.data / "raw", NESTED, given)
        else:
            write(lab.elsewhere / "raw", NESTED, given)
            (lab.data / "raw").rmdir()
            (lab.elsewhere / "raw").rename(lab.data / "raw")
        wait_for_count(daemon, len(given))
        judge(lab, given, counted)
        if len(daemon.lines("walked")) > 1:
            counted.wrong("it took a further walk to find them")


def test_what_changes_while_no_daemon_runs_is_caught_up_with(tmp_path: Path, count: Count) -> None:
    with (
        count("P4", "changes while no daemon runs", share=40, full=10_000) as counted,
        a_lab_of(tmp_path, FLAT) as lab,
    ):
        raw, quarter = lab.data / "raw", counted.times // 4
        before = texts(3 * quarter)
        write(raw, FLAT, before)
        lab.start("--inline")
        wait_for_count(lab.daemon, len(before))
        lab.daemon.stop()
        records = list(before)
        edited = {record: before[record] + "more" for record in records[:quarter]}
        touched = {record: before[record] for record in records[quarter : 2 * quarter]}
        new = texts(4 * quarter, 3 * quarter)
        write(raw, FLAT, edited | touched | new)
        for record in records[2 * quarter :]:
            place(raw, FLAT, record).unlink()
        lab.start("--inline")
        lab.daemon.wait_for_line("walked")
        wait_for_count(lab.daemon, 3 * quarter)
        judge(lab, edited, counted, times=2)
        judge(lab, touched | new, counted)


# Bursts at full size take too long with a run for each file: results that lie there already are adopted instead.


def in_place(lab: Lab, source: tuple[str, ...], given: Texts) -> None:
    write(lab.data / "raw", source, given)


def by_rename(lab: Lab, source: tuple[str, ...], given: Texts) -> None:
    (lab.elsewhere / "raw").mkdir()
    for record, text in given.items():
        aside = lab.elsewhere / "raw" / record
        aside.write_text(text)
        aside.rename(place(lab.data / "raw", source, record))


BURSTS: list[tuple[str, tuple[str, ...], Callable[[Lab, tuple[str, ...], Texts], None]]] = [
    ("one folder", FLAT, in_place),
    ("fresh nested folders", NESTED, in_place),
    ("one folder, by rename", FLAT, by_rename),
]


@pytest.mark.parametrize(("where", "source", "drop"), BURSTS, ids=[where for where, *_ in BURSTS])
def test_no_file_of_a_burst_is_missed(
    tmp_path: Path,
    count: Count,
    where: str,
    source: tuple[str, ...],
    drop: Callable[[Lab, tuple[str, ...], Texts], None],
) -> None:
    with (
        count("P1", f"files of a burst into {where}", share=300, full=50_000) as counted,
        a_lab_of(tmp_path, source) as lab,
    ):
        given = texts(counted.times)
        write(lab.data / "count", COUNTED, {record: str(len(text.split())) for record, text in given.items()})
        daemon = lab.start("--inline")
        daemon.wait_for_line("walked")
        drop(lab, source, given)
        wait_for_count(daemon, len(given))
        daemon.stop()  # what it knows by now, it may not have told yet
        told = Counter(line["record"] for line in daemon.lines("current"))
        for record in given:
            if told[record] != 1:
                counted.wrong(f"{record} was told to be current {told[record]} times")
        if daemon.runs():
            counted.wrong("something was run")
        latencies = sorted(noticed_after(lab, source, given))
        counted.note = (
            f"noticed after p50 {latencies[len(latencies) // 2]:.1f} s, p99 {latencies[-len(latencies) // 100]:.1f} s"
        )
        lost = len(daemon.lines("events_lost"))
        counted.note += f", events lost {lost} times" if lost else ""


def noticed_after(lab: Lab, source: tuple[str, ...], records: Iterable[str]) -> Iterator[float]:
    """Seconds from the last change of each raw file to its step being current, settling included."""
    standings = lab.daemon.standings()
    for record in records:
        yield standings[f"{record}/count"].since - place(lab.data / "raw", source, record).stat().st_ctime
