"""Loads `sinagotd.toml`, the settings of the service: which workspaces, which cluster, what is kept and for how long."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from sinagotd.settings.cluster import ClusterSettings
from sinagotd.settings.datasets import CellSettings, DatasetSection, check_outputs
from sinagotd.settings.kinds import COUNT, LOG_LEVEL, NAME, PATH, PATH_OR_NONE, TEXT, TEXT_OR_NONE, choice, or_none
from sinagotd.settings.ownership import Trust
from sinagotd.settings.quantities import DAY_S, DURATION, INTERVAL, INTERVAL_OR_OFF, MINUTE_S
from sinagotd.settings.reading import SettingsFile, check, read_files, unknown_key_warnings
from sinagotd.settings.sections import Section, listed, named, nested, setting, table
from sinagotd.settings.toml_file import config_file
from sinagotd.settings.workspace import AnyPath, WorkspaceSettings

DAEMON_FILE_NAME = "sinagotd.toml"


class DaemonLogSettings(Section):
    """What the service writes to its log."""

    level: str = setting(LOG_LEVEL, "INFO", "The least level that is written.")
    format: str = setting(
        choice("auto", "json", "console"), "auto", '"json" or "console"; "auto" is console in a terminal, else json.'
    )


class StateSettings(Section):
    """Where the manifests are kept."""

    folder: Path | None = setting(
        PATH_OR_NONE,
        None,
        "One folder for all manifests, on a local disk; if empty, .sinagotd inside each data folder.",
    )


class ControlSettings(Section):
    """Who may give commands."""

    group: str | None = setting(
        TEXT_OR_NONE, None, "The group whose members may give commands; if empty, the service's own."
    )

    def check(self) -> None:
        Trust.named((), (self.group,) if self.group else ())


class TrustSettings(Section):
    """Who, besides root and the service's own user, may write scripts and settings; all others' are refused."""

    users: tuple[str, ...] = setting(listed(TEXT), (), "Names of users.")
    groups: tuple[str, ...] = setting(listed(TEXT), (), "Names of groups.")

    def check(self) -> None:
        Trust.named(self.users, self.groups)


class IntervalSettings(Section):
    """How often things are done that nobody asked for; a workspace's own [watch] wins."""

    scan: float = setting(INTERVAL, 10 * MINUTE_S, "Look at the whole of each data folder.")
    canary: float = setting(INTERVAL, MINUTE_S, "Check that changes are still reported.")
    backup: float | None = setting(INTERVAL_OR_OFF, DAY_S, 'Back up the manifests; "off" for never.')


def _check_metrics_file(path: Path) -> None:
    if path.suffix != ".prom":
        raise ValueError('must end in ".prom": nothing else is collected')


class MetricsSettings(Section):
    """Numbers for monitoring, in the text format of Prometheus."""

    file: Path | None = setting(
        or_none(PATH.checked(_check_metrics_file)),
        None,
        "A file in the folder of node_exporter's textfile collector, such as "
        '"/var/lib/prometheus/node-exporter/sinagotd.prom"; none if empty.',
    )
    every: float = setting(INTERVAL, 15.0, "How often it is written.")


class DaemonFile(Section):
    """Settings of the service."""

    workspaces: tuple[Path, ...] = setting(
        listed(PATH),
        (),
        "The workspaces to keep up to date: folders with workspace.toml, or such files.",
        example=["/srv/lab/harbor"],
    )
    drain: float = setting(DURATION, 30.0, "When stopping, wait this long for runs to end.")
    keep_runs: int = setting(COUNT, 20, "Runs that are remembered of each step of a record.")
    keep_events: float = setting(INTERVAL, 90 * DAY_S, "How long events are remembered.")
    cluster: ClusterSettings = nested(ClusterSettings)
    log: DaemonLogSettings = nested(DaemonLogSettings)
    state: StateSettings = nested(StateSettings)
    control: ControlSettings = nested(ControlSettings)
    trust: TrustSettings = nested(TrustSettings)
    intervals: IntervalSettings = nested(IntervalSettings)
    metrics: MetricsSettings = nested(MetricsSettings)
    cells: CellSettings = nested(CellSettings)
    datasets: dict[str, DatasetSection] = setting(
        named(table(DatasetSection), NAME).checked(check_outputs), {}, "Datasets, each by its name.", example="harbor"
    )


class DaemonSettings(NamedTuple):
    """The service as its file describes it; without a file `config_path` is None and all is at its default.

    Durations are seconds, paths absolute. `raw` is the file as it was parsed; `warnings` are about keys that do nothing.
    """

    config_path: Path | None
    workspaces: tuple[Path, ...]
    cluster: ClusterSettings
    log: DaemonLogSettings
    state: StateSettings
    control: ControlSettings
    trust: Trust
    intervals: IntervalSettings
    metrics: MetricsSettings
    drain: float
    keep_runs: int
    keep_events: float
    cells: CellSettings
    datasets: dict[str, DatasetSection]
    raw: dict[str, Any]
    warnings: tuple[str, ...]

    def scan_interval_for(self, workspace: WorkspaceSettings) -> float:
        """Seconds between two looks at the whole data folder: the workspace's own setting, else the service's."""
        is_own = "scan_interval" in workspace.watch.given
        return workspace.watch.scan_interval if is_own else self.intervals.scan

    def canary_interval_for(self, workspace: WorkspaceSettings) -> float:
        """Seconds between two checks of the watch: the workspace's own setting, else the service's."""
        is_own = "canary_interval" in workspace.watch.given
        return workspace.watch.canary_interval if is_own else self.intervals.canary

    def state_path_for(self, workspace: WorkspaceSettings) -> Path:
        """Where the workspace's manifest is: its own `[path] state`, else a folder in `[state] folder` if there is one."""
        if self.state.folder is None or "state" in workspace.raw.get("path", {}):
            return workspace.state_path
        from hashlib import blake2b  # noqa: PLC0415 - only who has such a folder waits for it

        mark = blake2b(os.fsencode(workspace.data_path), digest_size=4).hexdigest()
        return self.state.folder / f"{workspace.config_path.parent.name}-{mark}"


def load_daemon(path: AnyPath | None) -> DaemonSettings:
    """Read the service's file, or take the defaults for None. Raises ConfigError with every fault."""
    if path is None:
        return _settings(DaemonFile(), None)
    files = read_files([config_file(path, DAEMON_FILE_NAME)])
    file = check(DaemonFile, files[0].table, files)
    return _settings(file, files[0], *unknown_key_warnings(DaemonFile, files))


def _settings(file: DaemonFile, source: SettingsFile | None, *warnings: str) -> DaemonSettings:
    values = {name: getattr(file, name) for name in file.settings} | {
        "workspaces": tuple(dict.fromkeys(file.workspaces)),
        "trust": Trust.named(file.trust.users, file.trust.groups),
    }
    config_path, raw = source or (None, {})
    return DaemonSettings(config_path=config_path, raw=raw, warnings=warnings, **values)
