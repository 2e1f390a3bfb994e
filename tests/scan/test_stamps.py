import os
import socket
from pathlib import Path

import pytest
from scan_world import write

from sinagotd.core.facts import unpack_stamp
from sinagotd.scan.findings import Finding, Unreadable
from sinagotd.scan.stamps import stamp


def test_a_stamp_holds_size_times_and_inode(data):
    status = write(data / "a.txt", "four").stat()
    assert unpack_stamp(stamp(data, "a.txt")) == (4, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


@pytest.mark.parametrize("path", ["b.txt", "none/b.txt", "a.txt/b.txt", "dangling"])
def test_what_is_not_there_has_no_stamp(data, path):
    write(data / "a.txt")
    (data / "dangling").symlink_to("nowhere")
    assert stamp(data, path) is None


def test_a_copier_that_restores_the_time_moves_the_stamp_all_the_same(data):
    file = write(data / "a.txt", "old")
    before, status = stamp(data, "a.txt"), file.stat()
    file.write_text("new")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert stamp(data, "a.txt") != before


def test_a_folder_is_stamped_with_all_that_is_in_it(data):
    write(data / "m/a.bin", "four")
    newest = write(data / "m/sub/b.bin", "12345").stat().st_mtime_ns
    size, mtime_ns, inode, summary = unpack_stamp(stamp(data, "m"))
    assert (size, mtime_ns, inode) == (9, newest, (data / "m").stat().st_ino)
    assert -(1 << 63) <= summary < 0


CHANGES = {
    "written": lambda folder: (folder / "sub/b.bin").write_text("other"),
    "renamed": lambda folder: (folder / "sub/b.bin").rename(folder / "sub/c.bin"),
    "deleted": lambda folder: (folder / "sub/b.bin").unlink(),
    "empty folder": lambda folder: (folder / "sub/empty").mkdir(),
    "temporary file": lambda folder: (folder / "sub/b.part").touch(),
    "touched": lambda folder: os.utime(folder / "sub/b.bin", (1, 1)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_moves_in_a_folder_moves_its_stamp(data, change):
    write(data / "m/sub/b.bin")
    before = stamp(data, "m")
    assert stamp(data, "m") == before
    change(data / "m")
    assert stamp(data, "m") != before


def test_a_link_within_the_data_folder_may_be_read(data):
    write(data / "a.txt", "four")
    (data / "link.txt").symlink_to(data / "a.txt")
    assert stamp(data, "link.txt") == stamp(data, "a.txt")


@pytest.mark.parametrize("path", ["link.txt", "folder/secret.txt", "../secret.txt", "../data-2/secret.txt"])
def test_what_leaves_the_data_folder_is_refused(data, tmp_path, path):
    for secret in ("secret.txt", "data-2/secret.txt"):
        write(tmp_path / secret)
    (data / "link.txt").symlink_to(tmp_path / "secret.txt")
    (data / "folder").symlink_to(tmp_path)
    with pytest.raises(Unreadable, match="leaves the data folder"):
        stamp(data, path)


def test_a_root_that_is_itself_a_link_is_fine(data, tmp_path):
    write(data / "a.txt")
    (tmp_path / "alias").symlink_to(data)
    assert stamp(tmp_path / "alias", "a.txt") == stamp(data, "a.txt")


def test_pipes_sockets_and_devices_are_never_opened(data, monkeypatch):
    monkeypatch.chdir(data)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    for path, kind in (("pipe", "a named pipe"), ("socket", "a socket")):
        with pytest.raises(Unreadable) as refused:
            stamp(data, path)
        assert refused.value.finding == Finding(path, f"it is {kind}, not a file")
    assert unpack_stamp(stamp("/dev", "shm"))
    with pytest.raises(Unreadable, match="it is a device"):
        stamp("/dev", "null")


@pytest.mark.parametrize("closed", ["a.txt", "m/a.bin", "m/sub"])
def test_what_this_user_may_not_read_is_said(shared, as_nobody, closed):
    write(shared / "a.txt")
    write(shared / "m/sub/b.bin")
    write(shared / "m/a.bin")
    path = closed.split("/")[0]
    (shared / closed).chmod(0o000)
    try:
        with as_nobody():
            if closed == "m/a.bin":  # a file inside a folder is found unreadable by its digest
                assert stamp(shared, path)
            else:
                with pytest.raises(Unreadable, match=r"may not read|Permission denied, at '.*m/sub/?'"):
                    stamp(shared, path)
    finally:
        (shared / closed).chmod(0o700)


def test_names_of_any_bytes_are_stamped_and_can_be_shown(data):
    for raw in (b"a\xff.txt", b"b\n\x1b[31m.txt", b"-rf"):
        name = os.fsdecode(raw)
        Path(f"{data}/{name}").write_text("x")
        assert stamp(data, name)
        assert str(Unreadable(name, "why")).isprintable()
        str(Unreadable(name, "why")).encode()
