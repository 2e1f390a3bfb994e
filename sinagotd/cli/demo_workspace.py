"""Makes the workspace of the demo, a harbour: settings and scripts. Whatever is not an earlier demo is left alone."""

import shutil
from pathlib import Path

from sinagotd.cli import demo_dataset
from sinagotd.errors import WorkspaceError
from sinagotd.manifest.lock import owner
from sinagotd.settings.daemon import DAEMON_FILE_NAME
from sinagotd.settings.toml_file import WORKSPACE_FILE_NAME

MARKER = ".sinagotd-demo"
FOLDER_MODE, FILE_MODE = 0o755, 0o644
STEPS, ATTEMPTS = ("count", "mean", "report"), 2

SETTINGS = f"""\
# Made by `sinagotd demo`, which makes this folder anew each time it is called.
[records]
# A watch is four hours: six of them, a to f, make a day.
id_pattern = "BOATS-(?P<day>[0-9]{{8}})-[a-f]"

[steps]
scripts = ["count", "mean", "report"]

[watch]
# Sooner than the usual 2s, so that nobody has to wait for the show.
settle = "500ms"

[run]
attempts = {ATTEMPTS}
backoff = "1s"
"""

COUNT = '''\
"""Counts the boats of one watch by country."""

import csv
from collections import Counter

from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    PATH_IN = ("raw", "{day}", "{id}.csv")
    PATH_OUT = ("counts", "{day}", "{id}.csv")

    def run(self):
        with self.path.input.open(newline="") as file:
            boats = Counter(boat["country"] for boat in csv.DictReader(file))
        # Sorted, so that the same boats give the same file.
        rows = sorted(boats.items())
        with self.path.output.open("w", newline="") as file:
            csv.writer(file).writerows([("country", "boats"), *rows])
'''

MEAN = '''\
"""Averages the length of the boats of one watch."""

import csv
from statistics import fmean

from harbour import metres
from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    PATH_IN = ("raw", "{day}", "{id}.csv")
    PATH_OUT = ("means", "{day}", "{id}.txt")

    def run(self):
        with self.path.input.open(newline="") as file:
            lengths = [metres(boat["length_ft"]) for boat in csv.DictReader(file)]
        self.path.output.write_text(f"{fmean(lengths):.3f}\\n")
'''

HARBOUR = '''\
"""What the scripts of this harbour share."""

FEET_PER_METRE = 3.28


def metres(feet):
    return float(feet) / FEET_PER_METRE
'''

REPORT = '''\
"""Says in a sentence what the other two found."""

import csv

from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    PATH_IN = {
        "counts": ("counts", "{day}", "{id}.csv"),
        "mean": ("means", "{day}", "{id}.txt"),
    }
    PATH_OUT = ("reports", "{day}", "{id}.txt")

    def run(self):
        with self.path.input["counts"].open(newline="") as file:
            boats = {row["country"]: int(row["boats"]) for row in csv.DictReader(file)}
        mean = float(self.path.input["mean"].read_text())
        self.logger.info("%d boats", sum(boats.values()))
        self.path.output.write_text(
            f"{sum(boats.values())} boats from {len(boats)} countries, {mean:.2f} m long on average\\n"
        )
'''

FILES = {
    DAEMON_FILE_NAME: demo_dataset.SETTINGS,
    WORKSPACE_FILE_NAME: SETTINGS,
    "scripts/count.py": COUNT,
    "scripts/mean.py": MEAN,
    "scripts/harbour.py": HARBOUR,
    "scripts/report.py": REPORT,
}


def make_workspace(folder: Path) -> None:
    """Write the workspace into a new or empty folder, or in place of an earlier demo. Raises WorkspaceError for others.

    Only the owner may write the settings and scripts, whatever the umask says: others could decide what runs.
    """
    _make_room(folder)
    for each in (folder, folder / "scripts", folder / "dataset" / "raw"):
        each.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    files = {MARKER: "Made by `sinagotd demo`: it may replace this folder.\n"} | FILES
    for name, content in files.items():
        (folder / name).write_text(content)
        (folder / name).chmod(FILE_MODE)


def _make_room(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise WorkspaceError(f"{folder} is not a folder: give the demo a new one")
    entries = list(folder.iterdir()) if folder.exists() else []
    if entries and not (folder / MARKER).is_file():
        raise WorkspaceError(f"{folder} is not empty and not an earlier demo: give the demo a new folder")
    who = owner(folder / "dataset" / ".sinagotd")
    if who is not None:
        raise WorkspaceError(f"{folder} is in use by {who}: stop that one first")
    # The marker goes last: what was cut short is still known as an earlier demo.
    for entry in sorted(entries, key=lambda entry: entry.name == MARKER):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
