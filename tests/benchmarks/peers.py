"""Other tools to be compared with, each installed at pinned versions into a virtual environment of its own."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Pins(NamedTuple):
    """What is installed; `alone` is installed without what it says it needs, most of which its measured part never imports."""

    packages: tuple[str, ...]
    alone: str = ""

    @property
    def name(self) -> str:
        return self.alone or self.packages[0]


PINS = {
    "snakemake": Pins(("snakemake==9.27.1",)),
    "ninja": Pins(("ninja==1.13.2",)),
    "sinagot": Pins(("sinagot==0.2.5", "pandas==1.5.3", "numpy==1.26.4", "setuptools<81")),
    "mesofield": Pins(("numpy==2.4.6", "pandas==3.1.1", "loguru==0.7.3"), alone="mesofield==0.5.0b0"),
}
INSTALL_LIMIT_S = 900


class Peers:
    """A tool that cannot be installed, such as sinagot 0.2.5 on a Python too new for its pandas, is done without."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._why_not: dict[str, str] = {}

    def program(self, name: str, program: str = "python") -> str:
        """The path of a program of a peer's environment."""
        return str(self._folder / name / "bin" / program)

    def why_not(self, name: str) -> str:
        """Install a peer unless it is there; why it could not be, or nothing."""
        if name not in self._why_not:
            self._why_not[name] = self._installed(name)
        return self._why_not[name]

    def give_up(self, name: str, fault: Exception) -> None:
        """It is there, and does not work."""
        self._why_not[name] = f"does not work: {fault}"

    def _installed(self, name: str) -> str:
        mark = self._folder / name / "installed"
        wanted = "\n".join([*PINS[name].packages, PINS[name].alone])
        if mark.exists() and mark.read_text() == wanted:
            return ""
        try:
            self._install(name, PINS[name])
        except (OSError, subprocess.SubprocessError) as fault:
            return f"not installed: {_reason(fault)}"
        mark.write_text(wanted)
        return ""

    def _install(self, name: str, pins: Pins) -> None:
        python = self.program(name)
        if not Path(python).exists():
            _run([sys.executable, "-m", "venv", str(self._folder / name)])
            (self._folder / ".gitignore").write_text("*\n")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *pins.packages])
        if pins.alone:
            _run([*pip, "--no-deps", pins.alone])


def _run(words: list[str]) -> None:
    subprocess.run(words, capture_output=True, text=True, check=True, timeout=INSTALL_LIMIT_S)


def _reason(fault: Exception) -> str:
    """The last thing that pip said, else the fault itself."""
    said = fault.stderr if isinstance(fault, subprocess.CalledProcessError) else None
    lines = [line for line in str(said or "").splitlines() if line.strip()]
    return lines[-1] if lines else str(fault)
