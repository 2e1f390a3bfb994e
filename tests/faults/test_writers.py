"""P3: a file is read when it is whole, once, however slowly it is written; what is replaced while it is read is read again."""

import ctypes
import mmap
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import pytest
from counting import Count, Counted
from lab_world import COUNTED, RAW, Lab, a_lab, script

from sinagotd.core.states import Outcome, State

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

SETTLE_S = 1.0
CLOCK_S = 0.05
"""How much earlier than a clock says a file system may date a change, and more."""

SETTINGS = """\
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["count"]
[watch]
settle = "1s"
"""
COUNT = script(RAW, COUNTED, "self.path.output.write_text(str(len(text.split())))")
CHUNK = "one two three four "
WHOLE_LINES = 4
TOGETHER = 100
"""So many writers at a time."""

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


class Written(NamedTuple):
    """How a writer did: when it let go of the file, and the longest time in which it left it alone but not open."""

    done_at: float
    alone_s: float = 0.0


Writer = Callable[[Path, Sequence[bytes]], Written]


def pausing(seconds: float, chunks: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """The chunks and where each begins, a pause before each but the first."""
    place = 0
    for chunk in chunks:
        if place:
            time.sleep(seconds)
        yield place, chunk
        place += len(chunk)


def appending(file: Path, chunks: Sequence[bytes]) -> Written:
    """Open, append, close; pause a bit less than makes a file settled."""
    alone_s, before = 0.0, time.monotonic()
    for place, chunk in pausing(0.7 * SETTLE_S, chunks):
        began = time.monotonic()
        with file.open("ab") as opened:
            opened.write(chunk)
        alone_s = max(alone_s, time.monotonic() - before) if place else 0.0
        before = began
    return Written(time.time(), alone_s)


def holding_open(file: Path, chunks: Sequence[bytes]) -> Written:
    with file.open("wb", buffering=0) as opened:
        for _, chunk in pausing(1.3 * SETTLE_S, chunks):
            opened.write(chunk)
        done_at = time.time()
    return Written(done_at)


def preallocating(file: Path, chunks: Sequence[bytes]) -> Written:
    """All the space at once, then the content from its end to its beginning."""
    pieces = [(place, chunk) for place, chunk in pausing(0, chunks)]
    with file.open("wb", buffering=0) as opened:
        opened.truncate(sum(map(len, chunks)))
        for place, chunk in reversed(pieces):
            time.sleep(1.3 * SETTLE_S)
            os.pwrite(opened.fileno(), chunk, place)
        done_at = time.time()
    return Written(done_at)


def mapping(file: Path, chunks: Sequence[bytes]) -> Written:
    """Through memory; the file itself is closed."""
    size = sum(map(len, chunks))
    with file.open("w+b", buffering=0) as opened:
        opened.truncate(size)
        address = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, opened.fileno(), 0)
    for place, chunk in pausing(1.3 * SETTLE_S, chunks):
        ctypes.memmove(address + place, chunk, len(chunk))
    done_at = time.time()
    assert libc.munmap(address, size) == 0
    return Written(done_at)


def copying(file: Path, chunks: Sequence[bytes]) -> Written:
    """As `cp -p`: the times of the original, long ago, are put on the copy in the end."""
    with file.open("wb", buffering=0) as opened:
        for _, chunk in pausing(1.3 * SETTLE_S, chunks):
            opened.write(chunk)
        os.utime(opened.fileno(), (1_000_000_000, 1_000_000_000))
        done_at = time.time()
    return Written(done_at)


def aside(name: str) -> Writer:
    """Under a temporary name in the same folder, as rsync, browsers and copy tools do; then into its place."""

    def writing_aside(file: Path, chunks: Sequence[bytes]) -> Written:
        holding_open(file.with_name(name.format(file.name)), chunks)
        done_at = time.time()
        file.with_name(name.format(file.name)).rename(file)
        return Written(done_at)

    return writing_aside


def renaming_first(file: Path, chunks: Sequence[bytes]) -> Written:
    """The final name comes before the end of the content."""
    with file.with_suffix(".part").open("wb", buffering=0) as opened:
        for place, chunk in pausing(1.3 * SETTLE_S, chunks):
            opened.write(chunk)
            if not place:
                Path(file.with_suffix(".part")).rename(file)
        done_at = time.time()
    return Written(done_at)


WRITERS: Sequence[Writer] = (
    appending,
    holding_open,
    preallocating,
    mapping,
    copying,
    aside(".{}.a1B2c3"),
    aside("{}.part"),
    renaming_first,
)


def test_no_step_starts_while_somebody_writes(tmp_path: Path, count: Count) -> None:
    chunks = [CHUNK.encode()] * WHOLE_LINES
    with (
        count("P3", "slow writers of eight kinds", share=32, full=1_000) as counted,
        a_lab(tmp_path, SETTINGS, count=COUNT) as lab,
        ThreadPoolExecutor(TOGETHER) as pool,
    ):
        lab.start("--inline")
        lab.daemon.wait_for_line("walked")
        places = [lab.data / f"raw/REC-{number}.txt" for number in range(counted.times)]
        written = list(pool.map(lambda writer, place: writer(place, chunks), cycle(WRITERS), places))
        judge(lab, dict(zip(places, written, strict=True)), str(4 * WHOLE_LINES), counted)


