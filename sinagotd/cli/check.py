"""`sinagotd check`: every fault of a workspace at once, before anything runs."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.text import Text

from sinagotd.cli.examining import Examined, examine, service_warnings
from sinagotd.cli.places import JSON_HELP, Place, chosen_files, workspace_argument, workspace_name
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.text import counted
from sinagotd.errors import ConfigError
from sinagotd.settings.daemon import load_daemon
from sinagotd.settings.workspace import load_workspace


@click.command()
@workspace_argument
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(path: Path | None, config: Path | None, *, as_json: bool) -> int:
    """Check settings, scripts, folders, permissions and mounts of workspaces, and the datasets of a service."""
    examined = [*examine_all(path, config), *examine_datasets(path, config)]
    if as_json:
        print_json([asdict(each) for each in examined])
    else:
        print_lines(make_console(), (text for each in examined for text in _lines(each)))
    return int(any(each.faults for each in examined))


def examine_all(path: Path | None, config: Path | None) -> list[Examined]:
    """Examine every chosen workspace. Raises ConfigError only if there is none to speak of."""
    if path is None and config is not None and _has_datasets_only(config):
        return []
    daemon, files = chosen_files(path, config)
    examined = []
    for file in files:
        try:
            settings = load_workspace(file)
            examined.append(examine(Place(settings, daemon.state_path_for(settings), daemon)))
        except ConfigError as fault:
            examined.append(Examined(workspace_name(file), fault.faults))
    return examined


def examine_datasets(path: Path | None, config: Path | None) -> list[Examined]:
    """Examine every dataset of the service, unless a single workspace was chosen."""
    if path is not None or config is None or not load_daemon(config).datasets:
        return []
    from sinagotd.cli.dataset_choosing import all_datasets  # noqa: PLC0415 - only who has datasets waits for pandas
    from sinagotd.cli.dataset_examining import examine_dataset  # noqa: PLC0415 - as above

    first, *others = [examine_dataset(each) for each in all_datasets(config)]
    if _has_datasets_only(config):  # what is odd in the service's file is said once; else its workspaces say it
        first = replace(first, warnings=(*service_warnings(load_daemon(config)), *first.warnings))
    return [first, *others]


def _has_datasets_only(config: Path) -> bool:
    settings = load_daemon(config)
    return bool(settings.datasets) and not settings.workspaces


def _lines(examined: Examined) -> Iterator[Text]:
    yield line(styled(examined.workspace, "bold"))
    yield from (line("  ", styled("fault", "red"), f"    {each}") for each in examined.faults)
    yield from (line("  ", styled("warning", "yellow"), f"  {each}") for each in examined.warnings)
    if not examined.faults:
        names = ", ".join(examined.steps) or "none"
        each, made = ("row", "source") if examined.workspace.startswith("dataset ") else ("record", "step")
        what = f"{counted(examined.records, each)}, {counted(len(examined.steps), made)} ({names})"
        yield line("  ", styled("fine", "green"), f"     {what}")
