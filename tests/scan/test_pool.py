import os
from queue import SimpleQueue

import pytest
from scan_world import write

from sinagotd.scan.findings import Unreadable
from sinagotd.scan.pool import HashPool, Moved
from sinagotd.scan.stamps import stamp
from sinagotd.scripts.content import digest_file


@pytest.fixture
def reports():
    return SimpleQueue()


@pytest.fixture
def pool(data, reports):
    hashing = HashPool(data, lambda *report: reports.put(report))
    yield hashing
    hashing.close()


def test_a_digest_is_reported_with_the_stamp_it_belongs_to(data, pool, reports):
    write(data / "a.txt")
    pool.submit("a.txt")
    assert reports.get(timeout=20) == ("a.txt", stamp(data, "a.txt"), digest_file(data / "a.txt"))


def test_every_order_is_reported_once(data, pool, reports):
    for number in range(200):
        write(data / f"{number}.txt", str(number))
        pool.submit(f"{number}.txt")
    got = [reports.get(timeout=20) for _ in range(200)]
    assert {path: result for path, _, result in got} == {
        f"{number}.txt": digest_file(data / f"{number}.txt") for number in range(200)
    }
    assert reports.empty()


def test_what_cannot_be_read_is_reported_as_such(data, pool, reports):
    os.mkfifo(data / "pipe")
    for path in ("pipe", "none"):
        pool.submit(path)
        at, before, fault = reports.get(timeout=20)
        assert (at, before) == (path, None)
        assert isinstance(fault, Unreadable)
        assert fault.finding.path == path


def test_a_file_that_moves_while_it_is_read_has_no_digest(data, reports):
    file = write(data / "a.bin", "x" * 1000)
    touched = iter(range(1, 10))
    reading = os.pread

    def pread_while_somebody_writes(*wanted):
        os.utime(file, (next(touched, 10), 0))
        return reading(*wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pread", pread_while_somebody_writes)
        pool = HashPool(data, lambda *report: reports.put(report), sample_above=1, threads=1)
        before = stamp(data, "a.bin")
        pool.submit("a.bin")
        assert reports.get(timeout=20) == ("a.bin", before, Moved(stamp(data, "a.bin")))
        pool.close()


def test_a_closed_pool_reports_nothing_more(data, pool, reports):
    write(data / "a.txt")
    pool.close()
    pool.submit("a.txt")
    assert not any(thread.is_alive() for thread in pool._threads)
    assert reports.empty()
