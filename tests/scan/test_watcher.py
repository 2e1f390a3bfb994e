import os
import shutil
import threading
from pathlib import Path

import pytest
from scan_world import IGNORED, Seen, reach_of, wait_until, write

from sinagotd.scan.walk import walk


def test_a_file_written_in_place_is_hinted_at_and_not_taken_as_arrived(data, watch):
    (data / "raw").mkdir()
    watcher = watch()
    write(data / "raw/REC-1.txt")
    seen = Seen(watcher).until(lambda seen: "raw/REC-1.txt" in seen.files)
    assert seen.files == {"raw/REC-1.txt": False}
    assert seen.lost == []


@pytest.mark.parametrize("source", ["data/raw/REC-1.txt.part", "elsewhere.txt"], ids=["below", "outside"])
def test_a_rename_into_the_final_name_is_known_as_arrival(data, watch, tmp_path, source):
    (data / "raw").mkdir()
    watcher = watch()
    write(tmp_path / source).rename(data / "raw/REC-1.txt")
    seen = Seen(watcher).until(lambda seen: seen.files)
    assert seen.files == {"raw/REC-1.txt": True}


def test_a_write_after_the_rename_takes_the_arrival_back(data, watch, tmp_path):
    (data / "raw").mkdir()
    watcher = watch()
    write(tmp_path / "elsewhere.txt").rename(data / "raw/REC-1.txt")
    write(data / "raw/REC-1.txt", "more")
    Seen(watcher).until(lambda seen: seen.files == {"raw/REC-1.txt": False})


def test_a_deleted_file_and_one_moved_out_are_hinted_at(data, watch, tmp_path):
    write(data / "raw/REC-1.txt")
    write(data / "raw/REC-2.txt")
    watcher = watch()
    (data / "raw/REC-1.txt").unlink()
    (data / "raw/REC-2.txt").rename(tmp_path / "out.txt")
    Seen(watcher).until(lambda seen: seen.files == {"raw/REC-1.txt": False, "raw/REC-2.txt": False})


def test_what_no_pattern_reaches_gives_no_hint(data, watch):
    (data / "raw").mkdir()
    (data / "other").mkdir()
    watcher = watch()
    for name in ("raw/notes.txt", "other/REC-1.txt", "raw/.REC-1.txt.a1B2c3", "LOG/REC-1.txt", ".sinagotd/staging/1/a"):
        write(data / name)
    write(data / "raw/REC-9.txt")
    seen = Seen(watcher).until(lambda seen: seen.files)
    assert seen.files.keys() == {"raw/REC-9.txt"}
    assert seen.folders == set()


def test_staging_and_temporary_names_do_not_even_wake(data, watch, woken):
    (data / "raw").mkdir()
    watcher = watch()
    for number in range(200):
        write(data / f".sinagotd/staging/{number}/out.csv")
        write(data / f".sinagotd/{number}.json")
        write(data / f"raw/REC-{number}.txt.part")
    watcher.check(0)
    wait_until(lambda: not watcher._canary.is_awaited)  # events keep their order: all before the cookie were read
    assert not woken.acquire(blocking=False)


def test_wake_comes_once_until_the_next_drain(data, watch, woken):
    (data / "raw").mkdir()
    watcher = watch()
    for number in range(100):
        write(data / f"raw/REC-{number}.txt")
    seen = Seen(watcher)
    wakes = 0
    while len(seen.files) < 100:
        assert woken.acquire(timeout=20)
        wakes += 1
        wait_until(lambda: watcher._lookout._events)
        before = len(seen.files)
        assert not woken.acquire(blocking=False)
        seen.drain()
        assert len(seen.files) > before
    write(data / "raw/REC-1.txt", "again")
    assert woken.acquire(timeout=20)


