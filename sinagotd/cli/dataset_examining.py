"""Looks a dataset over before anything is built: every fault and every oddity at once. Writes nothing, loads nothing."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sinagotd.cli.dataset_choosing import Chosen
from sinagotd.cli.examining import Examined
from sinagotd.cli.text import counted, size, span
from sinagotd.errors import ConfigError, SinagotError
from sinagotd.settings.ownership import writable_by_others
from sinagotd.settings.toml_file import config_file
from sinagotd.settings.workspace import load_workspace

if TYPE_CHECKING:
    from sinagotd.datakit.builds.declaration import Declaration

NAMED_PROBLEMS = 5
LEAST_FREE_BYTES, NOTHING_BYTES = 256 * 1024**2, 1024**2


def examine_dataset(chosen: Chosen) -> Examined:
    """Look at what it is made of, and at the place where it is published."""
    from sinagotd.daemon.datasets.building import declared  # noqa: PLC0415 - pandas comes with it

    faults = [*_origin_faults(chosen), *_trust_faults(chosen), *_place_faults(chosen.output)]
    warnings = [*_origin_warnings(chosen), *_place_warnings(chosen.output)]
    title = f"dataset {chosen.name}"
    if faults:
        return Examined(title, tuple(faults), tuple(warnings))
    declaration = declared(chosen.job())
    if wrong := declaration.faults():
        return Examined(title, wrong, tuple(warnings))
    return _found(title, declaration, warnings)


def _found(title: str, declaration: "Declaration", warnings: list[str]) -> Examined:
    from sinagotd.datakit.builds.finding import find_rows, registry_of  # noqa: PLC0415 - as above

    try:
        found = find_rows(declaration, registry_of(declaration))
    except (SinagotError, ValueError) as fault:
        return Examined(title, getattr(fault, "faults", (str(fault),)), tuple(warnings))
    if not found.rows:
        return Examined(title, ("its include and exclude leave no row: loosen them",), tuple(warnings))
    warnings += [problem.message for problem in found.problems[:NAMED_PROBLEMS]]
    if len(found.problems) > NAMED_PROBLEMS:
        warnings.append(
            f"and {counted(len(found.problems) - NAMED_PROBLEMS, 'more file')} that cannot be used as it is"
        )
    return Examined(title, (), tuple(warnings), len(found.rows), found.plan.shown)


def _origin_faults(chosen: Chosen) -> Iterator[str]:
    for root in chosen.section.roots:
        if not root.is_dir():
            yield f"{root}: there is no such folder: make it, mount it, or change roots"
        elif not os.access(root, os.R_OK | os.X_OK, effective_ids=True):
            yield f"{root}: this user may not read it: change its permissions, or run as its owner"
    if chosen.section.workspace is not None:
        try:
            load_workspace(chosen.section.workspace)
        except ConfigError as fault:
            yield from fault.faults


def _origin_warnings(chosen: Chosen) -> Iterator[str]:
    path, settings = chosen.section.workspace, chosen.settings
    if path is not None and config_file(path) not in map(config_file, settings.workspaces):
        every = span(settings.intervals.scan)
        yield f"{path}: is none of the service's workspaces, so that its results are looked for only every {every}"


def _trust_faults(chosen: Chosen) -> Iterator[str]:
    for file in chosen.section.sources_from:
        if not file.is_file():
            yield f"{file}: there is no such file: write it, or take it out of sources_from"
        elif fault := writable_by_others(file, chosen.settings.trust):
            yield fault


def _place_faults(output: Path) -> Iterator[str]:
    """What would keep it from being published: it is staged in the same folder, and renamed."""
    folder = next(place for place in output.parents if os.path.lexists(place))
    if not folder.is_dir():
        yield f"{folder}: is no folder, and {output} is to be published below it: change output"
    elif not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        why = "is read-only" if _is_read_only(folder) else "may not be written by this user"
        yield f"{folder}: {why}, and {output} is to be published there: change that, or output"
    if output.is_dir() and not output.is_symlink():
        yield f"{output}: a folder is there that is none of ours: move it away, or change output"
    elif os.path.ismount(output):
        yield f"{output}: something is mounted there, which nothing can be renamed over: change output"
    if folder.is_dir() and _free_bytes(folder) < NOTHING_BYTES:
        yield f"{folder}: the disk is full, and {output} is to be published there: make room"


def _place_warnings(output: Path) -> Iterator[str]:
    folder = next(place for place in output.parents if place.exists())
    if NOTHING_BYTES <= (free := _free_bytes(folder)) < LEAST_FREE_BYTES:
        yield f"{folder}: only {size(free)} are free where {output} is to be published"


def _free_bytes(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _is_read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
