"""Which workspaces a command speaks of, from its arguments. Reads settings, looks into no data folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from sinagotd.cli.faults import tell
from sinagotd.errors import ConfigError
from sinagotd.manifest.signpost import signpost
from sinagotd.settings.daemon import DaemonSettings, load_daemon
from sinagotd.settings.toml_file import WORKSPACE_FILE_NAME, config_file
from sinagotd.settings.workspace import STATE_FOLDER, WorkspaceSettings, load_workspace

Command = Callable[..., Any]

PATH = click.Path(path_type=Path)
CONFIG_HELP = "The service's settings file: its state folder counts, and all its workspaces if no PATH is given."
JSON_HELP = "Print one JSON document."


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace, the folder of its manifest, and the service's settings that decided on that."""

    settings: WorkspaceSettings
    state_path: Path
    daemon: DaemonSettings

    @property
    def name(self) -> str:
        return workspace_name(self.settings.config_path)


def workspace_name(path: Path) -> str:
    """What a workspace is called in output: its folder, or its settings file if that has a name of its own."""
    return str(path.parent if path.name == WORKSPACE_FILE_NAME else path)


def find_places(path: Path | None, config: Path | None) -> list[Place]:
    """The workspace at `path`, else those of the service's file, else the one of the current folder.

    Raises ConfigError with the faults of all of them.
    """
    daemon, files = chosen_files(path, config)
    places: list[Place] = []
    faults: list[str] = []
    for file in files:
        try:
            settings = load_workspace(file)
            place = Place(settings, daemon.state_path_for(settings), daemon)
            _refuse_elsewhere(place)
            places.append(place)
        except ConfigError as fault:
            faults += fault.faults
    if faults:
        raise ConfigError(*faults)
    return places


def _refuse_elsewhere(place: Place) -> None:
    """A command that does not know the service's settings would look for the manifest in the wrong place."""
    there = signpost(place.settings.data_path / STATE_FOLDER)
    if place.daemon.config_path is None and there is not None and there.state_path != place.state_path:
        say = f"say --config {there.config}" if there.config else "say --config with the settings of its service"
        raise ConfigError(f"{place.name}: its manifest is kept in {there.state_path}: {say}")


def chosen_files(path: Path | None, config: Path | None) -> tuple[DaemonSettings, Sequence[Path]]:
    """The service's settings, and the settings files of the chosen workspaces. Raises ConfigError."""
    daemon = load_daemon(config)
    if path is not None:
        return daemon, [config_file(path)]
    if config is not None:
        if not daemon.workspaces:
            raise ConfigError(f"{daemon.config_path}: lists no workspaces: add some, or give the path of one")
        return daemon, [config_file(each) for each in daemon.workspaces]
    here = Path.cwd()
    if not (here / WORKSPACE_FILE_NAME).exists():
        raise ConfigError(f"no {WORKSPACE_FILE_NAME} in {here}: give the path of a workspace, or --config")
    return daemon, [config_file(here)]


def workspace_argument(command: Command) -> Command:
    """Give a command the argument PATH and the option --config."""
    command = click.option("--config", type=PATH, help=CONFIG_HELP)(command)
    return click.argument("path", type=PATH, required=False)(command)


def workspace_option(command: Command) -> Command:
    """Give a command whose arguments are records the options --workspace and --config."""
    command = click.option("--config", type=PATH, help=CONFIG_HELP)(command)
    where = "The workspace: its folder or settings file; by default the current folder."
    return click.option("-w", "--workspace", "path", type=PATH, metavar="PATH", help=where)(command)


def on_places(command: Command) -> Command:
    """Turn the arguments `path` and `config` of a command into its first parameter: the list of places.

    What their settings say in vain is told on stderr: nobody should wonder why nothing runs.
    """

    @wraps(command)
    def found(*, path: Path | None, config: Path | None, **others: Any) -> Any:
        places = find_places(path, config)
        tell(
            *dict.fromkeys(
                warning for place in places for warning in (*place.daemon.warnings, *place.settings.warnings)
            )
        )
        return command(places, **others)

    return found
