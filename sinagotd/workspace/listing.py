"""The paths below a folder that templates can reach, by name alone: no file is stamped or opened."""

import os
from collections.abc import Iterator
from pathlib import Path

from sinagotd.core.reach import Place, Reach
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.stamps import refuse_outside


def paths_in(root: Path, reach: Reach, ignored: IgnoredNames) -> Iterator[str]:
    """Every path at which a template ends, in no order; links that leave the root are passed over, as in a walk."""
    pending: list[tuple[str, Place]] = [("", reach.root)]
    while pending:
        folder, place = pending.pop()
        prefix, hidden = (f"{folder}/", ignored) if folder else ("", ignored.hides)
        for entry in _entries(root, folder):
            below = place.enter(entry.name)
            if below is None or hidden(entry.name) or _leaves(root, entry):
                continue
            if below.goes_on and entry.is_dir():
                pending.append((prefix + entry.name, below))
            if below.ends:
                yield prefix + entry.name


def is_there(root: Path, path: str) -> bool:
    """Whether something lies at this path below the root, and not behind a link that leaves it."""
    full = root / path
    return os.path.lexists(full) and not _is_outside(root, str(full))


def _entries(root: Path, folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root / folder) as entries:
            return list(entries)
    except OSError:
        return []  # gone meanwhile, or not for this user: the daemon reports it, here nothing of it is there


def _leaves(root: Path, entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and _is_outside(root, entry.path)


def _is_outside(root: Path, full: str) -> bool:
    try:
        refuse_outside(os.path.realpath(root), full, full)
    except Unreadable:
        return True
    return False
