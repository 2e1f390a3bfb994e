"""Which records are there, in a workspace or in some of its units: the same answer as the daemon's, found by names alone.

A record is there when a raw file of it is: an input with `{id}` in its path that no step writes. It belongs to a unit when
an input of the unit's first step is there too.
"""

import os
from collections.abc import Collection, Iterable, Iterator

from sinagotd.core.patterns import Template
from sinagotd.core.pipeline import Pipeline
from sinagotd.core.reach import Reach
from sinagotd.core.steps import StepSpec
from sinagotd.errors import ConfigError, WorkspaceError
from sinagotd.settings.workspace import UnitSettings
from sinagotd.workspace.faults import MissingFileError, NotFoundError
from sinagotd.workspace.listing import is_there, paths_in
from sinagotd.workspace.opened import Opened
from sinagotd.workspace.scripts import told_fault

Units = Collection[UnitSettings]
NO_IDS = "(?!)"
"""The pattern of a workspace that has no table `[records]`: nothing fits it."""


def find_ids(opened: Opened, units: Units | None = None) -> set[str]:
    """The records of these units, of the whole workspace if None.

    Raises MissingFileError without a data folder, NotFoundError if no script says where records are.
    """
    refuse_no_data(opened)
    pipeline = opened.pipeline
    raw = _raw(opened)
    entries = raw if units is None else _entries(pipeline, units)
    if units is None or set(entries) <= set(raw):
        return _of(pipeline, _paths(opened, entries))
    return _of(pipeline, _paths(opened, raw)) & {record for _, record in _matches(opened, entries)}


def has_id(opened: Opened, record: object, units: Units | None = None) -> bool:
    """Whether one record is there, by a look at its own files only."""
    if not isinstance(record, str) or not opened.id_pattern.fits(record):
        return False
    pipeline = opened.pipeline
    raw = (path for path in _filled(opened, _raw(opened), record) if pipeline.record_of(path) == record)
    if not any(is_there(opened.settings.data_path, path) for path in raw):
        return False
    if units is None:
        return True
    entries = _filled(opened, _entries(pipeline, units), record)
    return any(is_there(opened.settings.data_path, path) for path in entries)


def ids_with(opened: Opened, templates: Iterable[Template]) -> set[str]:
    """The records of which each of these files is there, be they in the workspace or not. Raises as `find_ids`."""
    refuse_no_data(opened)
    found: set[str] | None = None
    for template in templates:
        if not template.is_shared:
            ids = {record for _, record in _matches(opened, [template])}
            found = ids if found is None else found & ids
    return found or set()


def has_all(opened: Opened, templates: Collection[Template], record: str) -> bool:
    """Whether each of these files of one record is there."""
    paths = list(_filled(opened, templates, record))
    return len(paths) == len(templates) > 0 and all(is_there(opened.settings.data_path, path) for path in paths)


def has_input(opened: Opened, record: str) -> bool:
    """Whether anything of this record is there that one of its steps reads, be it raw or made."""
    paths = _filled(opened, _inputs(opened.pipeline.specs), record)
    return any(is_there(opened.settings.data_path, path) for path in paths)


def checked_id(opened: Opened, record: object) -> str:
    """An id that fits the pattern of the workspace, be the record there or not. Raises WorkspaceError otherwise."""
    if isinstance(record, str) and opened.id_pattern.fits(record):
        return record
    if fault := pattern_fault(opened):
        raise ConfigError(fault)
    wanted = f"it must match {opened.id_pattern.text!r} and be a plain file name"
    raise WorkspaceError(f"{record!r} is not a record id of {opened.settings.config_path}: {wanted}")


def pattern_fault(opened: Opened) -> str:
    """What is missing, a sentence, where the settings do not say what a record is; else ""."""
    hint = 'write [records] and id_pattern = "REC-[0-9]{8}" or the like'
    is_said = opened.id_pattern.text != NO_IDS
    return "" if is_said else f"{opened.settings.config_path}: records.id_pattern is missing: {hint}"


def refuse_no_data(opened: Opened) -> None:
    """Raise ConfigError if nobody says what a record is, MissingFileError if the data folder is not there.

    Raises WorkspaceError if this user may not read it.
    """
    if fault := pattern_fault(opened):
        raise ConfigError(fault)
    folder, where = opened.settings.data_path, f"path.dataset in {opened.settings.config_path}"
    if not folder.is_dir():
        raise MissingFileError(f"there is no data folder {folder}: make it, or change {where}")
    if not os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
        raise WorkspaceError(f"{folder}: this user may not read it: change its permissions, or run as its owner")


def _raw(opened: Opened) -> tuple[Template, ...]:
    _refuse_unreadable(opened.pipeline.specs)
    return opened.scripts.raw()


def _entries(pipeline: Pipeline, units: Units) -> tuple[Template, ...]:
    """What the first steps of these units read of single records."""
    specs = {spec.step: spec for spec in pipeline.specs}
    listed = [[specs[name] for name in unit.step_names()] for unit in units]
    _refuse_unreadable([spec for steps in listed for spec in steps])
    usable = (next((spec for spec in steps if _inputs([spec])), None) for steps in listed)
    return _inputs(spec for spec in usable if spec is not None)


def _inputs(specs: Iterable[StepSpec]) -> tuple[Template, ...]:
    return tuple(template for spec in specs for _, template in spec.inputs if not template.is_shared)


def _refuse_unreadable(specs: Collection[StepSpec]) -> None:
    """One broken script costs its own step; if all are, nobody knows where records are."""
    faults = [fault for spec in specs if not spec.inputs and (fault := told_fault(spec))]
    if faults and len(faults) == len(specs):
        raise NotFoundError("\n".join(dict.fromkeys(faults)))


def _paths(opened: Opened, templates: Collection[Template]) -> Iterator[str]:
    reach = Reach(templates, opened.id_pattern)
    return paths_in(opened.settings.data_path, reach, opened.ignored)


def _of(pipeline: Pipeline, paths: Iterable[str]) -> set[str]:
    """The records whose raw files these are."""
    return {record for path in paths if (record := pipeline.record_of(path)) is not None}


def _matches(opened: Opened, templates: Collection[Template]) -> Iterator[tuple[str, str]]:
    """Every path that one of the templates fills to, with the record."""
    for path in _paths(opened, templates):
        for template in templates:
            bindings = template.match(path, opened.id_pattern)
            if bindings is not None:
                yield path, bindings["id"]


def _filled(opened: Opened, templates: Iterable[Template], record: str) -> Iterator[str]:
    """The paths of one record, without ignored ones; what needs an entity that its id does not have is left out."""
    bindings = opened.id_pattern.bindings(record) or {}
    paths = (each.fill(bindings) for each in templates if each.placeholders <= bindings.keys())
    return (path for path in paths if not opened.ignored.hides(path))
