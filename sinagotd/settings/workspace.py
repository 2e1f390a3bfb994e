"""Loads `workspace.toml`: one frozen value with absolute paths and everything checked. It touches no data folder."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sinagotd.core.ids import IdPattern
from sinagotd.errors import ConfigError
from sinagotd.settings.faults import dotted
from sinagotd.settings.kinds import resolve_path
from sinagotd.settings.reading import SettingsFile, check, merge, origin, read_files, unknown_key_warnings
from sinagotd.settings.run import RunSettings, StepSettings
from sinagotd.settings.toml_file import config_file
from sinagotd.settings.units import ScriptRef, UnitSettings, oddities, units_of
from sinagotd.settings.watch import WatchSettings
from sinagotd.settings.workspace_file import DaskSection, LogSettings, WorkspaceFile

__all__ = ["ScriptRef", "StepSettings", "UnitSettings", "WorkspaceSettings", "load_workspace"]

STATE_FOLDER = ".sinagotd"
DEFAULT_VERSION = "0.1.0"
AnyPath = str | os.PathLike[str]


class WorkspaceSettings(NamedTuple):
    """A workspace as its file describes it. Paths are absolute; `raw` is the merged file as it was parsed.

    `tasks` and `modalities` are the declared names in the order of the file, and `units` the pairs of them that
    exist, in the order in which they run. `warnings` are sentences about keys that do nothing or not what was meant.
    """

    config_path: Path
    data_path: Path
    scripts_path: Path
    state_path: Path
    id_pattern: str
    is_unit_mode: bool
    tasks: tuple[str, ...]
    modalities: tuple[str, ...]
    units: tuple[UnitSettings, ...]
    run: RunSettings
    watch: WatchSettings
    log: LogSettings
    dask: DaskSection
    raw: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def version(self) -> str:
        """What people call this state of their workspace."""
        return str(self.raw.get("info", {}).get("version", DEFAULT_VERSION))

    def for_step(self, step: str) -> StepSettings:
        """The settings of a step named as in a step key, `count` or `HDC/behavior/scores`."""
        return self.run.for_step(step)

    def settle_for(self, modality: str | None) -> float:
        """Seconds for which a file of this modality has to stay as it is."""
        return self.watch.settle_for(modality)


def load_workspace(
    path: AnyPath | Sequence[AnyPath],
    *,
    data_path: AnyPath | None = None,
    scripts_path: AnyPath | None = None,
    id_pattern: str | None = None,
) -> WorkspaceSettings:
    """Read a settings file, a folder with `workspace.toml`, or several of them merged, of which later ones win.

    Relative paths, also those given as arguments, are taken from the folder of the (first) file. `id_pattern` is for
    files that have no table `[records]`. Raises ConfigError with every fault.
    """
    paths = [path] if isinstance(path, str | os.PathLike) else list(path)
    if not paths:
        raise ConfigError("no settings file is given: give the path of a workspace.toml or of its folder")
    files = read_files([config_file(each) for each in paths])
    raw = merge(file.table for file in files)
    file = check(WorkspaceFile, {"records": {"id_pattern": id_pattern} if id_pattern else {}} | raw, files)
    if clashes := [f"{origin(key, files)}: {dotted(key)} {text}" for key, text in _option_clashes(file)]:
        raise ConfigError(*clashes)
    folder = files[0].path.parent
    arguments = {"data_path": data_path, "scripts_path": scripts_path}
    given = {name: _argument(name, value, folder) for name, value in arguments.items() if value is not None}
    return _settings(file, files, raw, given)


def _settings(
    file: WorkspaceFile, files: Sequence[SettingsFile], raw: dict[str, Any], given: dict[str, Path]
) -> WorkspaceSettings:
    folder = files[0].path.parent
    data_path = given.get("data_path") or file.path.dataset or resolve_path("./dataset", folder)
    is_unit_mode = not {"tasks", "modalities"} & raw.keys()
    units = units_of(file, unit_mode=is_unit_mode)
    odd = [f"{origin(key, files)}: {dotted(key)} {text}" for key, text in oddities(file, units)]
    return WorkspaceSettings(
        config_path=files[0].path,
        data_path=data_path,
        scripts_path=given.get("scripts_path") or file.path.scripts or _default_scripts_path(raw, folder),
        state_path=file.path.state or data_path / STATE_FOLDER,
        id_pattern=file.records.id_pattern,
        is_unit_mode=is_unit_mode,
        tasks=tuple(file.tasks),
        modalities=tuple(file.modalities),
        units=units,
        run=file.run,
        watch=file.watch,
        log=file.log,
        dask=file.dask,
        raw=raw,
        warnings=(*unknown_key_warnings(WorkspaceFile, files), *odd),
    )


def _default_scripts_path(raw: dict[str, Any], folder: Path) -> Path:
    scripts = resolve_path("./scripts", folder)
    return folder.resolve() if raw.get("path") and not scripts.is_dir() else scripts


def _argument(name: str, value: AnyPath, folder: Path) -> Path:
    try:
        return resolve_path(value, folder)
    except ValueError as fault:
        raise ConfigError(f"{name} = {str(value)!r}: {fault}") from fault


def _option_clashes(file: WorkspaceFile) -> Iterator[tuple[tuple[str, ...], str]]:
    entities = IdPattern(file.records.id_pattern).entities
    tables: list[tuple[tuple[str, ...], dict[str, Any]]] = [(("run", "opts"), file.run.opts)]
    tables += [(("run", "steps", name, "opts"), section.opts) for name, section in file.run.steps.items()]
    for above, opts in tables:
        for key in (key for key in opts if key in entities):
            yield (*above, key), "is the name of a group of records.id_pattern too: give this option another name"