def test_new_folders_are_hints_and_what_comes_later_is_seen_in_them(data, watch):
    watcher = watch("{id}/HDC/raw.txt")
    write(data / "REC-1/HDC/raw.txt")
    Seen(watcher).until(lambda seen: "REC-1" in seen.folders)
    write(data / "REC-1/HDC/raw.txt", "later")
    Seen(watcher).until(lambda seen: "REC-1/HDC/raw.txt" in seen.files)


def test_no_file_in_fresh_nested_folders_is_missed(data, watch, woken):
    reach = reach_of("{id}/a/b/raw.txt")
    watcher = watch("{id}/a/b/raw.txt")
    found: set[str] = set()

    def look() -> None:
        woken.acquire(timeout=0.05)
        hints = watcher.drain()
        found.update(hints.files)
        for folder in hints.folders:
            found.update(walk(data, reach, ignored=IGNORED, start=folder).stamps)

    def make() -> None:
        for number in range(2000):
            write(data / f"REC-{number}/a/b/raw.txt")

    writer = threading.Thread(target=make)
    writer.start()
    while writer.is_alive():
        look()
    writer.join()
    wait_until(lambda: look() or len(found) == 2000)


def test_a_tree_renamed_in_is_one_folder_to_walk_and_watched_throughout(data, watch, tmp_path):
    write(tmp_path / "usb/HDC/raw.txt")
    watcher = watch("{id}/HDC/raw.txt")
    (tmp_path / "usb").rename(data / "REC-1")
    Seen(watcher).until(lambda seen: "REC-1" in seen.folders)
    write(data / "REC-1/HDC/raw.txt", "later")
    Seen(watcher).until(lambda seen: "REC-1/HDC/raw.txt" in seen.files)


def test_a_folder_that_moved_out_is_no_longer_watched_under_its_old_name(data, watch, tmp_path):
    write(data / "REC-1/raw.txt")
    (data / "REC-2").mkdir()
    watcher = watch("{id}/raw.txt")
    (data / "REC-1").rename(tmp_path / "gone")
    Seen(watcher).until(lambda seen: "REC-1" in seen.folders)
    write(tmp_path / "gone/raw.txt", "later")
    write(data / "REC-2/raw.txt")
    seen = Seen(watcher).until(lambda seen: "REC-2/raw.txt" in seen.files)
    assert "REC-1/raw.txt" not in seen.files


def test_a_folder_renamed_within_the_root_is_watched_under_its_new_name(data, watch):
    write(data / "REC-1/HDC/raw.txt")
    watcher = watch("{id}/HDC/raw.txt")
    (data / "REC-1").rename(data / "REC-2")
    Seen(watcher).until(lambda seen: {"REC-1", "REC-2"} <= seen.folders)
    write(data / "REC-2/HDC/raw.txt", "later")
    seen = Seen(watcher).until(lambda seen: seen.files)
    assert seen.files.keys() == {"REC-2/HDC/raw.txt"}


def test_folders_that_swap_their_names_are_told_apart(data, watch):
    for name in ("REC-1", "REC-2"):
        write(data / name / "HDC/raw.txt")
    watcher = watch("{id}/HDC/raw.txt")
    (data / "REC-1").rename(data / "REC-3")
    (data / "REC-2").rename(data / "REC-1")
    (data / "REC-3").rename(data / "REC-2")
    seen = Seen(watcher).until(lambda seen: {"REC-1", "REC-2", "REC-3"} <= seen.folders)
    wait_until(lambda: seen.drain() or watcher._lookout.watches == 6)
    seen.files.clear()
    write(data / "REC-1/HDC/raw.txt", "later")
    assert seen.until(lambda seen: seen.files).files.keys() == {"REC-1/HDC/raw.txt"}


def test_a_deleted_and_remade_folder_is_watched_again(data, watch):
    write(data / "REC-1/raw.txt")
    watcher = watch("{id}/raw.txt")
    shutil.rmtree(data / "REC-1")
    (data / "REC-1").mkdir()
    Seen(watcher).until(lambda seen: "REC-1" in seen.folders)
    write(data / "REC-1/raw.txt")
    Seen(watcher).until(lambda seen: "REC-1/raw.txt" in seen.files)


