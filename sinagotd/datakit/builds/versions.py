"""What is known about the versions of a dataset, and which of them readers see; rolls back to one that is kept."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from sinagotd.atomic import fsync_file, write_atomically
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.saving.contents import NO_CONTENTS, Contents, Group
from sinagotd.errors import DatasetError

_ABOUT = "version.json"


class File(NamedTuple):
    """A published file: its name below the version's `published` folder, its rows, how it looked when it was written, what it held.

    Of one that was converted to another format, `contents` are those of its twin.
    """

    name: str
    rows: int
    size: int
    mtime_ns: int
    contents: Contents = NO_CONTENTS


class Version(NamedTuple):
    """One version. `when` is UTC in ISO 8601, `cells` the number of cells, `digest` that of its cell table."""

    number: int
    when: str
    why: str
    rows: int
    cells: int
    problems: int
    digest: str
    files: tuple[File, ...]
    is_folder: bool
    forms: dict[str, Any]
    layout: str
    code: str
    request: str
    base: str

    def published(self, home: Home) -> Path:
        """What readers are given: a file, or a folder of files."""
        folder = home.of(self.number) / "published"
        return folder if self.is_folder else folder / home.output.name

    def table(self, home: Home, file: File) -> Path:
        """The Parquet file whose rows can be copied: what is published, or its twin if that is of another format."""
        twin = home.of(self.number) / "table.parquet"
        return twin if twin.exists() else home.of(self.number) / "published" / file.name

    def is_whole(self, home: Home) -> bool:
        """Whether its files still look as they were written."""
        folder = home.of(self.number) / "published"
        return all(_looks(folder / file.name) == (file.size, file.mtime_ns) for file in self.files)

    def is_seen(self, home: Home) -> bool:
        """Whether readers see it, and its files look as they were written."""
        real = Path(os.path.realpath(home.output))
        if self.is_folder:
            return _same(real, self.published(home)) and self.is_whole(home)
        return _looks(real) == (self.files[0].size, self.files[0].mtime_ns)


class Listed(NamedTuple):
    """A version as it is listed for people and programs. `path` is relative to the folder of the output."""

    number: int
    when: str
    path: str
    rows: int
    cells: int
    problems: int
    digest: str
    why: str


class Listing(NamedTuple):
    """All versions that are kept, oldest first; `latest` is the one that readers see, 0 if that is none of them."""

    latest: int
    versions: tuple[Listed, ...]


def read(output: Path) -> Listing:
    """What `<name>.versions.json` says; nothing where there is none. Raises DatasetError for one that cannot be read."""
    listing = Home(output).listing
    try:
        held = json.loads(listing.read_bytes())
        return Listing(held["latest"], tuple(Listed(**each) for each in held["versions"]))
    except FileNotFoundError:
        return Listing(0, ())
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise DatasetError(f"{listing}: cannot be read ({fault}); the next build writes it anew") from fault


def file_of(folder: Path, name: str, rows: int, contents: Contents) -> File:
    """Describe a file below a version's `published` folder."""
    path = folder / name
    size, mtime_ns = _looks(path) or (0, 0)
    return File(name, rows, size, mtime_ns, contents)


def write_version(folder: Path, version: Version) -> None:
    """Write what is known about a version into its folder."""
    path = folder / _ABOUT
    path.write_text(json.dumps(version._asdict()), encoding="utf-8")
    fsync_file(path)


def load_version(home: Home, number: int) -> Version | None:
    """None for a version whose folder was damaged."""
    try:
        held = json.loads((home.of(number) / _ABOUT).read_bytes())
        return Version(**held | {"files": tuple(_file(*file) for file in held["files"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(name: str, rows: int, size: int, mtime_ns: int, held: Any = NO_CONTENTS) -> File:
    footer, groups = held
    return File(name, rows, size, mtime_ns, Contents(footer, tuple(Group(*group) for group in groups)))


def load_all(home: Home) -> list[Version]:
    """Every version that is there and can be read, ascending."""
    return [version for number in home.numbers() if (version := load_version(home, number))]


def standing(home: Home, versions: Iterable[Version]) -> Version | None:
    """The version that readers see now, if what they see is one and as it was written."""
    return next((version for version in versions if version.is_seen(home)), None)


def harm(output: Path, number: int) -> str:
    """`deleted` or `changed` if readers do not see this version as it was written, else nothing."""
    home = Home(output)
    if not output.exists():
        return "deleted"
    version = load_version(home, number)
    return "" if version is not None and version.is_seen(home) else "changed"


def rollback(output: Path, number: int) -> Listing:
    """Show readers an older version again. Builds go on from there.

    Raises DatasetError for a version that is not kept, or that was changed by someone.
    """
    home = Home(output)
    with home.locked():
        versions = load_all(home)
        wanted = next((version for version in versions if version.number == number), None)
        if wanted is None:
            kept = ", ".join(str(version.number) for version in versions) or "none"
            raise DatasetError(f"{output}: there is no version {number}; kept are {kept}")
        if not wanted.is_whole(home):
            raise DatasetError(
                f"{output}: the files of version {number} were changed by someone; it cannot be shown again"
            )
        home.show(wanted.published(home))
        return write_listing(home, versions, number)


def write_listing(home: Home, versions: Iterable[Version], latest: int) -> Listing:
    """Write `<name>.versions.json`, unless it says so already."""
    listing = Listing(latest, tuple(_listed(home, version) for version in versions))
    held = {"latest": latest, "versions": [each._asdict() for each in listing.versions]}
    content = json.dumps(held, indent=2).encode() + b"\n"
    if not home.listing.exists() or home.listing.read_bytes() != content:
        write_atomically(home.listing, content)
    return listing


def _listed(home: Home, version: Version) -> Listed:
    path = version.published(home).relative_to(home.output.parent)
    counts = (version.rows, version.cells, version.problems)
    return Listed(version.number, version.when, str(path), *counts, version.digest, version.why)


def _looks(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
