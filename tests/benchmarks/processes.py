"""Child processes called to their end, and what any process takes of processors and memory. It ends nothing."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from tests.daemon_process import environment

MB = 1e6


def call(words: Sequence[str], folder: Path | None = None, **variables: str) -> str:
    """Call a program to its end and return what it printed; raises RuntimeError with what it complained of."""
    done = subprocess.run(
        words, cwd=folder, env=environment(**variables), capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        last = "\n".join((done.stderr + done.stdout).splitlines()[-10:])
        raise RuntimeError(f"{' '.join(words)} ended with exit code {done.returncode}\n{last}")
    return done.stdout


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """Processor seconds of these, and of their children that have ended."""
    return sum(own_cpu_s(process, with_children=True) for process in processes)


def family(but: int = 0) -> list[psutil.Process]:
    """This process and its offspring, without one child (a pid) and all that it started."""
    itself = psutil.Process()
    children = [child for child in itself.children() if child.pid != but]
    return [itself, *children, *(process for child in children for process in _offspring(child))]


def _offspring(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def own_cpu_s(process: psutil.Process, *, with_children: bool = False) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    ended = times.children_user + times.children_system if with_children else 0.0
    return float(times.user + times.system + ended)


def resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / MB
    except psutil.NoSuchProcess:
        return 0.0


def share_mb(process: psutil.Process) -> float:
    """Its PSS: what it shares with others is divided among them."""
    return float(process.memory_full_info().pss) / MB


def peak_mb(process: psutil.Process) -> float:
    """The most resident memory that it ever had: VmHWM of proc_pid_status(5)."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1024 / MB for line in lines if line.startswith("VmHWM:"))
