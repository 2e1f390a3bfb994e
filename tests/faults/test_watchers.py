"""P2: whatever blinds the watcher is found out, told and made good by the daemon itself, and no change is lost."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from counting import Count, Counted
from lab_world import COUNTED, RAW, Lab, a_lab, script
from scan_world import python_in

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

SETTINGS = """\
[path]
state = {state!r}
[records]
id_pattern = "[A-Z]+-[0-9]+"
[steps]
scripts = ["count"]
[watch]
settle = "300ms"
canary_interval = "1s"
"""
COUNT = script(
    RAW, COUNTED, "exec(text, {}) if text.startswith('# harm') else None", "self.path.output.write_text(str(len(text)))"
)
"""It runs in the daemon's own process, so an input of ours can do harm there."""

QUEUE = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
NEW = "came while nobody saw it"
DETECTED_WITHIN_S = 90.0
QUIET_SHARE = 0.25
"""Of a core, on a busy machine; a watcher that feeds itself takes all it can get."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """With its manifest beside the data folder, so that the whole of that can be replaced."""
    with a_lab(tmp_path, SETTINGS.format(state=str(tmp_path / "state")), count=COUNT) as made:
        yield made
        while subprocess.run(["umount", "--lazy", made.data], capture_output=True, check=False).returncode == 0:
            pass


def copied(lab: Lab, name: str) -> Path:
    """Everything that is in the data folder, elsewhere."""
    return Path(shutil.copytree(lab.data, lab.elsewhere / name, ignore=shutil.ignore_patterns(".sinagot*")))


def drop(folder: Path, record: str) -> None:
    (folder / "raw" / f"{record}.txt").write_text(NEW)


# What may happen to it. Each lets a record arrive while the watcher is blind.


def replaced(lab: Lab, record: str) -> None:
    other = copied(lab, record)
    lab.data.rename(lab.elsewhere / f"old-{record}")
    drop(other, record)
    other.rename(lab.data)


def deleted_and_made_again(lab: Lab, record: str) -> None:
    other = copied(lab, record)
    drop(other, record)
    while lab.data.exists():  # the daemon still writes what it takes for missing
        shutil.rmtree(lab.data, ignore_errors=True)
    other.rename(lab.data)


def gone_for_a_while(lab: Lab, record: str) -> None:
    away = lab.data.rename(lab.folder / "away")
    lab.daemon.wait_until(lambda: last(lab, "offline", "online") == "offline", "offline")
    drop(away, record)
    away.rename(lab.data)
    lab.daemon.wait_until(lambda: last(lab, "offline", "online") == "online", "online")


def mounted_over(lab: Lab, record: str) -> None:
    other = copied(lab, record)
    drop(other, record)
    subprocess.run(["mount", "--bind", other, lab.data], check=True)


def unmounted(lab: Lab, record: str) -> None:
    below = os.open(lab.data, os.O_PATH)
    before = len(whys(lab))
    subprocess.run(["mount", "--bind", copied(lab, record), lab.data], check=True)
    told(lab, "mounted over", since=before)
    drop(Path(f"/proc/self/fd/{below}"), record)
    os.close(below)
    subprocess.run(["umount", "--lazy", lab.data], check=True)  # a look may be under way there


def stood_still(lab: Lab, record: str) -> None:
    """Long enough for the kernel's queue to run over."""
    lab.daemon.send(signal.SIGSTOP)
    drop(lab.data, record)
    for number in range(QUEUE):
        (lab.data / f"raw/{number}.noise").touch()
        (lab.data / f"raw/{number}.noise").unlink()
    drop(lab.data, record)
    lab.daemon.send(signal.SIGCONT)


def harmed(code: str) -> Callable[[Lab, str], None]:
    def harm(lab: Lab, record: str) -> None:
        (lab.data / "raw" / f"HARM-{record[4:]}.txt").write_text(f"# harm\n{code}")
        lab.wait_current(f"HARM-{record[4:]}")
        drop(lab.data, record)

    return harm


