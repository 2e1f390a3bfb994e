"""`sinagotd run`: keep workspaces up to date, in the foreground; with `--once` until nothing is left to do."""

from collections.abc import Sequence
from pathlib import Path

import click

from sinagotd.core.states import State
from sinagotd.daemon.lifetime import Service, serve
from sinagotd.daemon.logs import make_log
from sinagotd.errors import ConfigError, WorkspaceError
from sinagotd.runner.thrift import give_memory_back
from sinagotd.settings.daemon import DaemonSettings, load_daemon
from sinagotd.settings.ownership import writable_by_others

TROUBLE = (State.FAILED, State.QUARANTINED)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--config", type=click.Path(path_type=Path), help="The service's settings, sinagotd.toml.")
@click.option("--once", is_flag=True, help="Work until nothing is left, then exit; 1 if something failed.")
@click.option("--inline", is_flag=True, help="Run scripts in this process, one after the other, without a cluster.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes; one per core if not given.")
@click.option("--log", "style", type=click.Choice(["auto", "json", "console"]), help="How log lines look.")
def command(*, paths: Sequence[Path], config: Path | None, once: bool, inline: bool, workers: int | None, style: str | None) -> int:  # fmt: skip
    """Keep the workspaces at PATHS (or those of --config, or this folder) up to date."""
    settings = load_daemon(config)
    _refuse_untrusted(settings.config_path)
    if workers:
        settings = settings._replace(cluster=settings.cluster.but(workers=workers))
    service = Service(settings, _workspaces(settings, paths), inline=inline, once=once)
    log = make_log(style or settings.log.format, settings.log.level)
    for warning in settings.warnings:
        log.warning("settings", why=warning)
    give_memory_back()
    counts = serve(service, log)
    return int(once and any(counts[state] for state in TROUBLE))


def _workspaces(settings: DaemonSettings, paths: Sequence[Path]) -> Sequence[Path]:
    chosen = [*paths, *settings.workspaces]
    if chosen or settings.datasets:
        return chosen
    if not Path("workspace.toml").exists():
        raise WorkspaceError(f"no workspace.toml in {Path.cwd()}: give the path of a workspace, or --config")
    return [Path()]


def _refuse_untrusted(config: Path | None) -> None:
    """Who may write the file that says whom to trust needs nobody's trust."""
    if config is not None and (fault := writable_by_others(config)):
        raise ConfigError(fault)
