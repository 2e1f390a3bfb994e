"""Looks a workspace over before anything runs: every fault and every oddity at once. Changes nothing."""

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sinagotd.cli.places import Place
from sinagotd.cli.text import counted, span
from sinagotd.cli.walking import walked
from sinagotd.core.patterns import Template, pieces_of
from sinagotd.core.pipeline import Pipeline
from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.loading import ScriptReader
from sinagotd.errors import ConfigError, ManifestError
from sinagotd.manifest.place import refuse_network
from sinagotd.scan.mounts import file_system, is_network
from sinagotd.scan.names import IgnoredNames
from sinagotd.settings.daemon import DaemonSettings
from sinagotd.settings.ownership import writable_by_others
from sinagotd.settings.workspace import STATE_FOLDER, WorkspaceSettings

NAMED_ODDITIES = 5


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in one workspace, a sentence each; records and steps are what was looked at."""

    workspace: str
    faults: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    records: int = 0
    steps: tuple[str, ...] = ()
    folders: int = 0


def examine(place: Place) -> Examined:
    """Look at scripts, folders, permissions and mounts of a workspace whose settings could be read."""
    settings = place.settings
    pipeline, faults = _read_pipeline(place)
    faults += [*_folder_faults(place), *_trust_faults(place), *_file_system_faults(place, pipeline)]
    warnings = [*service_warnings(place.daemon), *settings.warnings]
    if mount := network_warning(place):
        warnings.append(mount)
    if pipeline is None or not settings.data_path.is_dir():
        return Examined(place.name, _once(faults), _once(warnings))
    found = walked(settings, pipeline)
    warnings += [*map(str, found.findings), *_oddities(settings, pipeline)]
    steps = tuple(spec.step for spec in pipeline.specs)
    if not steps:
        warnings.append(f"{settings.config_path}: lists no scripts: nothing will run")
    return Examined(place.name, _once(faults), _once(warnings), len(found.records), steps, found.folders)


def service_warnings(service: DaemonSettings) -> Iterator[str]:
    """What is odd in the service's own file."""
    yield from service.warnings
    file = service.metrics.file
    if file is not None and not os.access(file.parent, os.W_OK | os.X_OK, effective_ids=True):
        yield f"{file.parent}: is no folder that this user may write: [metrics] file is to be written there"


