"""A process that stands still while 20,000 files arrive: the kernel drops events, and no file is missed."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from scan_world import python_in

FILES = 20_000

WATCH = f"""
import threading
from scan_world import IGNORED, reach_of
from sinagotd.scan.walk import walk
from sinagotd.scan.watcher import Watcher
from pathlib import Path

data, woken, found, hinted = Path(sys.argv[1]), threading.Event(), set(), 0
reach = reach_of("raw/{{id}}.txt")
watcher = Watcher(data, reach, ignored=IGNORED, wake=woken.set, canary_folder=data / ".sinagotd")
watcher.start()
print("ready", flush=True)
while len(found) < {FILES}:
    assert woken.wait(30)
    woken.clear()
    hints = watcher.drain()
    found.update(hints.files)
    hinted = len(found)
    if hints.lost:
        print(hints.lost, flush=True)
        found.update(walk(data, reach, ignored=IGNORED).stamps)
watcher.stop()
print("hinted" if hinted == {FILES} else "scanned")
"""


def fill(folder: Path) -> None:
    into = os.open(folder, os.O_RDONLY)
    for number in range(FILES):
        os.close(os.open(f"REC-{number}.txt", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=into))
    os.close(into)


@pytest.mark.parametrize("stalled", [True, False], ids=["stalled", "awake"])
def test_no_file_of_a_burst_is_missed(data, stalled):
    if int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) >= FILES:
        pytest.skip("this kernel keeps more events than the burst makes")
    (data / "raw").mkdir()
    watching = subprocess.Popen(python_in(script=WATCH, folder=data), stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout.readline() == "ready\n"
        if stalled:
            watching.send_signal(signal.SIGSTOP)
        fill(data / "raw")
        watching.send_signal(signal.SIGCONT)
        said, _ = watching.communicate(timeout=50)
    finally:
        watching.kill()
        watching.wait()
    assert watching.returncode == 0
    assert not stalled or said == "more events came than the kernel keeps, so some are lost\nscanned\n"
