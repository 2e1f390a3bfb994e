"""Remembers what a tree looked like, so that one that looks the same need not be discovered or read again; it opens no file of it."""

import json
import os
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from sinagotd.atomic import write_atomically
from sinagotd.collecting import no_collecting
from sinagotd.datakit.builds.code import digest_of
from sinagotd.datakit.builds.stamps import Stamp, Stamped, stamp_of
from sinagotd.datakit.discovery import PROCESSED, RAW

_VERSION = f"2 {sys.byteorder}"


class Folder(NamedTuple):
    """A folder as it was: its stamp, a digest of the names in it, and its folders."""

    stamp: Stamp
    names: str
    folders: tuple[str, ...]


class Tree(NamedTuple):
    """What is remembered: for which request, the folders, the files with their digests, and what came of the build."""

    request: str
    folders: dict[str, Folder]
    files: Stamped
    result: dict[str, Any]


NO_TREE = Tree("", {}, {}, {})


def folders_below(roots: Iterable[Path], now_ns: int) -> dict[str, Folder]:
    """Every folder where discovery looks, and the names in it. Links are followed, a folder is entered once."""
    found: dict[str, Folder] = {}
    entered: set[tuple[int, int]] = set()
    waiting = [(str(root), True) for root in roots]
    while waiting:
        path, is_root = waiting.pop()
        folder = _folder(path, now_ns, is_root=is_root)
        if folder is None:
            continue
        found[path] = folder
        stat = os.stat(path)  # noqa: PTH116  paths are text here, by the ten thousand
        if (stat.st_dev, stat.st_ino) not in entered:
            entered.add((stat.st_dev, stat.st_ino))
            waiting += [(f"{path}/{name}", False) for name in folder.folders]
    return found


def has_same_names(tree: Tree, roots: Iterable[Path], now_ns: int) -> bool:
    """Whether every folder has the names that it had."""
    tops = {str(root) for root in roots}
    return bool(tree.folders) and all(
        _is_same(path, folder, now_ns, is_root=path in tops) for path, folder in tree.folders.items()
    )


def remember(path: Path, tree: Tree) -> None:
    """Write what is remembered, unless it is there as it is. Stamps stand in columns: they are read in one go by the ten thousand."""
    stamps, digests = zip(*tree.files.values(), strict=True) if tree.files else ((), ())
    columns = [list(tree.files), list(digests), *map(_packed, zip(*stamps, strict=True))]
    content = json.dumps([_VERSION, tree.request, tree.folders, columns, tree.result], separators=(",", ":")).encode()
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    write_atomically(path, content)


@no_collecting()
def recall(path: Path) -> Tree:
    """What was remembered; nothing where that cannot be read."""
    try:
        version, request, folders, (paths, digests, *stamps), result = json.loads(path.read_bytes())
        files = zip(map(Stamp, *map(_unpacked, stamps)), digests, strict=True) if stamps else ()
        known = {path: Folder(Stamp(*stamp), names, tuple(inner)) for path, (stamp, names, inner) in folders.items()}
        return Tree(request, known, dict(zip(paths, files, strict=True)), result) if version == _VERSION else NO_TREE
    except (OSError, ValueError, TypeError):
        return NO_TREE


def _packed(numbers: Iterable[int]) -> str:
    """Whole numbers as text that takes a tenth of the time to read and write."""
    return b64encode(array("q", numbers).tobytes()).decode()


def _unpacked(text: str) -> Iterable[int]:
    return array("q", b64decode(text))


def _is_same(path: str, folder: Folder, now_ns: int, *, is_root: bool) -> bool:
    stamp = stamp_of(path, now_ns)
    if stamp == folder.stamp and stamp.sure:
        return True
    now = _folder(path, now_ns, is_root=is_root)
    return now is not None and now.names == folder.names


def _folder(path: str, now_ns: int, *, is_root: bool) -> Folder | None:
    stamp = stamp_of(path, now_ns)
    if stamp is None:
        return None
    names, folders, linked = [], [], False
    with suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            kind = _kind(entry)
            linked |= entry.is_symlink()
            names.append(f"{entry.name}/{kind}")
            folders += [entry.name] if kind == "folder" else []
    sure = stamp._replace(sure=stamp.sure and not linked)
    inner = list(_starts(folders)) if is_root else folders
    return Folder(sure, digest_of(*sorted(names)), tuple(sorted(inner)))


def _kind(entry: os.DirEntry[str]) -> str:
    """A link is what it leads to, and that may change without a trace in this folder."""
    if entry.is_dir():
        return "folder"
    return "file" if entry.is_file() else "other"


def _starts(names: list[str]) -> Iterator[str]:
    """Where discovery begins below a root: the folders it knows and those of subjects, or all where there are none."""
    known = [name for name in names if name in (*RAW, *PROCESSED) or name.lower().startswith("sub-")]
    yield from known or names
