"""One digest of the names and stamps in many folders, to see later that nothing moved. It knows no patterns."""

import os
import struct
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from xxhash import xxh3_128_intdigest

LEFT_OUT_LIMIT = 1000


class Listed(NamedTuple):
    """What a listing came to: a digest, and the paths of folders that were seen and not listed."""

    digest: str
    left_out: tuple[str, ...]


class Listing:
    """Takes in folders in any order. It goes by size, mtime_ns, inode and ctime_ns of every file, asked for or not.

    A link, or whatever else is neither file nor folder, tells nothing of what lies behind it: then nothing is told.
    """

    def __init__(self) -> None:
        self._sum = 0
        self._folders: set[str] = set()
        self._listed: set[str] = set()
        self._tells = True

    def add(self, path: str, entries: Iterable[os.DirEntry[str]]) -> None:
        """Take in what is in the folder at `path` below the root, in the order in which the kernel gives it.

        That order stays as long as nothing moves; sorting would take as long as all the rest that is not the kernel's.
        """
        names = [path]
        numbers: list[int] = []
        prefix = f"{path}/" if path else ""
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                names.append(entry.name)
                numbers += (status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)
            elif entry.is_dir(follow_symlinks=False):
                names.append(f"{entry.name}/")
                self._folders.add(prefix + entry.name)
            else:
                self.miss()
        self._listed.add(path)
        try:
            stamps = struct.pack(f"={len(numbers)}q", *numbers)
        except struct.error:  # an inode beyond 2^63: some file systems of the network have such
            self.miss()
            return
        self._sum ^= xxh3_128_intdigest(os.fsencode("\0".join(names)) + b"\0\0" + stamps)

    def miss(self) -> None:
        """Something counts that no listing shows."""
        self._tells = False

    def told(self) -> Listed | None:
        """What all of it comes to, None where that would not tell everything."""
        left_out = self._folders - self._listed
        if not self._tells or len(left_out) > LEFT_OUT_LIMIT:
            return None
        return Listed(f"{self._sum:032x}", tuple(sorted(left_out)))


def list_tree(root: str, left_out: Collection[str]) -> Listed | None:
    """List everything below `root` but these folders; None where that does not tell, or something cannot be listed."""
    listing = Listing()
    pending = [""]
    passed_over = frozenset(left_out)
    try:
        while pending:
            path = pending.pop()
            with listed(f"{root}/{path}") as entries:
                listing.add(path, entries)
                below = (entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
                pending += {f"{path}/{name}" if path else name for name in below} - passed_over
    except OSError:
        return None
    return listing.told()


@contextmanager
def listed(folder: str) -> Iterator[list[os.DirEntry[str]]]:
    """The entries of a folder that stays open: so the kernel looks up their names at two thirds of the price of a path."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(descriptor) as entries:
            yield list(entries)
    finally:
        os.close(descriptor)
