"""Runs inside the sandbox: does one thing to the service again and again, and prints a line of JSON about each time.

It judges nothing: `tests/faults/test_service.py` does. Its arguments are those of `service_lab`, then the seconds of the
watchdog, and pairs of what to do and how often.
"""

import json
import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from service_lab import (
    LAB,
    PROJECT,
    STOP_TIMEOUT_S,
    UNIT,
    WORKSPACE,
    drop,
    drop_in,
    install,
    is_replaced,
    journal,
    let_go,
    main_pid,
    pids,
    show,
    systemctl,
    timed,
    told,
    wait_until,
)

TEST_UNIT = f"""
[Unit]
StartLimitIntervalSec=0
[Service]
WatchdogSec={sys.argv[3]}s
TimeoutStopSec={STOP_TIMEOUT_S}s
ExecStart=
ExecStart=/opt/sinagotd/bin/python {PROJECT}/tests/systemd/hanging.py run --config /etc/sinagotd/sinagotd.toml
"""
SEES_SOON = WORKSPACE + 'canary_interval = "1s"\n'
OTHERWISE = SEES_SOON.replace("300ms", "200ms")
HANG = Path("/run/sinagotd/hang")
RECORDS = (f"REC-{number}" for number in count(1))

Seen = dict[str, Any]


def works() -> bool:
    """Whether a dropped file becomes a result: the cluster is there, too."""
    return wait_until(drop(next(RECORDS), "quick").exists)


def at_work() -> str:
    """A record whose step runs until it is let go."""
    record = next(RECORDS)
    drop(record, "slow")
    wait_until(lambda: told("running", record))
    return record


def goes_on(record: str) -> bool:
    """Let it go; whether its result comes."""
    let_go(record)
    return wait_until((LAB / f"dataset/done/{record}.json").exists)


def kill() -> Seen:
    record = at_work()
    old, main = pids(), main_pid()
    os.kill(main, signal.SIGKILL)
    seconds = timed(lambda: wait_until(lambda: is_replaced(main)))
    return {
        "seconds": seconds,
        "active": is_replaced(main),
        "left": len(set(old) & set(pids())),
        "works": goes_on(record),
    }


def hang(thread: str) -> Seen:
    works()
    main = main_pid()
    HANG.write_text(thread)
    seconds = timed(lambda: wait_until(lambda: is_replaced(main)))
    return {"seconds": seconds, "active": is_replaced(main), "works": works()}


def hang_loop() -> Seen:
    return hang("MainThread")


def hang_cluster() -> Seen:
    return hang("sinagotd-dask")


def hang_control() -> Seen:
    return hang("control")


def hang_watcher() -> Seen:
    """This one heals in place, by another watcher and a walk."""
    works()
    main = main_pid()
    HANG.write_text("InotifyFD")
    wait_until(lambda: not HANG.exists())
    return {"seconds": timed(works), "active": main_pid() == main, "works": works()}


def reload() -> Seen:
    record, main = at_work(), main_pid()
    before, refused = len(told("reloaded")), len(told("reload_refused"))
    (LAB / "workspace.toml").write_text(OTHERWISE)
    code = systemctl("reload", UNIT).returncode
    taken = wait_until(lambda: len(told("reloaded")) > before)
    (LAB / "workspace.toml").write_text("[records]\nid_pattern = 3\n")
    systemctl("reload", UNIT)
    kept = wait_until(lambda: len(told("reload_refused")) > refused) and works()
    (LAB / "workspace.toml").write_text(SEES_SOON)
    same = main_pid() == main and show("ActiveState") == "active"
    once = goes_on(record) and len(told("running", record)) == 1
    return {"code": code, "taken": taken, "bad one refused, work goes on": kept, "same process": same, "run kept": once}


def stop() -> Seen:
    record = at_work()
    before = pids()
    seconds = timed(lambda: systemctl("stop", UNIT))
    left = [pid for pid in before if Path(f"/proc/{pid}").exists()]
    result = show("Result")
    systemctl("start", UNIT)
    return {"seconds": seconds, "left": len(left), "result": result, "works": goes_on(record)}


def main() -> None:
    install()
    (LAB / "workspace.toml").write_text(SEES_SOON)
    drop_in("99-test.conf", TEST_UNIT)
    acts = {act.__name__: act for act in (kill, hang_loop, hang_cluster, hang_control, hang_watcher, reload, stop)}
    systemctl("start", UNIT)
    for what, times in zip(sys.argv[4::2], sys.argv[5::2], strict=True):
        for _ in range(int(times)):
            try:
                seen = acts[what]()
            except Exception as fault:  # noqa: BLE001 - the test that asks about this says so
                seen = {"fault": repr(fault), "journal": journal()[-3000:]}
            print(json.dumps({"what": what, **seen}), flush=True)


main()
