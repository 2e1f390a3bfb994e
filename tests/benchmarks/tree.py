"""Makes workspaces: many finished records that a manifest knows, or scripts only. It measures nothing."""

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.processes import call

SETTLE_S = 0.2
TOML = f"""\
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = [{{names}}]
[watch]
settle = "{SETTLE_S * 1000:.0f}ms"
"""
SCRIPT = """\
from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    PATH_IN = {reads}
    PATH_OUT = ("computed", "{{id}}-{label}.txt")

    def run(self):
        self.path.output.write_text(self.path.input.read_text())
"""
CHAIN = {"count": ("raw", "{id}.txt"), "mean": ("computed", "{id}-count.txt")}
SINGLE = {"count": ("raw", "{id}.txt")}


def record_id(number: int) -> str:
    return f"REC-{number:06d}"


def make_workspace(folder: Path, scripts: Mapping[str, tuple[str, ...]]) -> Path:
    """A workspace with these scripts, by what they read, and without a record; each copies its input."""
    for place in ("dataset/raw", "dataset/computed", "scripts"):
        (folder / place).mkdir(parents=True)
    names = ", ".join(f'"{name}"' for name in scripts)
    (folder / "workspace.toml").write_text(TOML.format(names=names))
    for label, reads in scripts.items():
        (folder / "scripts" / f"{label}.py").write_text(SCRIPT.format(reads=reads, label=label))
    return folder


def fill(data: Path, records: int) -> None:
    """Raw files and the outputs of both steps of the chain, the later ones never older than what they are made from."""
    raw, computed = f"{data}/raw", f"{data}/computed"
    for number in range(records):
        record = record_id(number)
        for path in (f"{raw}/{record}.txt", f"{computed}/{record}-count.txt", f"{computed}/{record}-mean.txt"):
            with open(path, "w") as file:  # noqa: PTH123 - a Path for each of 300,000 files takes longer than the files
                file.write(f"words of {number}\n")


def make_finished(folder: Path, records: int) -> Path:
    """A workspace of this many records with all outputs in place, adopted by one run of the daemon, at rest for another."""
    make_workspace(folder, CHAIN)
    fill(folder / "dataset", records)
    for _ in ("adopts", "finds nothing to do"):
        call([sys.executable, "-m", "sinagotd", "run", "--once", str(folder)])
    return folder
