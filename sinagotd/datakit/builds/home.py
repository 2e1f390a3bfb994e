"""Where a dataset's versions live beside its output, and the swap that publishes one; it knows files, not what is in them.

Beside `out/main.parquet` stand `main.versions.json`, `main.problems.csv` and the hidden folder `.main.parquet.versions` with a
folder per version. What is published is a hard link to a version's file (or a copy, where a file system has no hard links),
and of a partitioned dataset a symbolic link to a version's folder. A version's folder appears whole, by a rename.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sinagotd.atomic import fsync_folder, fsync_tree
from sinagotd.errors import DatasetError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BusyError(DatasetError):
    """Another process is at work on the same output."""


class Home:
    """The places of one output."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.folder = output.with_name(f".{output.name}.versions")
        self.listing = output.with_name(f"{output.stem}.versions.json")
        self.problems = output.with_name(f"{output.stem}.problems.csv")
        self.tree = self.folder / "tree.json"
        self.rows = self.folder / "rows.json"

    def of(self, number: int) -> Path:
        """The folder of a version."""
        return self.folder / str(number)

    def numbers(self) -> list[int]:
        """The versions that are there, ascending."""
        with suppress(OSError):
            return sorted(int(entry.name) for entry in self.folder.iterdir() if entry.name.isdecimal())
        return []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Own the output for a while. Raises BusyError when another build does, DatasetError when nothing can be written here."""
        with told(self.output):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise BusyError(
                f"{self.output}: another process is building it just now; try again when that is over"
            ) from None
        try:
            with told(self.output):
                self._sweep()
                yield
        finally:
            os.close(lock)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A new folder for a version, gone at the end if it was not moved to its place."""
        folder = self.folder / f"staging-{secrets.token_hex(4)}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def add(self, staged: Path, number: int) -> None:
        """Make a staged folder a version: from here on it is whole, whatever happens."""
        fsync_tree(staged)
        staged.rename(self.of(number))
        fsync_folder(self.folder)

    def show(self, published: Path) -> None:
        """Swap what readers see for a version's file or folder, in one step. Raises DatasetError where a folder is in the way."""
        if self.output.is_dir() and not self.output.is_symlink():
            raise DatasetError(
                f"{self.output}: a folder is there that is none of ours: move it away, or name another output"
            )
        aside = self.folder / f"show-{secrets.token_hex(4)}"
        if published.is_dir():
            aside.symlink_to(os.path.relpath(published, self.output.parent))
        else:
            _link(published, aside)
        try:
            aside.replace(self.output)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        fsync_folder(self.output.parent)

    def remove(self, number: int) -> None:
        """Take a version away: first its name, so that no half of it is ever a version."""
        aside = self.folder / f"staging-{secrets.token_hex(4)}"
        with suppress(OSError):
            self.of(number).rename(aside)
            shutil.rmtree(aside, ignore_errors=True)

    def _sweep(self) -> None:
        """What builds left behind that were killed."""
        for entry in self.folder.iterdir():
            if entry.name.startswith("staging-"):
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name.startswith("show-"):
                entry.unlink(missing_ok=True)


@contextmanager
def told(output: Path) -> Iterator[None]:
    """Raises what the system refuses as a DatasetError that says which output, and that readers keep what they had."""
    try:
        yield
    except OSError as fault:
        what = "there is no room left" if fault.errno in _NO_ROOM else fault.strerror or str(fault)
        where = f" ({fault.filename})" if fault.filename else ""
        raise DatasetError(
            f"{output}: cannot be published, {what}{where}; what was there before is untouched"
        ) from fault


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError as fault:
        if fault.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
            raise
        shutil.copy2(file, name)
        fsync_tree(name)
