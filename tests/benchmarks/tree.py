"""Makes a workspace with many finished records: raw files, two chained steps, and a manifest that knows it all."""

import subprocess
import sys
from pathlib import Path

TOML = '[records]\nid_pattern = "REC-[0-9]{6}"\n[steps]\nscripts = ["count", "mean"]\n'
SCRIPT = """
from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    PATH_IN = {reads}
    PATH_OUT = ("computed", "{{id}}-{label}.txt")

    def run(self):
        self.path.output.write_text(self.path.input.read_text())
"""
READS = {"count": ("raw", "{id}.txt"), "mean": ("computed", "{id}-count.txt")}


def make_workspace(folder: Path, records: int) -> Path:
    """A workspace of this many records with all outputs in place, adopted by one run of the daemon."""
    data, scripts = folder / "dataset", folder / "scripts"
    for place in (data / "raw", data / "computed", scripts):
        place.mkdir(parents=True)
    (folder / "workspace.toml").write_text(TOML)
    for label, reads in READS.items():
        (scripts / f"{label}.py").write_text(SCRIPT.format(reads=reads, label=label))
    for number in range(records):
        record = f"REC-{number:06d}"
        (data / "raw" / f"{record}.txt").write_text(f"words {number}\n")
        for label in READS:
            (data / "computed" / f"{record}-{label}.txt").write_text(f"{label} of {number}\n")
    run_once(folder)
    return folder


def run_once(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "sinagotd", "run", "--once", folder], check=True, capture_output=True)