ONCE = """
from {module} import {cls}
was = {cls}.{method}
def once(self, *event):
    {cls}.{method} = was
    {does}
{cls}.{method} = once
"""
LOOKOUT = {"module": "sinagotd.scan.lookout", "cls": "Lookout"}
RAISING = ONCE.format(**LOOKOUT, method="_receive", does="raise ValueError('broken')")
ENDING = ONCE.format(**LOOKOUT, method="on_event", does="raise SystemExit")
UNANSWERED = """
from sinagotd.scan.canary import Canary
was, deaf = Canary.answer, []
def answer(self):
    deaf[:] = deaf or [self]
    if self is not deaf[0]:
        Canary.answer = was
        was(self)
Canary.answer = answer
"""
"""Events come, but not those of the first canary that is asked: for all it can know, the watcher is blind."""


class Fault(NamedTuple):
    """What is told is one of `tells`: a check of the watcher may come before its event."""

    what: str
    strike: Callable[[Lab, str], None]
    tells: tuple[str, ...]
    needs: str = ""


FAULTS = (
    Fault("an event that raises", harmed(RAISING), ("broken",)),
    Fault("a reader that ends", harmed(ENDING), ("thread",)),
    Fault("a proof of life that stays away", harmed(UNANSWERED), ("brought no event",), needs="time"),
    Fault("a queue that runs over", stood_still, ("more events came",)),
    Fault("a data folder that is gone for a while", gone_for_a_while, ("moved", "was replaced")),
    Fault("a data folder that is replaced", replaced, ("moved", "was replaced")),
    Fault("a data folder that is deleted and made again", deleted_and_made_again, ("deleted", "was replaced")),
    Fault("a data folder that is mounted over", mounted_over, ("mounted over",), needs="root"),
    Fault("a data folder that is unmounted", unmounted, ("unmounted",), needs="root"),
)


def last(lab: Lab, *events: str) -> str | None:
    said = [line["event"] for line in lab.daemon.lines() if line["event"] in events]
    return said[-1] if said else None


def whys(lab: Lab) -> list[str]:
    return [line["why"] for line in lab.daemon.lines("events_lost")]


def told(lab: Lab, *tells: str, since: int = 0) -> None:
    def is_told() -> bool:
        return any(why in said for said in whys(lab)[since:] for why in tells)

    lab.daemon.wait_until(is_told, f"{tells} told", DETECTED_WITHIN_S)


def test_what_blinds_the_watcher_is_found_out_and_made_good(
    lab: Lab, count: Count, request: pytest.FixtureRequest
) -> None:
    given = {"": True, "root": may_mount(lab), "time": request.config.getoption("--full")}
    lab.start("--inline")
    drop(lab.data, "OLD-1")
    lab.wait_current("OLD-1")
    for number, fault in enumerate(FAULTS):
        if not given[fault.needs]:
            continue
        with count("P2", fault.what, share=1, full=7) as counted:
            struck = [strike(lab, fault, f"{number}{time}", counted) for time in range(counted.times)]
            counted.note = f"made good after at most {max(struck):.0f} s, then {quiet(lab, counted):.0%} of a core"
    lab.daemon.stop()


def strike(lab: Lab, fault: Fault, number: str, counted: Counted) -> float:
    """Strike once; returns how many seconds later it was made good."""
    before, began = len(whys(lab)), time.monotonic()
    fault.strike(lab, f"NEW-{number}")
    told(lab, *fault.tells, since=before)
    lab.wait_current("OLD-1", f"NEW-{number}")
    took_s = time.monotonic() - began
    drop(lab.data, f"NEXT-{number}")
    lab.wait_current(f"NEXT-{number}")
    judge(lab, f"NEW-{number}", f"NEXT-{number}", counted=counted)
    return took_s


def judge(lab: Lab, *records: str, counted: Counted) -> None:
    for record in records:
        if lab.read(f"count/{record}.txt") != str(len(NEW)):
            counted.wrong(f"{record} was missed")
        if (ran := len(lab.daemon.runs(f"{record}/count"))) != 1:
            counted.wrong(f"{record} was run {ran} times")
    if {line["event"] for line in lab.daemon.lines() if line["level"] == "error"} - {"offline", "paused"}:
        counted.wrong("it told of errors")


