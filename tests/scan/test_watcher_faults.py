"""Everything that blinds a watcher is found out, repaired, and told to the engine as `lost`."""

import ctypes
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from scan_world import IGNORED, Seen, python_in, reach_of, wait_until, write

from sinagotd.scan.health import Patience
from sinagotd.scan.watcher import Watcher


def sees_changes(watcher, data):
    write(data / "raw/REC-7.txt")
    Seen(watcher).until(lambda seen: "raw/REC-7.txt" in seen.files or "raw" in seen.folders)
    return True


def test_a_healthy_watcher_answers_its_cookie_for_ever(data, watch):
    watcher = watch()
    for now in range(0, 1000, 100):
        health = watcher.check(now)
        wait_until(lambda: not watcher._canary.is_awaited)
    assert health == ("watching", None, 2, 0, 0)
    assert watcher.drain() == ({}, frozenset(), None)


def test_a_reader_that_hangs_is_left_behind_and_another_one_sees(data, watch):
    (data / "raw").mkdir()
    hangs, goes_on = threading.Event(), threading.Event()

    def wake():
        if not hangs.is_set():
            hangs.set()
            goes_on.wait()

    watcher = watch(wake=wake)
    write(data / "raw/REC-1.txt")
    assert hangs.wait(20)
    watcher.check(0)
    assert watcher.check(60) == ("watching", None, 3, 0, 1)
    assert "no event within 10 s" in watcher.drain().lost
    assert sees_changes(watcher, data)
    goes_on.set()


def test_a_root_that_was_deleted_and_made_again_is_watched_anew(data, watch):
    watcher = watch()
    shutil.rmtree(data)
    (data / ".sinagotd").mkdir(parents=True)
    (data / "raw").mkdir()
    watcher.check(0)
    assert watcher.drain().lost
    assert sees_changes(watcher, data)


def test_a_root_that_was_renamed_away_and_replaced_is_watched_anew(data, watch, tmp_path):
    (data / "raw").mkdir()
    watcher = watch()
    data.rename(tmp_path / "old")
    (data / "raw").mkdir(parents=True)
    watcher.check(0)
    assert watcher.drain().lost
    write(tmp_path / "old/raw/REC-1.txt")
    assert sees_changes(watcher, data)
    assert "raw/REC-1.txt" not in watcher.drain().files


def test_a_root_that_is_gone_is_scanned_until_it_is_back(data, watch, tmp_path, woken):
    watcher = watch()
    data.rename(tmp_path / "old")
    health = watcher.check(0)
    assert (health.mode, health.renewals) == ("scanning", 1)
    assert "No such file" in health.why
    assert watcher.drain().lost
    assert watcher.check(1).mode == "scanning"
    (tmp_path / "old").rename(data)
    while woken.acquire(blocking=False):
        pass
    assert watcher.check(2).mode == "watching"
    assert woken.acquire(blocking=False)
    assert "watching works again" in watcher.drain().lost
    (data / "raw").mkdir()
    assert sees_changes(watcher, data)


def test_a_wake_that_raises_kills_nothing_and_counts_as_lost(data, watch):
    (data / "raw").mkdir()
    faults = [RuntimeError("inbox is broken")]

    def wake():
        if faults:
            raise faults.pop()

    watcher = watch(wake=wake)
    write(data / "raw/REC-1.txt")
    wait_until(lambda: watcher._lookout.doubt)
    assert "inbox is broken" in watcher.drain().lost
    assert sees_changes(watcher, data)
    assert watcher.check(0).renewals == 1


def test_after_three_renewals_in_a_row_it_scans_and_tries_again_later(data, watch):
    (data / "raw").mkdir()
    faults = [RuntimeError("broken")] * 4

    def wake():
        if faults:
            raise faults.pop()

    watcher = watch(wake=wake, patience=Patience(retry_s=60, stall_s=1000))
    watcher.check(0)
    while watcher._lookout is not None:
        write(data / "raw/REC-1.txt")
        wait_until(lambda: watcher._lookout.doubt)
        assert watcher.drain().lost
    health = watcher.check(59)
    assert (health.mode, health.why.split(":")[0]) == ("scanning", "watching failed 4 times in a row")
    health = watcher.check(61)
    assert (health.mode, health.why) == ("watching", None)
    assert watcher.drain().lost
    assert sees_changes(watcher, data)


