"""Runs inside the sandbox: looks at one life of the service from its start to its stop, and prints what it saw as JSON.

It judges nothing: `test_unit.py` does. Its arguments are those of `service_lab`.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from service_lab import (
    LAB,
    STOP_TIMEOUT_S,
    UNIT,
    WORKSPACE,
    drop,
    drop_in,
    install,
    is_replaced,
    journal,
    main_pid,
    pids,
    show,
    systemctl,
    timed,
    told,
    wait_until,
)


def start() -> dict[str, Any]:
    seconds = timed(lambda: systemctl("start", UNIT))
    return {"seconds": seconds, "state": show("ActiveState"), "type": show("Type"), "told": told("ready")}


def result() -> dict[str, Any]:
    file = drop("REC-1", "hello")
    wait_until(file.exists)
    status = file.stat()
    return {**json.loads(file.read_text()), "owner": status.st_uid, "mode": oct(status.st_mode & 0o777)}


def writer() -> dict[str, Any]:
    """Somebody else pauses for much longer than `settle` with the file still open."""
    with (LAB / "dataset/raw/REC-2.txt").open("w") as file:
        file.write("half ")
        file.flush()
        early = wait_until((LAB / "dataset/done/REC-2.json").exists, 2.5)
        file.write("whole")
    wait_until((LAB / "dataset/done/REC-2.json").exists)
    return {"early": early, "read": json.loads((LAB / "dataset/done/REC-2.json").read_text())["read"]}


def status() -> dict[str, Any]:
    wait_until(lambda: "2 records" in show("StatusText"))
    return {"text": systemctl("status", UNIT).stdout}


def reload() -> dict[str, Any]:
    before = str(main_pid())
    (LAB / "workspace.toml").write_text(WORKSPACE.replace("300ms", "200ms"))
    code = systemctl("reload", UNIT).returncode
    wait_until(lambda: told("reloaded"))
    return {"code": code, "same": str(main_pid()) == before, "told": told("reloaded"), "state": show("ActiveState")}


def broken_reload() -> dict[str, Any]:
    before = str(main_pid())
    (LAB / "workspace.toml").write_text("[records]\nid_pattern = 3\n")
    systemctl("reload", UNIT)
    wait_until(lambda: told("reload_refused"))
    goes_on = wait_until(drop("REC-3", "after").exists)
    (LAB / "workspace.toml").write_text(WORKSPACE)
    return {"same": str(main_pid()) == before, "told": told("reload_refused"), "goes on": goes_on}


def kill() -> dict[str, Any]:
    """kill -9 of the daemon with a step at work; from then on the watchdog and the time for a stop are short, too."""
    drop_in("99-test.conf", f"[Service]\nWatchdogSec=8s\nTimeoutStopSec={STOP_TIMEOUT_S}s\n")
    drop("REC-4", "slow")
    wait_until(lambda: len(told("running")) > 3)
    old, main = pids(), main_pid()
    os.kill(main, signal.SIGKILL)
    seconds = timed(lambda: wait_until(lambda: is_replaced(main)))
    return {"seconds": seconds, "state": show("ActiveState"), "old": len(old), "left": sorted(set(old) & set(pids()))}


def hang() -> dict[str, Any]:
    main = main_pid()
    os.kill(main, signal.SIGSTOP)
    seconds = timed(lambda: wait_until(lambda: is_replaced(main)))
    return {"seconds": seconds, "state": show("ActiveState"), "traceback": "Fatal Python error: Aborted" in journal()}


def stop() -> dict[str, Any]:
    """Stop with a step at work that will not end by itself."""
    wait_until(lambda: "1 in flight" in show("StatusText") and len(pids()) > 3)
    before = pids()
    seconds = timed(lambda: systemctl("stop", UNIT))
    alive = [pid for pid in before if Path(f"/proc/{pid}").exists()]
    return {
        "seconds": seconds, "before": len(before), "left": pids(), "alive": alive,
        "state": show("ActiveState"), "result": show("Result"), "told": told("stopping"),
    }  # fmt: skip


def main() -> None:
    install()
    for look in (start, result, writer, status, reload, broken_reload, kill, hang, stop):
        began = time.monotonic()
        try:
            seen = look()
        except Exception as fault:  # noqa: BLE001 - the test that asks about this look says so
            seen = {"fault": repr(fault), "journal": journal()[-3000:], "status": systemctl("status", UNIT).stdout}
        print(json.dumps({"look": look.__name__, "took": round(time.monotonic() - began, 2), **seen}), flush=True)


main()