def test_a_change_inside_a_folder_input_is_a_hint_at_the_folder(data, watch, tmp_path):
    write(tmp_path / "camera/sub/frame.bin")
    watcher = watch("{id}.mff")
    (tmp_path / "camera").rename(data / "REC-1.mff")
    seen = Seen(watcher).until(lambda seen: seen.files == {"REC-1.mff": True})
    write(data / "REC-1.mff/sub/frame.bin", "later")
    seen.until(lambda seen: seen.files == {"REC-1.mff": False})


def test_a_folder_input_that_changes_after_its_arrival_has_not_just_arrived(data, watch, tmp_path, woken):
    write(data / "REC-1.mff/frame.bin")
    write(data / "REC-2.mff/frame.bin")
    watcher = watch("{id}.mff")
    write(data / "REC-1.mff/frame.bin", "1")
    (data / "REC-1.mff").rename(tmp_path / "aside")
    (tmp_path / "aside").rename(data / "REC-1.mff")
    write(data / "REC-1.mff/frame.bin", "2")
    write(data / "REC-2.mff/frame.bin")
    wait_until(lambda: len(watcher._lookout._events) == 3)
    assert watcher.drain().files == {"REC-1.mff": False, "REC-2.mff": False}


def test_the_watches_of_a_deleted_tree_are_given_up(data, watch):
    for number in range(10):
        write(data / f"REC-{number}/HDC/raw.txt")
    watcher = watch("{id}/HDC/raw.txt")
    assert watcher._lookout.watches == 22
    shutil.rmtree(data / "REC-1")
    Seen(watcher).until(lambda _: watcher._lookout.watches == 20)


def test_odd_names_pass_through(data, watch):
    odd = [b"REC-1\n.txt", b"REC-2\xff.txt", "REC-3é.txt".encode()]
    (data / "raw").mkdir()
    watcher = watch(*(f"raw/{os.fsdecode(name)}" for name in odd))
    for name in odd:
        Path(os.fsdecode(bytes(data / "raw") + b"/" + name)).write_text("x")
    expected = {f"raw/{os.fsdecode(name)}" for name in odd}
    Seen(watcher).until(lambda seen: seen.files.keys() == expected)


def test_new_rights_and_new_times_are_hints(data, watch):
    write(data / "raw/REC-1.txt")
    write(data / "raw/REC-2.txt")
    watcher = watch()
    (data / "raw/REC-1.txt").chmod(0o600)
    os.utime(data / "raw/REC-2.txt", (1, 1))
    Seen(watcher).until(lambda seen: seen.files == {"raw/REC-1.txt": False, "raw/REC-2.txt": False})


def test_new_rights_do_not_take_an_arrival_back(data, watch, tmp_path):
    (data / "raw").mkdir()
    watcher = watch()
    write(tmp_path / "elsewhere.txt").rename(data / "raw/REC-1.txt")
    (data / "raw/REC-1.txt").chmod(0o600)
    write(data / "raw/REC-2.txt")
    wait_until(lambda: len(watcher._lookout._events) == 2)
    assert watcher.drain().files == {"raw/REC-1.txt": True, "raw/REC-2.txt": False}


def test_thousands_of_folders_that_come_and_go_leave_nothing_behind(data, watch):
    (data / ".sinagotd/staging").rmdir()
    watcher = watch("{id}/HDC/raw.txt")
    watches = watcher._lookout._watches
    for _ in range(5):
        for number in range(400):
            write(data / f"REC-{number}/HDC/raw.txt")
        Seen(watcher).until(lambda _: watcher._lookout.watches == 802)
        for number in range(400):
            shutil.rmtree(data / f"REC-{number}")
        Seen(watcher).until(lambda _: watcher._lookout.watches == 2)
    assert (watches.in_kernel(), len(watches._descriptors), len(watches._reader._watch_for_wd)) == (2, 2, 2)
