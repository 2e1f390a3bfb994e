"""Reads the settings again while everything goes on; what cannot be used leaves the old ones in force."""

from pathlib import Path

from structlog.typing import FilteringBoundLogger

from sinagotd.daemon.datasets.keeping import Datasets
from sinagotd.daemon.site import Site
from sinagotd.errors import ConfigError
from sinagotd.settings.ownership import refuse_untrusted
from sinagotd.settings.workspace import WorkspaceSettings, load_workspace


def reload(site: Site) -> None:
    """Read the `workspace.toml` of a workspace again. Runs in flight go on."""
    try:
        settings = load_workspace(site.settings.config_path)
        if (trust := site.engine.tools.trust) is not None:
            refuse_untrusted((settings.config_path, settings.scripts_path), trust)
        moved = _moved(site.settings, settings)
        if moved:
            site.log.error("reload_refused", why=f"{', '.join(moved)} changed: stop and start the daemon for that")
            return
        site.reconfigure(settings)
    except ConfigError as fault:
        site.log.error("reload_refused", why="; ".join(fault.faults), then="the settings stay as they were")
        return
    site.log.info("reloaded")


def reload_datasets(datasets: Datasets, log: FilteringBoundLogger) -> None:
    """Read the datasets in the service's `sinagotd.toml` again. A build under way goes on."""
    try:
        datasets.reload()
    except ConfigError as fault:
        log.error("reload_refused", why="; ".join(fault.faults), then="the datasets stay as they were")


def _moved(old: WorkspaceSettings, new: WorkspaceSettings) -> list[str]:
    names: dict[str, tuple[Path, Path]] = {
        "path.dataset": (old.data_path, new.data_path),
        "path.scripts": (old.scripts_path, new.scripts_path),
        "path.state": (old.state_path, new.state_path),
    }
    return [name for name, (was, now) in names.items() if was != now]