def _once(sentences: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


# scripts


def _read_pipeline(place: Place) -> tuple[Pipeline | None, list[str]]:
    with step_host_asked(place.settings.scripts_path) as ask:
        reader = ScriptReader(place.settings, ask, place.daemon.trust)
        try:
            pipeline = reader.load().pipeline
        except ConfigError as fault:
            return None, [*fault.faults, *_scripts_alone(reader)]
    return pipeline, list(_script_faults(pipeline))


def _scripts_alone(reader: ScriptReader) -> Iterator[str]:
    """The scripts do not fit together: what else is wrong with each of them."""
    for unit in reader.settings.units:
        for script in unit.scripts:
            alone = reader.settings._replace(units=(unit._replace(scripts=(script,)),))
            try:
                yield from _script_faults(replace(reader, settings=alone).load().pipeline)
            except ConfigError as fault:
                yield from fault.faults


def _script_faults(pipeline: Pipeline) -> Iterator[str]:
    for spec in pipeline.specs:
        if spec.fault is not None:
            yield spec.fault if spec.script in spec.fault else f"{spec.script} ({spec.step}): {spec.fault}"


# folders and permissions


def _folder_faults(place: Place) -> Iterator[str]:
    settings = place.settings
    yield from _unusable(settings.data_path, os.R_OK | os.X_OK, "set path.dataset to the data folder")
    yield from _unusable(settings.scripts_path, os.R_OK | os.X_OK, "set path.scripts to the scripts folder")
    if settings.data_path.is_dir() and not os.access(settings.data_path, os.W_OK, effective_ids=True):
        yield f"{settings.data_path}: this user may not write it: results are written there, give it the right"
    state_path = _nearest(place.state_path)
    if not state_path.is_dir():
        yield f"{state_path}: is no folder: the manifest is kept in {place.state_path}"
    elif not os.access(state_path, os.W_OK | os.X_OK, effective_ids=True):
        yield f"{state_path}: this user may not write it: the manifest is kept in {place.state_path}"


def _unusable(folder: Path, rights: int, remedy: str) -> Iterator[str]:
    if not folder.is_dir():
        yield f"{folder}: there is no such folder: make it, or {remedy}"
    elif not os.access(folder, rights, effective_ids=True):
        yield f"{folder}: this user may not read it: change its permissions, or run as its owner"


def _trust_faults(place: Place) -> Iterator[str]:
    """Whoever can write these files decides what runs here."""
    settings = place.settings
    scripts = (settings.scripts_path / script.path for unit in settings.units for script in unit.scripts)
    config = place.daemon.config_path  # it says whom to trust, so nobody else may write it
    if config is not None and (fault := writable_by_others(config)):
        yield fault
    for path in (settings.config_path, settings.scripts_path, *scripts):
        if path.exists() and (fault := writable_by_others(path, place.daemon.trust)):
            yield fault


# file systems


def network_warning(place: Place) -> str | None:
    """Say so if the data folder is on a network mount, unless the settings show that somebody knows it."""
    data_path, watch = place.settings.data_path, place.settings.watch
    if watch.polling == "always" or not is_network(data_path):
        return None
    every = span(place.daemon.scan_interval_for(place.settings))
    kind = file_system(data_path)
    return f"{data_path}: is on a network mount ({kind}): changes are not reported there but looked for, every {every}"


def _file_system_faults(place: Place, pipeline: Pipeline | None) -> Iterator[str]:
    data_path = place.settings.data_path
    try:
        refuse_network(place.state_path)
    except ManifestError as fault:
        yield f"{fault} (path.state in {place.settings.config_path})"
    if not data_path.is_dir():
        return
    home = _nearest(data_path / STATE_FOLDER)
    outputs = [template for spec in (pipeline.specs if pipeline else ()) for _, template in spec.outputs]
    for folder in {data_path, *(_nearest(data_path / _fixed_part(template)) for template in outputs)}:
        if folder.stat().st_dev != home.stat().st_dev:
            yield f"{folder}: is on another file system than {home}, and results cannot be renamed from one to the other"


def _fixed_part(template: Template) -> str:
    """The folder that all outputs of this template share."""
    return template.text.partition("{")[0].rpartition("/")[0]


def _nearest(path: Path) -> Path:
    """The path, or the lowest folder above it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


# leftovers


def _oddities(settings: WorkspaceSettings, pipeline: Pipeline) -> Iterator[str]:
    """Files that lie where inputs lie, and whose ids are none."""
    odd = sorted(_without_id(settings, pipeline))
    for path in odd[:NAMED_ODDITIES]:
        yield f"{path!r} is nobody's: no id in it matches {settings.id_pattern!r}"
    if len(odd) > NAMED_ODDITIES:
        yield f"and {counted(len(odd) - NAMED_ODDITIES, 'more file')} without an id that matches"


def _without_id(settings: WorkspaceSettings, pipeline: Pipeline) -> set[str]:
    ignored = IgnoredNames(settings.watch.ignore)
    inputs = {template for spec in pipeline.specs for _, template in spec.inputs if not template.is_shared}
    found = (path for template in inputs for path in settings.data_path.glob(_as_glob(template)))
    there = {str(path.relative_to(settings.data_path)) for path in found}
    known = [template for spec in pipeline.specs for template in spec.templates]
    return {
        path
        for path in there
        if not ignored.hides(path) and all(template.match(path, pipeline.id_pattern) is None for template in known)
    }


def _as_glob(template: Template) -> str:
    return "".join(glob.escape(literal) + ("*" if name else "") for literal, name in pieces_of(template.text))