def quiet(lab: Lab, counted: Counted, for_s: float = 1.0) -> float:
    """The share of a core that it takes now, which should be next to nothing."""
    process = psutil.Process(lab.daemon.pid)
    before = process.cpu_times()
    time.sleep(for_s)
    after = process.cpu_times()
    busy = max(0.0, (after.user + after.system - before.user - before.system) / for_s)
    if busy > QUIET_SHARE:
        counted.wrong(f"afterwards it took {busy:.0%} of a core")
    return busy


def may_mount(lab: Lab) -> bool:
    mount = subprocess.run(["mount", "--bind", lab.elsewhere, lab.elsewhere], capture_output=True, check=False)
    return mount.returncode == 0 and subprocess.run(["umount", lab.elsewhere], check=True).returncode == 0


# With many folders, beyond what watchdog by itself stands.

FOLDERS = (("raw", "{id}", "a.txt"), COUNTED)
FOLDER_COUNT = script(*FOLDERS, "self.path.output.write_text(str(len(text)))")


def test_a_queue_that_runs_over_with_very_many_folders_is_made_good(tmp_path: Path, count: Count) -> None:
    settings = SETTINGS.format(state=str(tmp_path / "state"))
    with (
        count("P2", "folders whose queue runs over", share=300, full=17_000) as counted,
        a_lab(tmp_path, settings, count=FOLDER_COUNT) as lab,
    ):
        for number in range(counted.times):
            (lab.data / f"raw/DEEP-{number}").mkdir()
        lab.start("--inline")
        lab.daemon.wait_for_line("walked")
        lab.daemon.send(signal.SIGSTOP)
        for number in range(QUEUE):
            (lab.data / f"raw/DEEP-{number % counted.times}/{number}").touch()
            (lab.data / f"raw/DEEP-{number % counted.times}/{number}").unlink()
        (lab.data / "raw/DEEP-7/a.txt").write_text(NEW)
        lab.daemon.send(signal.SIGCONT)
        told(lab, "more events came")
        lab.wait_current("DEEP-7")
        (lab.data / "raw/DEEP-8/a.txt").write_text(NEW)
        lab.wait_current("DEEP-8")
        judge(lab, "DEEP-7", "DEEP-8", counted=counted)
        counted.note = f"told {len(whys(lab))} times, then {quiet(lab, counted):.0%} of a core"


# With fewer watches allowed than there are folders: in a user namespace, which has limits of its own. That watching comes
# back when the limit is raised is shown in tests/scan.

LIMITED = f"""
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from lab_world import a_lab
from test_watchers import FOLDER_COUNT, NEW, SETTINGS

home, limit = Path(sys.argv[1]), Path("/proc/sys/user/max_inotify_watches")
with a_lab(home, SETTINGS.format(state=str(home / "state")), count=FOLDER_COUNT) as lab:
    def drop(number):
        (lab.data / f"raw/DEEP-{{number}}").mkdir()
        (lab.data / f"raw/DEEP-{{number}}/a.txt").write_text(NEW)
        lab.wait_current(f"DEEP-{{number}}")
    daemon = lab.start("--inline")
    limit.write_text("20")
    for number in range(30):
        (lab.data / f"raw/EMPTY-{{number}}").mkdir()
    print(daemon.wait_for_line("watching")["why"])
    drop(1)
    drop(2)
    daemon.stop()
    print(*(len(daemon.runs(f"DEEP-{{number}}/count")) for number in (1, 2)))
"""


def test_too_few_watches_are_told_and_nothing_is_lost_meanwhile(tmp_path: Path, count: Count) -> None:
    own_limits = ["unshare", "--user", "--map-root-user"]
    limit = ["test", "-w", "/proc/sys/user/max_inotify_watches"]
    if subprocess.run([*own_limits, *limit], check=False, capture_output=True).returncode:
        pytest.skip("no rights to make a user namespace with limits of its own")
    with count("P2", "a limit of watches below the number of folders", share=1, full=3) as counted:
        for number in range(counted.times):
            (home := tmp_path / str(number)).mkdir()
            command = python_in(*own_limits, script=LIMITED, folder=home)
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=200)
            if done.returncode or "raise fs.inotify.max_user_watches" not in done.stdout:
                counted.wrong(done.stderr or done.stdout)
            elif not done.stdout.endswith("\n1 1\n"):
                counted.wrong(f"it ran {done.stdout.splitlines()[-1]} times")
