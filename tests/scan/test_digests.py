import os

import pytest
from scan_world import write

from sinagotd.scan import digests
from sinagotd.scan.digests import SAMPLE_BYTES, digest
from sinagotd.scan.findings import Unreadable
from sinagotd.scripts.content import digest_file, digest_folder


@pytest.fixture
def big(data):
    """A sparse file of 40 MiB, of which a sample reads 16."""
    with (data / "big.bin").open("wb") as file:
        file.truncate(40 * SAMPLE_BYTES)
    return data / "big.bin"


def test_a_digest_is_that_of_the_content(data):
    assert digest(data, write(data / "a.txt").name) == digest_file(data / "a.txt")
    write(data / "m/b.txt")
    assert digest(data, "m") == digest_folder(data / "m")


def test_what_is_no_larger_than_the_limit_is_read_whole(data):
    write(data / "m/a.txt", "four")
    assert digest(data, "m/a.txt", sample_above=4) == digest_file(data / "m/a.txt")
    assert digest(data, "m", sample_above=4) == digest_folder(data / "m")


def test_a_sampled_digest_never_equals_a_full_one_even_if_all_was_read(data):
    write(data / "m/a.txt", "four")
    assert digest(data, "m/a.txt", sample_above=3) != digest_file(data / "m/a.txt")
    assert digest(data, "m", sample_above=3) != digest_folder(data / "m")
    (data / "decoy").write_bytes((4).to_bytes(8, "big") + b"four" * 16)
    assert digest(data, "m/a.txt", sample_above=3) != digest_file(data / "decoy")


@pytest.mark.parametrize("offset", [0, SAMPLE_BYTES - 1, 40 * SAMPLE_BYTES - 1, int(13.1 * SAMPLE_BYTES)])
def test_a_change_in_a_sampled_block_is_seen_alone_and_in_a_folder(data, big, offset):
    write(data / "m/small.txt")
    big.rename(data / "m/big.bin")

    def both():
        return [digest(data, path, sample_above=1000) for path in ("m/big.bin", "m")]

    before = both()
    assert both() == before
    with (data / "m/big.bin").open("r+b") as file:
        os.pwrite(file.fileno(), b"x", offset)
    assert all(new != old for new, old in zip(both(), before, strict=True))


def test_a_change_of_the_size_is_seen(data, big):
    before = digest(data, "big.bin", sample_above=1000)
    with big.open("r+b") as file:
        file.truncate(40 * SAMPLE_BYTES + 1)
    assert digest(data, "big.bin", sample_above=1000) != before


def test_a_sample_reads_little(data, big, monkeypatch):
    read = []
    pread = os.pread
    monkeypatch.setattr(digests.os, "pread", lambda *wanted: read.append(wanted[1]) or pread(*wanted))
    digest(data, "big.bin", sample_above=1000)
    assert sum(read) == 16 * SAMPLE_BYTES


def test_in_a_sampled_folder_names_and_small_files_count(data, big):
    big.rename(write(data / "m/a.txt").parent / "big.bin")
    before = digest(data, "m", sample_above=1000)
    (data / "m/a.txt").rename(data / "m/b.txt")
    renamed = digest(data, "m", sample_above=1000)
    (data / "m/b.txt").write_text("y")
    assert len({before, renamed, digest(data, "m", sample_above=1000)}) == 3


def test_what_cannot_be_read_is_said(data, shared, as_nobody):
    os.mkfifo(data / "pipe")
    (data / "link").symlink_to("/etc/hostname")
    for path in ("none", "pipe", "link", "../data/none"):
        with pytest.raises(Unreadable):
            digest(data, path)
    write(shared / "a.txt").chmod(0)
    with as_nobody(), pytest.raises(Unreadable, match=r"'a\.txt': Permission denied"):
        digest(shared, "a.txt")