def test_a_file_in_slow_chunks_is_read_once_whole(tmp_path: Path, count: Count) -> None:
    with (
        count("P3", "slow chunks of one file, closed after each", share=8, full=100) as counted,
        a_lab(tmp_path, SETTINGS, count=COUNT) as lab,
        ThreadPoolExecutor(TOGETHER) as pool,
    ):
        lab.start("--inline")
        lab.daemon.wait_for_line("walked")
        places = [lab.data / f"raw/REC-{number}.txt" for number in range(8)]  # a busy machine spoils some
        written = list(pool.map(lambda place: appending(place, [CHUNK.encode()] * counted.times), places))
        judge(lab, dict(zip(places, written, strict=True)), str(4 * counted.times), counted)


def judge(lab: Lab, written: dict[Path, Written], content: str, counted: Counted) -> None:
    """Each was read once, whole, after its writer was done; a writer that this machine delayed counts for nothing."""
    fair = {place.stem: how for place, how in written.items() if how.alone_s < SETTLE_S - CLOCK_S}
    lab.daemon.wait_until(lambda: all_current(lab, len(written)), "all current", 60 + len(written))
    runs = lab.daemon.runs()
    for record, how in fair.items():
        claims = [run.claimed_at for run in runs if run.key.record == record]
        if lab.read(f"count/{record}.txt") != content:
            counted.wrong(f"{record} holds {lab.read(f'count/{record}.txt')}")
        if len(claims) != 1:
            counted.wrong(f"{record} was read {len(claims)} times")
        if min(claims) < how.done_at:
            counted.wrong(f"{record} was read {how.done_at - min(claims):.2f} s before it was whole")
    if spoiled := len(written) - len(fair):
        counted.note = f"{spoiled} of {len(written)} left out: the machine was slow"
    if not fair:
        pytest.skip(f"this machine is too busy to write every {SETTLE_S} s")


def all_current(lab: Lab, count: int) -> bool:
    """Looks seldom, for a look reads them all."""
    time.sleep(0.2)
    with lab.daemon.reading() as read:
        return read.counts() == {State.CURRENT: count}


# While a step reads: it says so beside the data folder, and goes on when told to.

READING = script(
    RAW,
    COUNTED,
    "import os, time",
    "name = os.path.join('ELSEWHERE', self.id)",
    "open(name + '.reading', 'a').close()",
    "while not os.path.exists(name + '.go'):",
    "    time.sleep(0.01)",
    "self.path.output.write_text(text.upper())",
)


def by_rename(lab: Lab, file: Path) -> None:
    lab.rename_in(f"raw/{file.name}", "other")


def in_place(lab: Lab, file: Path) -> None:
    file.write_text("other")


def with_its_old_time(lab: Lab, file: Path) -> None:
    before = file.stat()
    file.write_text("other")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def by_another_file(lab: Lab, file: Path) -> None:
    file.unlink()
    file.write_text("other")


def and_back(lab: Lab, file: Path) -> None:
    file.write_text("other")
    file.write_text("first")


REPLACED = (by_rename, in_place, with_its_old_time, by_another_file, and_back)


def test_what_is_replaced_while_a_step_reads_it_is_read_again(tmp_path: Path, count: Count) -> None:
    text = READING.replace("ELSEWHERE", str(tmp_path / "elsewhere"))
    with (
        count("P3", "inputs replaced while a step reads them", share=5, full=100) as counted,
        a_lab(tmp_path, SETTINGS, count=text) as lab,
    ):
        lab.start()
        places = [lab.data / f"raw/REC-{number}.txt" for number in range(counted.times)]
        for place in places:
            lab.rename_in(f"raw/{place.name}", "first")
        left = dict(zip(places, islice(cycle(REPLACED), counted.times), strict=True))
        while left:
            lab.daemon.wait_until(lambda: reading(lab, left), "a step that reads")
            for place in reading(lab, left):
                left.pop(place)(lab, place)
                (lab.elsewhere / f"{place.stem}.go").touch()
        lab.wait_current(*(place.stem for place in places))
        for place, how in zip(places, cycle(REPLACED), strict=False):
            ended = [run.outcome for run in lab.daemon.runs(f"{place.stem}/count")]
            if ended != [Outcome.TAINTED, Outcome.SUCCEEDED]:
                counted.wrong(f"{how.__name__}: {ended}")
            if lab.read(f"count/{place.name}") != place.read_text().upper():
                counted.wrong(f"{how.__name__}: the result is {lab.read(f'count/{place.name}')}")


def reading(lab: Lab, places: dict[Path, Callable[[Lab, Path], None]]) -> list[Path]:
    return [place for place in places if (lab.elsewhere / f"{place.stem}.reading").exists()]