def test_a_reader_thread_that_ended_is_replaced(data, watch):
    (data / "raw").mkdir()
    watcher = watch()
    watcher._lookout._watches._reader.stopped_event.set()
    write(data / "raw/REC-1.txt")
    wait_until(lambda: not watcher._lookout._watches.is_alive())
    watcher.check(0)
    assert "thread" in watcher.drain().lost
    assert sees_changes(watcher, data)


def test_a_cookie_without_an_event_is_found_out(data, watch):
    (data / "raw").mkdir()
    watcher = watch(patience=Patience(cookie_s=10))
    watcher._canary.answer = lambda: None
    watcher.check(0)
    assert watcher.check(9).renewals == 0
    assert watcher.check(11).renewals == 1
    assert "no event within 10 s" in watcher.drain().lost
    wait_until(lambda: not watcher._canary.is_awaited)
    assert sees_changes(watcher, data)


def test_a_cookie_folder_that_is_made_later_is_watched_from_then_on(data, watch):
    shutil.rmtree(data / ".sinagotd")
    (data / "raw").mkdir()
    watcher = watch(patience=Patience(cookie_s=10))
    watcher.check(0)
    (data / ".sinagotd").mkdir()
    for now in (10, 30, 50):
        assert watcher.check(now).renewals == 0
        wait_until(lambda: not watcher._canary.is_awaited)
    assert (data / ".sinagotd/.sinagot-cookie").exists()


def test_a_doubt_that_comes_while_hints_are_taken_does_not_wait_for_the_next_event(data, watch, woken):
    (data / "raw").mkdir()
    watcher = watch()
    write(data / "raw/REC-1.txt")
    woken.acquire()
    take = watcher._lookout.take
    watcher._lookout.take = lambda: (watcher._lookout._distrust("lost meanwhile"), take())[1]
    assert watcher.drain().lost == "lost meanwhile"
    assert sees_changes(watcher, data)


def test_watches_that_the_kernel_no_longer_holds_are_found_out(data, watch):
    (data / "raw").mkdir()
    watcher = watch()
    watches = watcher._lookout._watches
    watches._callback = None  # so that nobody hears of the end of the watch
    watches._reader._watch_for_wd[watches.descriptor("raw")].callbacks.clear()
    ctypes.CDLL(None).inotify_rm_watch(watches._reader._inotify_fd, watches.descriptor("raw"))
    assert watcher.check(0).renewals == 0
    assert watcher.check(1).renewals == 1
    assert "fewer watches" in watcher.drain().lost
    assert sees_changes(watcher, data)


def test_a_root_given_by_another_name_is_watched_all_the_same(data, tmp_path):
    (data / "raw").mkdir()
    (tmp_path / "alias").symlink_to(data)
    alias = tmp_path / "alias"
    for canary_folder in (alias, alias / ".sinagotd"):
        watcher = Watcher(
            alias, reach_of("raw/{id}.txt"), ignored=IGNORED, wake=lambda: None, canary_folder=canary_folder
        )
        watcher.start()
        try:
            watcher.check(0)
            wait_until(lambda: not watcher._canary.is_awaited)  # noqa: B023 - it is waited for here and now
            (data / "raw").rmdir()
            (data / "raw").mkdir()
            assert sees_changes(watcher, data)
        finally:
            watcher.stop()
        (data / "raw/REC-7.txt").unlink()


def test_a_process_that_stood_still_counts_as_lost(data, watch, woken):
    watcher = watch(patience=Patience(stall_s=30, cookie_s=1000))
    watcher.check(0)
    watcher.check(29)
    assert watcher.drain().lost is None
    watcher.check(60)
    assert woken.acquire(blocking=False)
    assert watcher.drain().lost == "this program stood still for 31 s"


def test_a_cookie_folder_that_cannot_be_written_is_no_fault(shared, as_nobody):
    (shared / "raw").mkdir()
    (shared / "raw").chmod(0o777)
    with as_nobody():
        shared_before = shared.stat().st_mode
        watcher = Watcher(
            shared, reach_of("raw/{id}.txt"), ignored=IGNORED, wake=lambda: None, canary_folder=shared / ".sinagotd"
        )
        watcher.start()
        try:
            assert [watcher.check(now).renewals for now in (0, 50, 100)] == [0, 0, 0]
            assert sees_changes(watcher, shared)
        finally:
            watcher.stop()
    assert shared.stat().st_mode == shared_before


