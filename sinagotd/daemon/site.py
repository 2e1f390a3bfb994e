"""One workspace in the daemon: its engine, its watcher and its walks. Only the loop's thread calls it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from structlog.typing import FilteringBoundLogger

from sinagotd.core.pipeline import Pipeline
from sinagotd.daemon.events import FilesTouched, Inbox, Walked
from sinagotd.engine.engine import Engine
from sinagotd.engine.finding import Found, compare
from sinagotd.errors import SinagotError
from sinagotd.manifest.reader import open_reader
from sinagotd.scan.findings import Finding, Unreadable
from sinagotd.scan.mounts import file_id, file_system_now, is_network, root_identity
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.vanished import root_offline
from sinagotd.scan.walk import walk
from sinagotd.scan.watcher import Watcher
from sinagotd.settings.workspace import STATE_FOLDER, WorkspaceSettings

REST_S = 2.0


class Site:
    """Brings what the watcher and the walks see to the engine, and tells when either sees badly."""

    def __init__(self, name: str, engine: Engine, inbox: Inbox, log: FilteringBoundLogger) -> None:
        self.name = name
        self.engine = engine
        self.settings: WorkspaceSettings = engine.settings
        self.watching = "scanning"
        self._inbox = inbox
        self.log = log
        self._ignored = IgnoredNames(self.settings.watch.ignore)
        self._identity = root_identity(self.settings.data_path)
        self._manifest_id = file_id(engine.manifest.path)
        self._watcher: Watcher | None = None
        self._watched_pipeline: Pipeline | None = None
        self._walk: Thread | None = None
        self._walk_again = False
        self._walk_at: float | None = None
        self._rest_until = 0.0
        self._findings: frozenset[Finding] = frozenset()

    def start(self) -> None:
        """Watch, then walk: what arrives in between is seen twice, never missed."""
        self.engine.begin()
        self._watch()
        self.walk()

    def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
        if self._walk is not None:
            self._walk.join()

    def turn(self, room: int) -> int:
        """Let the engine take a turn; when the machine refuses, that is told, and this workspace alone rests a while."""
        if self._resting:
            return 0
        if self._walk_at is not None and time.monotonic() >= self._walk_at:
            self._walk_at = None
            self.walk()
        try:
            claimed = self.engine.turn(room)
        except (OSError, Unreadable) as fault:
            self._rest_until = time.monotonic() + REST_S
            self.log.error("turn_failed", why=str(fault), again_in_s=REST_S)
            return 0
        self.follow_pipeline()
        return claimed

    @property
    def wants_turn(self) -> bool:
        return self.engine.wants_turn and not self._resting

    @property
    def next_look(self) -> float | None:
        """The monotonic time at which a turn is due although nothing came in."""
        return self._rest_until if self._resting else self.engine.next_look

    @property
    def _resting(self) -> bool:
        return time.monotonic() < self._rest_until

    @contextmanager
    def _news(self) -> Iterator[None]:
        """What is seen in this block is not lost when the machine refuses to take it in: a walk will find it again."""
        try:
            yield
        except (OSError, Unreadable) as fault:
            self._walk_at = time.monotonic() + REST_S
            self.log.error("event_failed", why=str(fault), walk_in_s=REST_S)

    @property
    def at_rest(self) -> bool:
        return self._walk is None and self._walk_at is None and self.engine.at_rest

    def reconfigure(self, settings: WorkspaceSettings) -> None:
        """Go on with other settings of the same folders; raises ConfigError with nothing changed."""
        self.engine.reconfigure(settings)
        self.settings = settings
        self._ignored = IgnoredNames(settings.watch.ignore)
        self.follow_pipeline()

    # watching

    def take_hints(self) -> None:
        """Bring what the watcher has seen to the engine."""
        if self._watcher is None:
            return
        hints = self._watcher.drain()
        renamed = {path for path, by_rename in hints.files.items() if by_rename}
        with self._news():
            self.engine.see(hints.files, renamed=renamed)
            for folder in sorted(hints.folders):
                self._list(folder)
        if hints.lost:
            self.log.warning("events_lost", why=hints.lost)
            self.walk()

    def check_watching(self) -> None:
        """See whether the watcher still sees; what it missed is walked."""
        if self._watcher is None:
            return
        health = self._watcher.check(time.monotonic())
        if health.mode != self.watching:
            self.watching = health.mode
            self.log.warning("watching", mode=health.mode, why=health.why)
        if health.mode == "scanning":
            self.walk()
        self.take_hints()

    def follow_pipeline(self) -> None:
        """Watch what the pipeline reaches now, if the code changed that."""
        if self._watched_pipeline is not self.engine.pipeline and self._watcher is not None:
            self._watcher.stop()
            self._watch()
            self.walk()

    def _watch(self) -> None:
        self._watched_pipeline = self.engine.pipeline
        data_path, polling = self.settings.data_path, self.settings.watch.polling
        if polling == "always" or (polling == "auto" and is_network(data_path)):
            self.log.info("watching", mode="scanning", why=f"polling = {polling!r}, or a network mount")
            return
        self._watcher = Watcher(
            data_path,
            self.engine.pipeline.reach(),
            ignored=self._ignored,
            wake=lambda: self._inbox.put(FilesTouched(self.name)),
            canary_folder=data_path / STATE_FOLDER,
        )
        self._watcher.start()
        self.watching = "watching"

    def _list(self, folder: str) -> None:
        seen = walk(self.settings.data_path, self.engine.pipeline.reach(), ignored=self._ignored, start=folder)
        self.engine.see(seen.stamps)

    # walking

    def walk(self) -> None:
        """Look at everything, on a thread of its own; the answer comes as an event."""
        if self._walk is not None:
            self._walk_again = True
            return
        self._walk_again = False
        state_path = self.engine.manifest.path.parent
        self._walk = Thread(target=self._walk_now, args=[self.engine.pipeline, state_path], name="walk", daemon=True)
        self._walk.start()

    def _walk_now(self, pipeline: Pipeline, state_path: Path) -> None:
        try:
            self._inbox.put(self._look(pipeline, state_path))
        except (OSError, SinagotError) as fault:  # a manifest inside the data folder is gone with it
            offline = self._offline(known_records=0, seen_records=0)
            self._inbox.put(Walked(self.name, None, offline=offline, failed=None if offline else str(fault)))

    def _look(self, pipeline: Pipeline, state_path: Path) -> Walked:
        began = time.monotonic()
        seen = walk(self.settings.data_path, pipeline.reach(), ignored=self._ignored)
        with open_reader(state_path) as reader:
            known, records = reader.all_digests(), len(reader.records())
        found = compare(seen, known, pipeline, took_s=time.monotonic() - began)
        offline = self._offline(known_records=records, seen_records=len(found.records))
        return Walked(self.name, found, offline=offline)

    def _offline(self, *, known_records: int, seen_records: int) -> str | None:
        identity = root_identity(self.settings.data_path)
        why = root_offline(self._identity, identity, known_records=known_records, seen_records=seen_records)
        if why is None and file_id(self.engine.manifest.path) != self._manifest_id:
            return "the manifest is gone or another one than at the start: bring it back, or start the daemon again"
        return why

    def take_walk(self, walked: Walked) -> None:
        """Bring what a walk found to the engine, unless the root is not what it was."""
        self._walk = None
        if walked.failed:
            self.log.error("walk_failed", why=walked.failed)
        else:
            self._go(offline=walked.offline)
        if walked.found is not None and walked.offline is None:
            with self._news():
                self._take(walked.found)
        if self._walk_again:
            self.walk()

    def _take(self, found: Found) -> None:
        engine = self.engine
        engine.gatherer.clock_skew_s = file_system_now(self.settings.data_path / STATE_FOLDER) - time.time()
        self._tell_findings(found)
        engine.meet(found.records)
        engine.retire(engine.records - found.records)
        engine.see(found.changed)
        self.log.info("walked", files=found.files, folders=found.folders, changed=len(found.changed), s=found.took_s)

    def _tell_findings(self, found: Found) -> None:
        for finding in found.findings:
            if finding not in self._findings:
                self.log.warning("unusable", path=finding.path, why=finding.why)
        self._findings = frozenset(found.findings)

    def _go(self, *, offline: str | None) -> None:
        if offline != self.engine.offline:
            tell = self.log.error if offline else self.log.info
            tell("offline" if offline else "online", why=offline or "the data folder is back")
        if self.engine.offline and not offline:
            self._identity = root_identity(self.settings.data_path)
        self.engine.offline = offline
