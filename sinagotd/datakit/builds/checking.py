"""Says before the first build what would stop it: on the disk, among the sources, in the filters, between datasets. It writes nothing."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.finding import find_rows, registry_of
from sinagotd.datakit.builds.home import Home
from sinagotd.errors import DatasetError

_LEAST_FREE_BYTES = 16 << 20


def faults_of(declarations: Iterable[Declaration]) -> list[str]:
    """Everything that would stop these datasets, a sentence each. It walks their trees and opens no file of theirs."""
    several = list(declarations)
    return [fault for declaration in several for fault in _faults(declaration)] + list(_clashes(several))


def _faults(declaration: Declaration) -> Iterator[str]:
    own = declaration.faults()
    yield from own
    if own:
        return
    yield from (f"dataset {declaration.name!r}: {fault}" for fault in _place_faults(declaration.output))
    try:
        found = find_rows(declaration, registry_of(declaration))
    except DatasetError as fault:
        yield str(fault) if declaration.name in str(fault) else f"dataset {declaration.name!r}: {fault}"
        return
    if not found.rows:
        yield f"dataset {declaration.name!r}: include and exclude leave no row of its recordings: look at their values"


def _place_faults(output: Path) -> Iterator[str]:
    folder = next(folder for folder in output.parents if folder.exists())
    if not folder.is_dir():
        yield f"output {output}: {folder} is a file: name a folder that is there or can be made"
    elif not os.access(folder, os.W_OK | os.X_OK) or _takes_no_files(os.statvfs(folder)):
        yield f"output {output}: {folder} cannot be written to: allow it, or name another place"
    elif os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize < _LEAST_FREE_BYTES:
        yield f"output {output}: there is hardly any room left in {folder}: make some"
    if output.is_dir() and not output.is_symlink():
        yield f"output {output}: a folder is there that is none of ours: move it away, or name another output"


def _takes_no_files(system: os.statvfs_result) -> bool:
    return bool(system.f_flag & os.ST_RDONLY) or not system.f_blocks


def _clashes(declarations: list[Declaration]) -> Iterator[str]:
    """Two datasets may share neither an output nor the files beside it."""
    taken: dict[Path, str] = {}
    for declaration in declarations:
        home = Home(Path(os.path.realpath(declaration.output.parent)) / declaration.output.name)
        other = taken.setdefault(home.listing, declaration.name)
        if other != declaration.name:
            yield f"dataset {declaration.name!r}: dataset {other!r} is published as {home.output.stem} in {home.output.parent} too: name another output"