def test_a_folder_that_may_not_be_watched_is_counted_and_watched_once_it_may(shared, as_nobody):
    write(shared / "REC-1/raw.txt")
    (shared / "REC-1").chmod(0)
    watcher = Watcher(shared, reach_of("{id}/raw.txt"), ignored=IGNORED, wake=lambda: None, canary_folder=shared)
    try:
        with as_nobody():
            watcher.start()
            assert watcher.check(0)[:4] == ("watching", None, 1, 1)
        (shared / "REC-1").chmod(0o755)
        with as_nobody():
            assert watcher.check(1)[:4] == ("watching", None, 2, 0)
            assert watcher.drain().folders == {"REC-1"}
        write(shared / "REC-1/raw.txt", "later")
        Seen(watcher).until(lambda seen: "REC-1/raw.txt" in seen.files)
    finally:
        watcher.stop()


def test_threads_and_handles_do_not_pile_up(data, watch):
    (data / "raw").mkdir()
    watcher = watch()

    def handles():
        return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir()))

    before = handles()
    for _ in range(20):
        watcher._lookout.doubt = "for the test"
        watcher.drain()
        watcher._renewals_in_a_row = 0
    wait_until(lambda: handles() == before)
    assert sees_changes(watcher, data)


MOUNTS = """
import subprocess, time
from pathlib import Path
from scan_world import IGNORED, Seen, reach_of, write
from sinagotd.scan.watcher import Watcher

data = Path(sys.argv[1])
watcher = Watcher(data, reach_of("raw/{id}.txt"), ignored=IGNORED, wake=lambda: None, canary_folder=data / ".sinagotd")
watcher.start()
for now, change in enumerate((["mount", "-t", "tmpfs", "over", data], ["umount", data])):
    subprocess.run(change, check=True)
    (data / "raw").mkdir(exist_ok=True)
    watcher.check(now)
    print(watcher.drain().lost)
    write(data / "raw/REC-1.txt")
    Seen(watcher).until(lambda seen: "raw/REC-1.txt" in seen.files)
watcher.stop()
"""


def test_a_mount_over_the_root_and_its_end_are_found_out(data):
    (data / "raw").mkdir()
    own_mounts = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*own_mounts, "mount", "-t", "tmpfs", "x", data], check=False, capture_output=True).returncode:
        pytest.skip("no rights to mount in a namespace of one's own")
    command = python_in(*own_mounts, script=MOUNTS, folder=data)
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["the data folder was replaced"] * 2


LIMIT = """
from pathlib import Path
from scan_world import IGNORED, reach_of
from sinagotd.scan.watcher import Watcher

data, limit = Path(sys.argv[1]), Path("/proc/sys/user/max_inotify_watches")
watcher = Watcher(data, reach_of("{id}/raw.txt"), ignored=IGNORED, wake=lambda: None, canary_folder=data / ".sinagotd")
limit.write_text("30")
watcher.start()
print(*watcher.check(0)[:3], sep="|")
limit.write_text("1000")
print(*watcher.check(61)[:3], sep="|")
watcher.drain()
limit.write_text("101")
for number in range(200, 220):
    (data / f"REC-{number}").mkdir()
while watcher.drain().lost is None:
    pass
print(*watcher.check(62)[:3], sep="|")
watcher.stop()
"""


def test_the_limit_of_watches_is_said_and_watching_comes_back_when_it_is_raised(data):
    for number in range(100):
        (data / f"REC-{number}").mkdir()
    limit = "/proc/sys/user/max_inotify_watches"
    own_limits = ["unshare", "--user", "--map-root-user"]
    if subprocess.run([*own_limits, "test", "-w", limit], check=False, capture_output=True).returncode:
        pytest.skip("no rights to make a user namespace with limits of its own")
    command = python_in(*own_limits, script=LIMIT, folder=data)
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    reached = "scanning|the data folder cannot be watched: the limit of inotify watches is reached, raise fs.inotify.max_user_watches|0"
    assert done.stdout.splitlines() == [reached, "watching|None|102", reached]
