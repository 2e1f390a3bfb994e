"""Whether what a run left in place of an output can be one: a file or folder of its own staging folder. It reads no content."""

import os
import stat
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

AnyPath = str | Path


def unusable(staging: AnyPath, path: str) -> str | None:
    """Say in a sentence why what lies at `path` of a staging folder is no output; None for a file, a folder or nothing.

    A script may put anything there: a link to a file of somebody else, which would be moved or shown to everybody, or a
    named pipe, which would be waited for until the end of days.
    """
    place = f"{staging}/{path}"
    try:
        mode = os.lstat(place).st_mode
    except FileNotFoundError:
        return None
    except OSError as fault:
        return f"{path} cannot be looked at: {fault.strerror}"
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return f"{path} is {_kind(mode)}: write a file or a folder"
    if any(map(os.path.islink, folders_to(staging, path))):
        return f"{path} lies behind a link that the script made: leave the folders of self.path.output as they are"
    for link in _links_out(Path(place)) if stat.S_ISDIR(mode) else ():
        return f"{path} holds a link that leaves it, {link.relative_to(place)}: write files, or links within"
    return None


def folders_to(top: AnyPath, path: str) -> Iterator[str]:
    """The folder `top`, and those within it that lead to what lies at `path` of it."""
    return accumulate([str(top), *path.split("/")[:-1]], "{}/{}".format)


def _links_out(folder: Path) -> Iterator[Path]:
    inside = os.path.realpath(folder) + os.sep
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            place = Path(top, name)
            if place.is_symlink() and not os.path.realpath(place).startswith(inside):
                yield place


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a named pipe" if stat.S_ISFIFO(mode) else "no file"
