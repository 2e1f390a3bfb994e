"""`sinagotd doctor`: what this machine allows, what is promised on it, and where the promises end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from sinagotd.cli.examining import Examined, examine
from sinagotd.cli.limits import Limit, Machine, Need, Verdict
from sinagotd.cli.places import JSON_HELP, Place, chosen_files, workspace_argument, workspace_name
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.workspace_limits import workspace_limits
from sinagotd.errors import ConfigError
from sinagotd.settings.daemon import DaemonSettings, load_daemon
from sinagotd.settings.toml_file import WORKSPACE_FILE_NAME
from sinagotd.settings.workspace import load_workspace

STYLES = {Verdict.FINE: "green", Verdict.WARNING: "yellow", Verdict.FAULT: "red"}

SMALL_PRINT = (
    "A step may run more than once for one change (its worker dies, the machine stops); its result is recorded once.",
    "So a script must give the same result again, and what it does elsewhere than in self.path.output is not undone.",
    "An output is the old one or the new one, never half; several outputs of a step come one after the other.",
    "A file is read when nobody writes it and it is quiet for `settle`: who pauses for longer, unseen, is taken to be done.",
    "On a network folder changes are looked for: they are seen as late as that interval, and writers elsewhere not at all.",
    "Scripts have the rights of the service's user: who may write the scripts folder is trusted with all of them.",
)


@dataclass(frozen=True, slots=True)
class Looked:
    """One workspace: its limits, and what it needs of the machine."""

    workspace: str
    limits: tuple[Limit, ...]
    folders: int = 0


@click.command()
@workspace_argument
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(path: Path | None, config: Path | None, *, as_json: bool) -> int:
    """Tell what this machine allows and where the promises end."""
    daemon, files = _chosen(path, config)
    workspaces = [_look(daemon, file) for file in files]
    machine = list(Machine().limits(_need(daemon, workspaces)))
    if as_json:
        print_json(_document(machine, workspaces))
    else:
        print_lines(make_console(), _lines(machine, workspaces))
    every = [limit for limits in (machine, *(each.limits for each in workspaces)) for limit in limits]
    return int(any(limit.verdict is Verdict.FAULT for limit in every))


def _chosen(path: Path | None, config: Path | None) -> tuple[DaemonSettings, Sequence[Path]]:
    """As for every command, but that without any workspace the machine alone is looked at."""
    if path is None and config is None and not Path(WORKSPACE_FILE_NAME).exists():
        return load_daemon(None), []
    return chosen_files(path, config)


def _look(daemon: DaemonSettings, file: Path) -> Looked:
    try:
        settings = load_workspace(file)
        place = Place(settings, daemon.state_path_for(settings), daemon)
        examined = examine(place)
        return Looked(place.name, tuple(workspace_limits(place, examined)), examined.folders)
    except ConfigError as fault:
        examined = Examined(workspace_name(file), fault.faults)
        return Looked(examined.workspace, (Limit("settings", Verdict.FAULT, "; ".join(fault.faults)),))


def _need(daemon: DaemonSettings, workspaces: Sequence[Looked]) -> Need:
    workers = 0 if daemon.cluster.address else daemon.cluster.workers or cpu_count() or 1
    return Need(len(workspaces), sum(each.folders for each in workspaces), workers)


def _document(machine: Sequence[Limit], workspaces: Sequence[Looked]) -> dict[str, Any]:
    return {
        "machine": [limit._asdict() for limit in machine],
        "workspaces": {each.workspace: [limit._asdict() for limit in each.limits] for each in workspaces},
        "small_print": SMALL_PRINT,
    }


def _lines(machine: Sequence[Limit], workspaces: Sequence[Looked]) -> Iterator[Text]:
    yield styled("this machine", "bold")
    yield from map(_line, machine)
    for each in workspaces:
        yield styled(each.workspace, "bold")
        yield from map(_line, each.limits)
    yield styled("in small print", "bold")
    yield from (line(f"  {sentence}") for sentence in SMALL_PRINT)


def _line(limit: Limit) -> Text:
    return line("  ", styled(f"{limit.verdict:<7}", STYLES[limit.verdict]), f"  {limit.what:<10}  {limit.says}")
