"""A small file system of its own, to be filled up. Mounting one needs root; without it the test is skipped and says so."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def a_small_disk(folder: Path, options: str = "size=6m") -> Iterator[Path]:
    """A tmpfs on this folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a small disk needs root: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill_disk(disk: Path, left_bytes: int) -> Path:
    """Fill a disk until about so much is left, while others write to it too; gives the file that takes the room."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while (room := _free_bytes(disk) - left_bytes) > 0:
            file.write(bytes(min(room, 1 << 16)))
    return ballast


def remount(disk: Path, options: str) -> None:
    """Such as `ro` or `rw`; for as long as somebody writes to it, it cannot become read-only."""
    deadline = time.monotonic() + 20
    while subprocess.run(["mount", "-o", f"remount,{options}", disk], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, "somebody keeps a file open for writing"
        time.sleep(0.02)


def _free_bytes(disk: Path) -> int:
    system = os.statvfs(disk)
    return system.f_bavail * system.f_frsize
