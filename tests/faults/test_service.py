"""P13: systemctl tells the truth. The unit as it is shipped, under a real systemd, gets killed, hung, reloaded and stopped."""

import statistics
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from counting import Count, Counted
from sandbox import seen_inside

STOP_LIMIT_S = 60
IN_TIME_S = 30  # the figures are in the table; here only what no busy machine explains is wrong
BOOT_S = 60
EACH_S = 45
IN_EVERY_RUN = ("reload", "kill", "hang_cluster", "stop")

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("systemd"), pytest.mark.timeout(1200)]

Seen = Sequence[dict[str, Any]]


@pytest.fixture(scope="module")
def watchdog_s(request: pytest.FixtureRequest) -> int:
    """In seconds. Short, but not so short that a machine that runs other tests misses it."""
    return 4 if request.config.getoption("--full") else 8


@pytest.fixture(scope="module")
def do(request: pytest.FixtureRequest, watchdog_s: int) -> Callable[[str, int], Seen]:
    """Do this to the service so often. With --full it boots for each; otherwise each is done once, in one boot for all."""

    def inside(*words: object) -> Seen:
        return seen_inside("inside_counts.py", watchdog_s, *words, limit_s=BOOT_S + EACH_S * sum(words[1::2]))

    if request.config.getoption("--full"):
        return inside
    once = cache(lambda: inside(*(word for what in IN_EVERY_RUN for word in (what, 1))))
    return lambda what, _: [each for each in once() if each["what"] == what]


@pytest.fixture
def only_full(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--full"):
        pytest.skip("takes a while: only with --full")


def judge(counted: Counted, seen: Seen, **wanted: Any) -> None:
    """Each time must have looked as wanted."""
    for number, each in enumerate(seen):
        for name, value in wanted.items():
            if each.get(name) != value:
                counted.wrong(f"time {number}: {name} is not {value}: {each}")
    if len(seen) != counted.times:
        counted.wrong(f"{len(seen)} of {counted.times} were looked at")


def note_seconds(counted: Counted, seen: Seen, *, limit_s: float) -> None:
    took = [each["seconds"] for each in seen if "seconds" in each] or [float("inf")]
    counted.note = f"median {statistics.median(took):.1f} s, slowest {max(took):.1f} s"
    if max(took) > limit_s:
        counted.wrong(counted.note)


def test_a_killed_daemon_is_active_again_soon_and_nothing_of_the_old_one_lives(do, count: Count) -> None:
    with count("P13", "kill -9 of the daemon at work, until active again", share=1, full=20) as counted:
        seen = do("kill", counted.times)
        judge(counted, seen, active=True, left=0, works=True)
        note_seconds(counted, seen, limit_s=IN_TIME_S)


def replaced_after_a_hang_of(thread: str, do: Any, count: Count, watchdog_s: int) -> None:
    what = f"hang of the thread of the {thread}, until active again ({watchdog_s} s is the watchdog)"
    with count("P13", what, share=1, full=20) as counted:
        seen = do(f"hang_{thread}", counted.times)
        judge(counted, seen, active=True, works=True)
        note_seconds(counted, seen, limit_s=watchdog_s + IN_TIME_S)


def test_a_daemon_whose_cluster_thread_hangs_is_replaced(do, count: Count, watchdog_s: int) -> None:
    replaced_after_a_hang_of("cluster", do, count, watchdog_s)


@pytest.mark.parametrize("thread", ["loop", "control"])
def test_a_daemon_of_which_another_thread_hangs_is_replaced(
    thread: str, do, only_full, count: Count, watchdog_s: int
) -> None:
    replaced_after_a_hang_of(thread, do, count, watchdog_s)


def test_a_watcher_that_hangs_is_replaced_without_a_restart(do, only_full, count: Count) -> None:
    with count("P13", "hang of the watcher's thread, until a file is worked on", share=1, full=20) as counted:
        seen = do("hang_watcher", counted.times)
        judge(counted, seen, active=True, works=True)
        note_seconds(counted, seen, limit_s=IN_TIME_S)


def test_a_reload_keeps_the_process_and_its_runs_and_a_bad_one_the_settings(do, count: Count) -> None:
    with count("P13", "reload with a run at work, then one of a bad file", share=1, full=20) as counted:
        wanted = ("taken", "bad one refused, work goes on", "same process", "run kept")
        judge(counted, do("reload", counted.times), code=0, **dict.fromkeys(wanted, True))


def test_a_stop_is_in_time_and_leaves_no_process(do, count: Count) -> None:
    with count("P13", "stop with a run at work", share=1, full=20) as counted:
        seen = do("stop", counted.times)
        judge(counted, seen, left=0, result="success", works=True)
        note_seconds(counted, seen, limit_s=STOP_LIMIT_S)
