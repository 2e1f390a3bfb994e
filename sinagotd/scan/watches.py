"""Which folders one inotify instance watches, and what each means to the patterns. It handles no event.

Used by one thread only, the loop's. Links to folders are scanned but not watched.
"""

import errno
import os
from itertools import count
from pathlib import Path
from typing import NamedTuple

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

from sinagotd.core.reach import Place, Reach
from sinagotd.scan.names import IgnoredNames

_IN = InotifyConstants
FOLDER_MASK = Mask(
    _IN.IN_CREATE
    | _IN.IN_CLOSE_WRITE
    | _IN.IN_ATTRIB
    | _IN.IN_DELETE
    | _IN.IN_MOVE
    | _IN.IN_ONLYDIR
    | _IN.IN_DONT_FOLLOW
)
ROOT_MASK = Mask(FOLDER_MASK & ~_IN.IN_DONT_FOLLOW | _IN.IN_MOVE_SELF)
ENDS_WITHIN_S = 1.0
_GONE = (errno.ENOENT, errno.ENOTDIR)


class Folder(NamedTuple):
    """A folder below the root: its nodes if patterns go on there, and the folder inputs that it is or lies in."""

    path: str
    nodes: Place | None
    inputs: tuple[str, ...] = ()

    def below(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name


class FolderWatches:
    """The watched folders by descriptor and by path; `blind` are those that this user may not watch."""

    def __init__(self, root: str, reach: Reach, ignored: IgnoredNames, *, callback: WatchCallback) -> None:
        self.blind: dict[str, Folder] = {}
        self._root = root
        self._reach = reach
        self._ignored = ignored
        self._callback = callback
        self._reader = InotifyFD()
        self._folders: dict[WatchDescriptor, tuple[Folder, CallbackId]] = {}
        self._descriptors: dict[str, WatchDescriptor] = {}
        self._tickets = count(1)

    def __len__(self) -> int:
        return len(self._folders)

    def start(self) -> None:
        """Start to read events. An instance that is made must be started, else `close` cannot free it."""
        self._reader.start()

    def descriptor(self, path: str) -> WatchDescriptor | None:
        return self._descriptors.get(path)

    def folder(self, descriptor: WatchDescriptor) -> Folder | None:
        known = self._folders.get(descriptor)
        return known[0] if known else None

    def add_below(self, top: Folder) -> None:
        """Watch all that matter below a watched folder; each is listed only after its watch stands.

        Raises OSError when the limit of watches is reached.
        """
        pending = self._folders_in(top)
        while pending:
            folder = pending.pop()
            if self.add(folder) is not None:
                pending += self._folders_in(folder)

    def add(self, folder: Folder) -> WatchDescriptor | None:
        """Watch one folder; None when it is gone or may not be watched. Raises OSError when that is the root."""
        ticket = CallbackId(next(self._tickets))
        full = os.fsencode(f"{self._root}/{folder.path}")
        mask = FOLDER_MASK if folder.path else ROOT_MASK
        try:
            descriptor = self._reader.add_callback(full, mask, self._callback, ticket)
        except OSError as fault:
            if fault.errno in _GONE and folder.path:
                return None
            raise
        if descriptor == -1:  # watchdog swallows EACCES and gives all such folders this descriptor
            self._reader.remove_callbacks([(descriptor, ticket)])
            self._cannot_see(folder)
            return None
        self._unlabel(descriptor)
        self._folders[descriptor] = (folder, ticket)
        self._descriptors[folder.path] = descriptor
        return descriptor

    def renew(self, folder: Folder) -> None:
        """Look at what is there now, whatever happened: made, moved in, moved away, deleted, or something else there.

        Raises OSError when the limit of watches is reached.
        """
        inside = f"{folder.path}/"
        self.blind = {at: one for at, one in self.blind.items() if at != folder.path and not at.startswith(inside)}
        before = self._descriptors.get(folder.path)
        now = self.add(folder)
        if now is not None and now == before:
            return
        if before is not None:
            self._unlabel(before)
            for at in [at for at in self._descriptors if at.startswith(inside)]:
                self._unlabel(self._descriptors[at])
        if now is not None:
            self.add_below(folder)

    def forget(self, descriptor: WatchDescriptor) -> None:
        """The kernel has ended this watch."""
        known = self._folders.pop(descriptor, None)
        if known is not None and self._descriptors.get(known[0].path) == descriptor:
            del self._descriptors[known[0].path]

    def is_alive(self) -> bool:
        return self._reader.is_alive()

    def in_kernel(self) -> int | None:
        """Count the watches that the kernel holds for us (proc(5), `inotify wd:` lines); None if it does not say."""
        handle = self._reader._inotify_fd  # noqa: SLF001 - the only way to tell our instance from others
        try:
            return Path(f"/proc/self/fdinfo/{handle}").read_bytes().count(b"inotify wd:")
        except OSError:
            return None

    def close(self) -> None:
        """Stop to read events. A thread that hangs is left behind: who waits for it here is the loop."""
        self._reader.stop()
        if self._reader.is_alive():
            self._reader.join(timeout=ENDS_WITHIN_S)

    def _unlabel(self, descriptor: WatchDescriptor) -> None:
        known = self._folders.get(descriptor)
        if known is not None:
            self._reader.remove_callbacks([(descriptor, known[1])])
            self.forget(descriptor)

    def _cannot_see(self, folder: Folder) -> None:
        if not folder.path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self._root)
        self.blind[folder.path] = folder

    def _folders_in(self, folder: Folder) -> list[Folder]:
        try:
            with os.scandir(f"{self._root}/{folder.path}") as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        found = (self.entered(folder, name) for name in names)
        return [inner for inner in found if inner is not None]

    def entered(self, folder: Folder, name: str) -> Folder | None:
        """What the entry `name` of `folder` means; None when neither it nor anything in it matters."""
        hidden = self._ignored(name) if folder.path else self._ignored.hides(name)
        child = None if hidden or folder.nodes is None else folder.nodes.enter(name)
        path, inputs = folder.below(name), folder.inputs
        if child is not None and child.ends:
            inputs = (*inputs, path)
        nodes = child if child is not None and child.goes_on else None
        return Folder(path, nodes, inputs) if nodes is not None or inputs else None
