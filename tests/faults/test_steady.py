"""Months of work in minutes: after very many runs and file events the daemon holds no more than after the first of them."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from counting import Count, Counted
from daemon_process import Daemon
from lab_world import COUNTED, RAW, SETTINGS, Lab, a_lab, script

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

MIB = 1 << 20
MOST_GROWTH_BYTES = 20 * MIB
RECORDS = 50
WARM_UP = 1000
ONE_STEP = SETTINGS.replace(', "mean"', "")
COPY = script(RAW, COUNTED, "self.path.output.write_text(text)")
RUN_LIMIT_S = 60.0


class Held(NamedTuple):
    """What a process, or a family of them, holds."""

    resident_bytes: int
    descriptors: int
    threads: int


class Holding(NamedTuple):
    """What the daemon's own process holds, and all that it started together."""

    daemon: Held
    cluster: Held


def holding(daemon: Daemon) -> Holding:
    own, others = psutil.Process(daemon.pid), [one for one in daemon.family() if one.pid != daemon.pid]
    return Holding(_held([own]), _held(others))


def _held(processes: list[psutil.Process]) -> Held:
    each = [Held(one.memory_info().rss, one.num_fds(), one.num_threads()) for one in processes]
    return Held(*(sum(column) for column in zip(*each, strict=True)))


def check(counted: Counted, before: Holding, after: Holding) -> None:
    for name, was, now in zip(Holding._fields, before, after, strict=True):
        allowed = max(MOST_GROWTH_BYTES, was.resident_bytes // 10)
        if now.resident_bytes > was.resident_bytes + allowed:
            counted.wrong(f"the {name} grew from {was.resident_bytes // MIB} to {now.resident_bytes // MIB} MiB")
        if now.descriptors > was.descriptors + 3 or now.threads > was.threads + 2:
            counted.wrong(f"the {name} holds more and more: {was} before, {now} after")
    counted.note = ", ".join(
        f"{name} {was.resident_bytes / MIB:.0f} -> {now.resident_bytes / MIB:.0f} MiB, {was.descriptors} -> "
        f"{now.descriptors} files, {was.threads} -> {now.threads} threads"
        for name, was, now in zip(Holding._fields, before, after, strict=True)
    )


@pytest.fixture
def copying(tmp_path: Path) -> Iterator[Lab]:
    with a_lab(tmp_path, ONE_STEP, count=COPY) as lab:
        lab.start()
        yield lab


def test_very_many_runs_leave_nothing_behind(copying: Lab, count: Count) -> None:
    with count("P14", "trivial runs", share=300, full=20_000) as counted:
        warm_up = min(WARM_UP, counted.times // 3)
        records = min(RECORDS, warm_up // 2)
        before = None
        for number in range(counted.times):
            if number == warm_up:
                before = holding(copying.daemon)
            run_again(copying, number, records)
        for number in range(counted.times, counted.times + records):
            wait_for_result(copying, number, records)
        assert before is not None
        check(counted, before, holding(copying.daemon))
        copying.daemon.stop()


def run_again(lab: Lab, number: int, records: int) -> None:
    """Give the next record another content, once its last one has been worked on: so many are always under way."""
    wait_for_result(lab, number, records)
    lab.rename_in(f"raw/REC-{number % records}.txt", str(number))


def wait_for_result(lab: Lab, number: int, records: int) -> None:
    """Wait for the result of what this record was given before."""
    give_up_at = time.monotonic() + RUN_LIMIT_S
    while number >= records and lab.read(f"count/REC-{number % records}.txt") != str(number - records):
        assert time.monotonic() < give_up_at, f"no result of REC-{number % records} within {RUN_LIMIT_S:.0f} s"
        time.sleep(0.01)


EVENTS_PER_ROUND = 10


def test_very_many_file_events_leave_nothing_behind(copying: Lab, count: Count) -> None:
    with count("P14", "file events", share=5_000, full=1_000_000) as counted:
        for number in range(RECORDS):
            copying.put(f"raw/REC-{number}.txt", str(number))
        copying.come_to_rest()
        rounds = counted.times // EVENTS_PER_ROUND
        before = None
        for number in range(rounds):
            if number == rounds // 10:
                copying.come_to_rest()
                before = holding(copying.daemon)
            happen(copying.data, number)
        copying.come_to_rest()
        assert before is not None
        check(counted, before, holding(copying.daemon))
        copying.daemon.stop()


def happen(data: Path, number: int) -> None:
    """Ten events: a file is touched, others that are nobody's input come under new names and go, and so does a folder."""
    touched = data / f"raw/REC-{number % RECORDS}.txt"
    os.close(os.open(touched, os.O_WRONLY))
    os.utime(touched)
    written, renamed = data / f"raw/{number}.part", data / f"raw/{number}.log"
    written.touch()
    written.rename(renamed)
    renamed.unlink()
    folder = data / f"raw/run-{number}"
    folder.mkdir()
    (folder / "note.log").touch()
    shutil.rmtree(folder)
