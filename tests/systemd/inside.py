"""Runs inside the sandbox, as root: installs the service there, drives it by systemctl and prints what it saw as JSON.

It judges nothing: `test_unit.py` does. Arguments: the project's folder and the virtual environment to run from.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT, VENV = Path(sys.argv[1]), Path(sys.argv[2])
UNIT = "sinagotd.service"
UNITS = Path("/etc/systemd/system")
LAB = Path("/srv/lab/harbor")
LIMIT_S = 30.0

SETTINGS = """
workspaces = ["/srv/lab/harbor"]
drain = "1s"
[cluster]
workers = 2
[state]
folder = "/var/lib/sinagotd/state"
"""
WORKSPACE = """
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["look"]
[watch]
settle = "300ms"
"""
SCRIPT = """
import errno, json, os, socket, time
from sinagotd import ScriptTemplate

def attempt(act):
    try:
        act()
    except OSError as fault:
        return errno.errorcode[fault.errno]
    return "done"

class Script(ScriptTemplate):
    PATH_IN = ("raw", "{id}.txt")
    PATH_OUT = ("done", "{id}.json")

    def run(self):
        text = self.path.input.read_text()
        if text == "slow":
            time.sleep(600)
        seen = {
            "read": text,
            "uid": os.getuid(),
            "write /etc": attempt(lambda: open("/etc/forged", "w")),
            "write the scripts": attempt(lambda: open(__file__, "a")),
            "become root": attempt(lambda: os.setuid(0)),
            "call far": attempt(lambda: socket.create_connection(("192.0.2.1", 80), timeout=2)),
            "write /tmp": attempt(lambda: open("/tmp/mine", "w")),
            "write the cache": attempt(lambda: open(os.environ["XDG_CACHE_HOME"] + "/mine", "w")),
        }
        self.path.output.write_text(json.dumps(seen))
"""


def systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)


def show(name: str) -> str:
    return systemctl("show", "-P", name, UNIT).stdout.strip()


def journal() -> str:
    return subprocess.run(["journalctl", "-u", UNIT, "-o", "cat"], capture_output=True, text=True, check=True).stdout


def told(event: str) -> list[str]:
    """The reasons that the daemon gave with each event of this name."""
    lines = [json.loads(line) for line in journal().splitlines() if line.startswith("{")]
    return [str(line.get("why", "")) for line in lines if line["event"] == event]


def pids() -> list[int]:
    """Every process of the service."""
    group = show("ControlGroup")
    file = Path(f"/sys/fs/cgroup{group}/cgroup.procs")
    return [int(pid) for pid in file.read_text().split()] if group and file.exists() else []


def main_pid() -> int:
    """The daemon's process; raises LookupError while there is none, for 0 would be the whole group of this one."""
    pid = int(show("MainPID"))
    if pid == 0:
        raise LookupError(show("ActiveState"))
    return pid


def is_replaced(pid: int) -> bool:
    return show("ActiveState") == "active" and show("MainPID") not in ("0", str(pid))


def wait_until(condition: Callable[[], object], limit_s: float = LIMIT_S) -> bool:
    """Whether it came to be within the limit."""
    give_up_at = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


def timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def drop(record: str, text: str) -> Path:
    """Put a file in, as an instrument of another user would; gives the path of its result."""
    (LAB / "dataset/raw" / f"{record}.txt").write_text(text)
    return LAB / "dataset/done" / f"{record}.json"


def install() -> None:
    """As docs/service.md says, with the unit and the first drop-in as they are; the program is a link to the venv."""
    for folder in Path(VENV, "bin/python").resolve().parents:
        folder.chmod(folder.stat().st_mode | 0o011)
    Path("/opt").mkdir(exist_ok=True)
    Path("/opt/sinagotd").symlink_to(VENV)
    subprocess.run(["systemd-sysusers", PROJECT / "systemd/sinagotd.sysusers"], check=True, capture_output=True)
    Path("/etc/sinagotd").mkdir()
    Path("/etc/sinagotd/sinagotd.toml").write_text(SETTINGS)
    for folder in ("scripts", "dataset/raw"):
        (LAB / folder).mkdir(parents=True)
    (LAB / "workspace.toml").write_text(WORKSPACE)
    (LAB / "scripts/look.py").write_text(SCRIPT)
    shutil.chown(LAB / "dataset", "sinagotd", "sinagotd")
    shutil.copy(PROJECT / "systemd" / UNIT, UNITS)
    hidden = " ".join(str(path) for path in (PROJECT, VENV) if path.is_relative_to("/tmp"))
    drop_in("05-test.conf", f"[Service]\nBindReadOnlyPaths={hidden}\n")  # a checkout that PrivateTmp would hide
    drop_in("10-data.conf", (PROJECT / "systemd" / f"{UNIT}.d" / "10-data.conf").read_text())


def drop_in(name: str, text: str) -> None:
    folder = UNITS / f"{UNIT}.d"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    systemctl("daemon-reload")


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
    """kill -9 of the daemon with a step at work; from then on the watchdog is short, too."""
    drop_in("99-test.conf", "[Service]\nWatchdogSec=5s\n")
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
    wait_until(lambda: "1 in flight" in show("StatusText"))
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
