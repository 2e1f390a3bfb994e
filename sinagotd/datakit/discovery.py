"""Finds the files of all sources in one walk of a root and says whose they are; it opens no file and aborts for none."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sinagotd.datakit.globs import Globs
from sinagotd.datakit.identity import Identity, enter, of_file, stem_of

RAW = ("data", "rawdata")
PROCESSED = ("processed", "derivatives")
_UNLABELLED = ("data", "rawdata", "processed")


class Found(NamedTuple):
    """A file that a source claims: where below which root, in which of the root's folders (or ""), and whose."""

    tag: str
    relative: str
    root: str
    origin: str
    identity: Identity

    @property
    def path(self) -> str:
        return f"{self.root}/{self.relative}"

    @property
    def is_processed(self) -> bool:
        return self.origin in PROCESSED


class Problem(NamedTuple):
    """What discovery could not use, or only in doubt: a kind of one or two words, where, which source, and a sentence."""

    kind: str
    path: str
    source: str
    message: str
    used: bool = False


class Discovery(NamedTuple):
    """All that one walk found, sorted by tag and path."""

    files: list[Found]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder on the way: where it is, relative to what, what the folders so far say, and the stems already read here."""

    path: str
    relative: str
    below: str
    origin: str
    identity: Identity
    first: str
    is_text: bool = True
    known: dict[str, tuple[Identity, str]] = field(default_factory=dict)

    def know(self, stem: str) -> tuple[Identity, str]:
        """Whose a file of this stem is, and what is doubtful about it; read once for the files of all sources."""
        identity, doubt = of_file(self.identity, stem)
        self.known[stem] = identity if identity.subject else identity._replace(subject=self.first), doubt
        return self.known[stem]


def discover(root: Path, globs: Globs) -> Discovery:
    """Walk `root` once: the folders `data`, `rawdata`, `processed`, `derivatives` and `sub-*`, or all where there are none.

    Folder links are followed, loops are not; hidden names are passed over. The root must be a folder; what
    cannot be read becomes a problem.
    """
    walk = _Walk(str(root), globs)
    for place in _starts(str(root), walk.problems):
        walk.through(place)
    files = _with_sessions(walk.files, walk.problems)
    return Discovery(sorted(files), sorted(walk.problems))


class _Walk:
    """One walk under way, with what it has found so far."""

    def __init__(self, root: str, globs: Globs) -> None:
        self.root = root
        self.claims = globs.claims
        self.files: list[Found] = []
        self.problems: list[Problem] = []

    def through(self, start: _Place) -> None:
        waiting = [start]
        while waiting:
            place = waiting.pop()
            for entry in _entries(place.path, self.problems):
                try:
                    if entry.is_dir():
                        waiting.extend(self._folder(place, entry))
                    else:
                        self._file(place, entry)
                except OSError as fault:  # a link to itself, or a mount that just left
                    self._report("unreadable", place, entry.name, f"cannot be looked at: {fault.strerror}")

    def _folder(self, place: _Place, entry: os.DirEntry[str]) -> Iterator[_Place]:
        for claim in self.claims(entry.name, place.below):
            self._report("not a file", place, entry.name, "is a folder where this source wants a file", claim.tag)
        if entry.is_symlink() and _loops(entry.path):
            self._report("loop", place, entry.name, "is a link to a folder that it lies in; it is not followed")
            return
        yield _below(place, entry.name)

    def _file(self, place: _Place, entry: os.DirEntry[str]) -> None:
        for claim in self.claims(entry.name, place.below):
            if not entry.is_file():
                self._report("not a file", place, entry.name, "is no regular file, or a link to nothing", claim.tag)
            else:
                self._take(place, entry.name, claim.tag, claim.suffix)

    def _take(self, place: _Place, name: str, tag: str, suffix: str) -> None:
        stem = stem_of(name, suffix)
        identity, doubt = place.known.get(stem) or place.know(stem)
        if not identity.subject:
            self._report(
                "unidentified", place, name, "names no subject: neither a folder nor the file has a `sub-` label", tag
            )
        elif not (name.isascii() or _is_text(name)) or not place.is_text:
            self._report("unidentified", place, name, "has a name that is no UTF-8 text", tag)
        else:
            self.files.append(Found(tag, place.relative + name, self.root, place.origin, identity))
            if doubt:
                self._report("disagreement", place, name, doubt, tag, used=True)

    def _report(self, kind: str, place: _Place, name: str, message: str, tag: str = "", *, used: bool = False) -> None:
        path = _shown(f"{place.path}/{name}")
        self.problems.append(Problem(kind, path, tag, f"{path} {message}", used))


def _starts(root: str, problems: list[Problem]) -> list[_Place]:
    names = sorted(entry.name for entry in _entries(root, problems) if os.path.isdir(entry.path))  # noqa: PTH112  as below
    known = [name for name in names if name in (*RAW, *PROCESSED)]
    subjects = [name for name in names if name.lower().startswith("sub-")]
    top = _Place(root, "", "", "", Identity(), "")
    places = [_Place(f"{root}/{name}", f"{name}/", "", name, Identity(), "") for name in known]
    return places + [_below(top, name) for name in subjects] or [top]


def _below(place: _Place, name: str) -> _Place:
    first = place.first
    if not (first or place.below) and place.origin in _UNLABELLED:
        first = name
    below = f"{place.below}/{name}" if place.below else name
    path, relative = f"{place.path}/{name}", f"{place.relative}{name}/"
    identity = enter(place.identity, name)
    return _Place(path, relative, below, place.origin, identity, first, is_text=place.is_text and _is_text(name))


def _entries(folder: str, problems: list[Problem]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name[0] != "."]
    except OSError as fault:
        path = _shown(folder)
        problems.append(Problem("unreadable", path, "", f"{path} cannot be listed: {fault.strerror}"))
        return []


def _loops(link: str) -> bool:
    """Whether a link leads to one of the folders above it."""
    target = os.stat(link)  # noqa: PTH116  as everywhere here, names are kept as text: a Path for each costs more than the walk
    above = os.path.dirname(link)  # noqa: PTH120  as above
    while above != os.path.dirname(above):  # noqa: PTH120  as above
        if os.path.samestat(os.stat(above), target):  # noqa: PTH116  as above
            return True
        above = os.path.dirname(above)  # noqa: PTH120  as above
    return False


def _with_sessions(files: list[Found], problems: list[Problem]) -> list[Found]:
    """A tree where nothing names a session has none; in any other, a file without one belongs to no row."""
    named = [found for found in files if found.identity.session]
    if not named or len(named) == len(files):
        return files
    for found in files:
        if found.identity.session:
            continue
        message = (
            f"{found.path} names no session: neither a folder nor the file has a `ses-` label, as others here have"
        )
        problems.append(Problem("unidentified", found.path, found.tag, message))
    return named


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str) -> str:
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")
