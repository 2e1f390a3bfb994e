"""Walks through a data folder, one at a time, each on a thread of its own; the answer is an event. It decides nothing."""

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from sinagotd.core.pipeline import Pipeline
from sinagotd.daemon.events import Inbox, Walked
from sinagotd.engine.finding import compare
from sinagotd.errors import ManifestError
from sinagotd.manifest.reader import open_reader
from sinagotd.scan.listing import Listing
from sinagotd.scan.mounts import file_id, root_identity
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.vanished import root_offline
from sinagotd.scan.walk import walk

JOIN_LIMIT_S = 5.0


class Root:
    """Which data folder and which manifest a workspace had when both were last good."""

    def __init__(self, data_path: Path, manifest_path: Path) -> None:
        self.data_path = data_path
        self.manifest_path = manifest_path
        self._identity = root_identity(data_path)
        self._manifest_id = file_id(manifest_path)

    def accept(self) -> None:
        """The folder that is there now is the right one."""
        self._identity = root_identity(self.data_path)

    def moved(self) -> bool:
        """Whether another folder is there, or none, than when it was last good."""
        return root_identity(self.data_path) != self._identity

    def offline(self, *, known_records: int, seen_records: int) -> str | None:
        """Say why nothing may be decided about it now, None when it is as it should be."""
        identity = root_identity(self.data_path)
        why = root_offline(self._identity, identity, known_records=known_records, seen_records=seen_records)
        if why is None and identity != self._identity and file_id(self.manifest_path) is None:
            return "the data folder was replaced by one without a manifest: mount the right one again"
        return why

    def check_manifest(self) -> None:
        """Raises ManifestError when the one in use is not there any more, unless the data folder went with it."""
        manifest_id = file_id(self.manifest_path)
        if manifest_id != self._manifest_id and (manifest_id or not self.moved()):
            raise ManifestError(f"{self.manifest_path} was taken away, or another one put in its place")


@dataclass(frozen=True, slots=True)
class WalkOrder:
    """What one walk needs to know."""

    workspace: str
    root: Root
    pipeline: Pipeline
    ignored: IgnoredNames

    def walked(self) -> Walked:
        """Look at everything; what goes wrong is part of the answer."""
        try:
            return self._look()
        except Exception as fault:  # noqa: BLE001 - a walk without an answer would be the last one
            offline = self.root.offline(known_records=0, seen_records=0)  # a manifest inside the folder is gone with it
            return Walked(self.workspace, None, offline=offline, failed=None if offline else fault)

    def _look(self) -> Walked:
        began = time.monotonic()
        listing = Listing()
        seen = walk(self.root.data_path, self.pipeline.reach(), ignored=self.ignored, listing=listing)
        with open_reader(self.root.manifest_path.parent) as reader:
            found = compare(seen, reader.stamps(), self.pipeline, took_s=time.monotonic() - began)
            records = len(reader.records())
        offline = self.root.offline(known_records=records, seen_records=len(found.records))
        return Walked(self.workspace, found, offline=offline, listed=listing.told())


class Walks:
    """The walk under way, if any. Only the loop's thread calls it."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._thread: Thread | None = None
        self._again = False

    @property
    def under_way(self) -> bool:
        return self._thread is not None

    def begin(self, order: WalkOrder) -> bool:
        """Start a walk; False if one is under way, which will want to be followed by another."""
        self._again = self.under_way
        if self._thread is None:
            self._thread = Thread(target=lambda: self._inbox.put(order.walked()), name="walk", daemon=True)
            self._thread.start()
        return not self._again

    def end(self) -> bool:
        """The answer has come; returns whether another walk was asked for meanwhile."""
        self._thread = None
        return self._again

    def join(self) -> None:
        """Wait for it, but not for a mount that does not answer: the thread dies with the process."""
        if self._thread is not None:
            self._thread.join(JOIN_LIMIT_S)
