"""Loads `sinagotd.toml`, the settings of the service: which workspaces, which cluster, what is kept and for how long."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from sinagotd.settings.cluster import ClusterSettings
from sinagotd.settings.datasets import CellSettings, Datasets, DatasetSection
from sinagotd.settings.ownership import Trust
from sinagotd.settings.quantities import DAY_S, MINUTE_S, Duration, Interval, IntervalOrOff
from sinagotd.settings.reading import SettingsFile, check, read_files, unknown_key_warnings
from sinagotd.settings.sections import Count, LocalPath, LocalPathOrNone, LogLevel, Section, TextOrNone
from sinagotd.settings.toml_file import config_file
from sinagotd.settings.workspace import AnyPath, WorkspaceSettings

DAEMON_FILE_NAME = "sinagotd.toml"


class DaemonLogSettings(Section):
    """What the service writes to its log."""

    level: LogLevel = Field("INFO", description="The least level that is written.")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description='"json" or "console"; "auto" is console in a terminal, else json.'
    )


class StateSettings(Section):
    """Where the manifests are kept."""

    folder: LocalPathOrNone = Field(
        None, description="One folder for all manifests, on a local disk; if empty, .sinagotd inside each data folder."
    )


class ControlSettings(Section):
    """Who may give commands."""

    group: TextOrNone = Field(
        None, description="The group whose members may give commands; if empty, the service's own."
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        Trust.named((), (self.group,) if self.group else ())
        return self


class TrustSettings(Section):
    """Who, besides root and the service's own user, may write scripts and settings; all others' are refused."""

    users: tuple[str, ...] = Field((), description="Names of users.")
    groups: tuple[str, ...] = Field((), description="Names of groups.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        Trust.named(self.users, self.groups)
        return self

    @property
    def ids(self) -> Trust:
        return Trust.named(self.users, self.groups)


class IntervalSettings(Section):
    """How often things are done that nobody asked for; a workspace's own [watch] wins."""

    scan: Interval = Field(10 * MINUTE_S, description="Look at the whole of each data folder.")
    canary: Interval = Field(MINUTE_S, description="Check that changes are still reported.")
    backup: IntervalOrOff = Field(DAY_S, description='Back up the manifests; "off" for never.')


class DaemonFile(Section):
    """Settings of the service."""

    workspaces: tuple[LocalPath, ...] = Field(
        (),
        description="The workspaces to keep up to date: folders with workspace.toml, or such files.",
        examples=[["/srv/lab/harbor"]],
    )
    drain: Duration = Field(30.0, description="When stopping, wait this long for runs to end.")
    keep_runs: Count = Field(20, description="Runs that are remembered of each step of a record.")
    keep_events: Interval = Field(90 * DAY_S, description="How long events are remembered.")
    cluster: ClusterSettings = ClusterSettings.defaults()
    log: DaemonLogSettings = DaemonLogSettings.defaults()
    state: StateSettings = StateSettings.defaults()
    control: ControlSettings = ControlSettings.defaults()
    trust: TrustSettings = TrustSettings.defaults()
    intervals: IntervalSettings = IntervalSettings.defaults()
    cells: CellSettings = CellSettings.defaults()
    datasets: Datasets = Field({}, description="Datasets, each by its name.", examples=["harbor"])


@dataclass(frozen=True, slots=True)
class DaemonSettings:
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
    drain: float
    keep_runs: int
    keep_events: float
    cells: CellSettings
    datasets: dict[str, DatasetSection]
    raw: dict[str, Any]
    warnings: tuple[str, ...]

    def scan_interval_for(self, workspace: WorkspaceSettings) -> float:
        """Seconds between two looks at the whole data folder: the workspace's own setting, else the service's."""
        is_own = "scan_interval" in workspace.watch.model_fields_set
        return workspace.watch.scan_interval if is_own else self.intervals.scan

    def canary_interval_for(self, workspace: WorkspaceSettings) -> float:
        """Seconds between two checks of the watch: the workspace's own setting, else the service's."""
        is_own = "canary_interval" in workspace.watch.model_fields_set
        return workspace.watch.canary_interval if is_own else self.intervals.canary

    def state_path_for(self, workspace: WorkspaceSettings) -> Path:
        """Where the workspace's manifest is: its own `[path] state`, else a folder in `[state] folder` if there is one."""
        if self.state.folder is None or "state" in workspace.raw.get("path", {}):
            return workspace.state_path
        mark = hashlib.blake2b(os.fsencode(workspace.data_path), digest_size=4).hexdigest()
        return self.state.folder / f"{workspace.config_path.parent.name}-{mark}"


def load_daemon(path: AnyPath | None) -> DaemonSettings:
    """Read the service's file, or take the defaults for None. Raises ConfigError with every fault."""
    if path is None:
        return _settings(DaemonFile.defaults(), None)
    files = read_files([config_file(path, DAEMON_FILE_NAME)])
    file = check(DaemonFile, files[0].table, files)
    return _settings(file, files[0], *unknown_key_warnings(DaemonFile, files))


def _settings(file: DaemonFile, source: SettingsFile | None, *warnings: str) -> DaemonSettings:
    return DaemonSettings(
        config_path=source.path if source else None,
        workspaces=tuple(dict.fromkeys(file.workspaces)),
        cluster=file.cluster,
        log=file.log,
        state=file.state,
        control=file.control,
        trust=file.trust.ids,
        intervals=file.intervals,
        drain=file.drain,
        keep_runs=file.keep_runs,
        keep_events=file.keep_events,
        cells=file.cells,
        datasets=file.datasets,
        raw=source.table if source else {},
        warnings=warnings,
    )
