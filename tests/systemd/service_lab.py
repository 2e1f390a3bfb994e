"""Inside the sandbox, as root: the service as docs/service.md installs it, a lab for it, and hands on both. It judges nothing.

The first two arguments of whatever imports this are the project's folder and the virtual environment to run from.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROJECT, VENV = Path(sys.argv[1]), Path(sys.argv[2])
UNIT = "sinagotd.service"
STOP_TIMEOUT_S = 5  # shorter than the drain: the daemon has to ask for more time
UNITS = Path("/etc/systemd/system")
LAB = Path("/srv/lab/harbor")
LIMIT_S = 30.0

SETTINGS = """
workspaces = ["/srv/lab/harbor"]
drain = "6s"
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
        while text == "slow" and not self.path.input.with_suffix(".go").exists():
            time.sleep(0.05)
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


def told(event: str, record: str | None = None) -> list[str]:
    """The reasons that the daemon gave with each event of this name, about this record or any."""
    lines = [json.loads(line) for line in journal().splitlines() if line.startswith("{")]
    chosen = [line for line in lines if line["event"] == event and record in (None, line.get("record"))]
    return [str(line.get("why", "")) for line in chosen]


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


def let_go(record: str) -> None:
    """Let a step end whose file says "slow"."""
    (LAB / "dataset/raw" / f"{record}.go").touch()


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
