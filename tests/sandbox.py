"""A real systemd that boots in namespaces of its own, and a script of `tests/systemd` that runs there as root."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[1]
HERE = PROJECT / "tests" / "systemd"


def why_no_sandbox() -> str | None:
    program, tools = Path(sys.prefix, "bin", "sinagotd"), ("unshare", "nsenter", "setpriv", "systemd-sysusers")
    lacking = {
        "only root can make the namespaces": os.geteuid() != 0,
        "there is no systemd here": not Path("/lib/systemd/systemd").exists(),
        f"one of {', '.join(tools)} is not here": not all(map(shutil.which, tools)),
        f"there is no {program}: run the tests from a virtual environment with sinagotd in it": not program.exists(),
        "the project or its Python is not on the root file system, the only one that a sandbox shows": any(
            Path(path).stat().st_dev != Path("/").stat().st_dev for path in (PROJECT, sys.prefix, sys.executable)
        ),
    }
    if found := [reason for reason, is_so in lacking.items() if is_so]:
        return "; ".join(found)
    probe = subprocess.run([HERE / "systemd-sandbox", "true"], capture_output=True, text=True, check=False)
    return f"no sandbox boots here: {probe.stderr.strip()}" if probe.returncode else None


def seen_inside(script: str, *words: object, limit_s: float) -> list[dict[str, Any]]:
    """Boot, run the script with the project, its environment and these words, and give the JSON lines that it printed."""
    if why := why_no_sandbox():
        pytest.skip(why)
    boot = [HERE / "systemd-sandbox", "-t", str(limit_s - 20)]
    command = [*boot, sys.executable, HERE / script, PROJECT, sys.prefix, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sandbox:
        try:
            stdout, stderr = sandbox.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            sandbox.kill()
            stdout, stderr = sandbox.communicate()
    looks = [json.loads(line) for line in stdout.splitlines()]
    assert looks, stderr
    return looks
