"""A lab's workspace on a real disk, the real daemons that work on it, and hands that drop and change its files."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon_process import Daemon, sinagotd

from sinagotd.core.states import State

SETTLE_S = 0.3
WORKERS = 2
SETTINGS = """\
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["count", "mean"]
[watch]
settle = "300ms"
"""
SCRIPT = """\
from sinagotd import ScriptTemplate


class Script(ScriptTemplate):
    PATH_IN = {source}
    PATH_OUT = {target}

    def run(self):
        text = self.path.input.read_text()
        {body}
"""


def script(source: tuple[str, ...], target: tuple[str, ...], *body: str) -> str:
    """A script that reads `text`; the lines of its body come after that."""
    return SCRIPT.format(source=source, target=target, body="\n        ".join(body))


RAW, COUNTED, MEANT = ("raw", "{id}.txt"), ("count", "{id}.txt"), ("mean", "{id}.txt")
COUNT = script(RAW, COUNTED, "self.path.output.write_text(str(len(text.split())))")
MEAN = script(COUNTED, MEANT, "self.path.output.write_text('mean of ' + text)")


class Lab:
    """A workspace whose first script counts words and whose second says of what; `elsewhere` is not watched."""

    def __init__(self, home: Path, settings: str = SETTINGS, **scripts: str) -> None:
        self.folder = home / "lab"
        self.data = self.folder / "dataset"
        self.elsewhere = home / "elsewhere"
        self._daemons: list[Daemon] = []
        self._records = 0
        for folder in (self.data / "raw", self.folder / "scripts", self.elsewhere):
            folder.mkdir(parents=True)
        self.settings(settings)
        for name, text in (scripts or {"count": COUNT, "mean": MEAN}).items():
            self.script(name, text)

    # its files

    def settings(self, text: str) -> None:
        (self.folder / "workspace.toml").write_text(text)

    def script(self, name: str, text: str) -> None:
        (self.folder / "scripts" / f"{name}.py").write_text(text)

    def put(self, path: str, text: str) -> None:
        """Write a file of the data folder in place."""
        file = self.data / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def rename_in(self, path: str, text: str) -> None:
        """Write a file elsewhere and move it to its place in the data folder."""
        aside = self.elsewhere / Path(path).name
        aside.write_text(text)
        (self.data / path).parent.mkdir(parents=True, exist_ok=True)
        aside.rename(self.data / path)

    def read(self, path: str) -> str | None:
        file = self.data / path
        return file.read_text() if file.exists() else None

    def new_record(self, text: str) -> str:
        """Drop the raw file of a record that was never there."""
        self._records += 1
        record = f"REC-{self._records}"
        self.put(f"raw/{record}.txt", text)
        return record

    @property
    def last_record(self) -> str:
        """The one that was dropped last."""
        return f"REC-{self._records}"

    def results(self, record: str) -> tuple[str | None, str | None]:
        return self.read(f"count/{record}.txt"), self.read(f"mean/{record}.txt")

    # its daemon

    @property
    def daemon(self) -> Daemon:
        """The one that was started last."""
        return self._daemons[-1]

    def start(self, *words: object) -> Daemon:
        """Start a daemon and wait until it is ready."""
        self._daemons.append(Daemon(self.folder, "--workers", WORKERS, *words))
        self.daemon.wait_for_line("ready")
        return self.daemon

    def once(self) -> Daemon:
        """Start a daemon that ends by itself."""
        self._daemons.append(Daemon(self.folder, "--workers", WORKERS, "--once"))
        return self.daemon

    def wait_current(self, *records: str) -> None:
        """Wait until all steps of these records are current."""
        self.daemon.wait_until(lambda: self._are_current(records), f"{', '.join(records)} current")

    def _are_current(self, records: tuple[str, ...]) -> bool:
        standings = self.daemon.standings()
        stand = {
            record: {at.state for key, at in standings.items() if key.split("/")[0] == record} for record in records
        }
        return all(states == {State.CURRENT} for states in stand.values())

    def come_to_rest(self) -> None:
        """Drop a newcomer and wait until everything is current: what was done before it has had its consequences."""
        self.wait_current(self.new_record("new " * (self._records + 1)))
        self.daemon.wait_until(self.daemon.is_all_current, "everything current")

    def command(self, *words: object, code: int = 0) -> str:
        """Call a command on this workspace, which must end with this code; returns what it prints."""
        done = sinagotd(*words)
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout

    def close(self) -> None:
        for daemon in self._daemons:
            daemon.close()

    def tail(self) -> str:
        return "\n".join(daemon.tail() for daemon in self._daemons[-2:])


@contextmanager
def a_lab(home: Path, settings: str = SETTINGS, **scripts: str) -> Iterator[Lab]:
    lab = Lab(home, settings, **scripts)
    try:
        yield lab
    except BaseException as fault:
        fault.add_note(lab.tail())
        raise
    finally:
        lab.close()


def write_slowly(path: Path, chunks: list[str], *, pause_s: float, hold_open: bool) -> float:
    """Write chunk by chunk with a pause after each, as an instrument does; returns the longest pause that it was."""
    longest, last = 0.0, time.monotonic()
    holder = path.open("a") if hold_open else None
    for chunk in chunks:
        with path.open("a") as file:
            file.write(chunk)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
        time.sleep(pause_s)
    if holder is not None:
        holder.close()
    return longest
