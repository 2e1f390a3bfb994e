"""`sinagotd init`: a new workspace with one small script to change."""

import shlex
from pathlib import Path

import click

from sinagotd.cli.places import PATH
from sinagotd.cli.text import printable
from sinagotd.errors import WorkspaceError
from sinagotd.settings.sample import workspace_sample
from sinagotd.settings.toml_file import WORKSPACE_FILE_NAME

ID_PATTERN = "REC-[0-9]+"
FOLDER_MODE, FILE_MODE = 0o755, 0o644

SCRIPT = '''\
"""Counts the lines and words of a text file."""

import csv

from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    # Paths below the data folder; {id} is the id of the record.
    PATH_IN = ("raw", "{id}.txt")
    PATH_OUT = ("counts", "{id}.csv")

    def run(self):
        # Read self.path.input and write self.path.output: what is written appears in place when run() has ended well.
        text = self.path.input.read_text()
        self.logger.info("Counting %d characters", len(text))
        self.path.output.parent.mkdir(parents=True, exist_ok=True)
        with self.path.output.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "lines", "words"])
            writer.writerow([self.id, len(text.splitlines()), len(text.split())])
'''

README = """\
A workspace of sinagotd: raw files go into dataset/raw, results appear beside it, scripts/ says how they are made.
`sinagotd check` looks it over, `sinagotd run` keeps it up to date, `sinagotd status` shows how every record stands.
Which files are records and which scripts run is written in workspace.toml.
"""

NEXT = """\
made {path}; now:
  cd {quoted}
  echo "one two three" > dataset/raw/REC-1.txt
  sinagotd check
  sinagotd run"""


@click.command()
@click.argument("path", type=PATH)
def command(path: Path) -> int:
    """Make a new workspace from a template."""
    make_workspace(path)
    click.echo(NEXT.format(path=printable(str(path)), quoted=printable(shlex.quote(str(path)))))
    return 0


def make_workspace(path: Path) -> None:
    """Write settings, a script and folders into a new or empty folder. Raises WorkspaceError for any other.

    Only the owner may write the settings and scripts, whatever the umask says: others could decide what runs.
    """
    if path.exists() and not path.is_dir():
        raise WorkspaceError(f"{path} is a file: give the path of a new or empty folder")
    if path.is_dir() and any(path.iterdir()):
        raise WorkspaceError(f"{path} is not empty: give the path of a new or empty folder")
    for folder in (path, path / "scripts", path / "dataset" / "raw"):
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    files = {
        WORKSPACE_FILE_NAME: workspace_sample(ID_PATTERN, ["count"]),
        "scripts/count.py": SCRIPT,
        "README.md": README,
    }
    for name, content in files.items():
        (path / name).write_text(content)
        (path / name).chmod(FILE_MODE)
