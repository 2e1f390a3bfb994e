"""One workspace in the daemon: its engine, its watcher and its walks. Only the loop's thread calls it."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from structlog.typing import FilteringBoundLogger

from sinagotd.core.pipeline import Pipeline
from sinagotd.core.wiring import lineage
from sinagotd.daemon.events import FilesTouched, Inbox, Walked
from sinagotd.daemon.unusable import Unusable
from sinagotd.daemon.walking import Root, WalkOrder, Walks
from sinagotd.engine.engine import Engine
from sinagotd.engine.finding import Found
from sinagotd.engine.noting import note_still
from sinagotd.errors import ManifestError
from sinagotd.scan.findings import Finding, Unreadable
from sinagotd.scan.health import Health, Hints
from sinagotd.scan.mounts import file_system_now, is_network
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.stamps import Stamper
from sinagotd.scan.walk import Walk, walk
from sinagotd.scan.watcher import Watcher
from sinagotd.settings.workspace import STATE_FOLDER, WorkspaceSettings

REST_S = 2.0
REPLACED = "the data folder was replaced: looking at what is there now"
WALK_SHARE = 20
"""While the data folder is offline, one walk in this many times as long as it takes looks whether it is back."""


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
        self._root = Root(self.settings.data_path, engine.manifest.path)
        self._walks = Walks(inbox)
        self._unusable = Unusable(log)
        self._watcher: Watcher | None = None
        self._watched_pipeline: Pipeline | None = None
        self._walk_at: float | None = None
        self._rest_until = 0.0

    def start(self) -> None:
        """Watch, then walk: what arrives in between is seen twice, never missed."""
        self.engine.begin()
        self._watch()
        self.walk()

    def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
        self._walks.join()

    def turn(self, room: int) -> int:
        """Let the engine take a turn; when the machine refuses, that is told, and this workspace alone rests a while."""
        if self._resting:
            return 0
        self._root.check_manifest()
        if self._walk_at is not None and time.monotonic() >= self._walk_at:
            self._walk_at = None
            self.walk()
        try:
            claimed = self.engine.turn(room)
        except (OSError, Unreadable) as fault:
            self._rest_until = time.monotonic() + REST_S
            self.engine.room.refuse(str(fault))
            return 0
        if self.at_rest:
            self.engine.room.make_good()
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
            self.engine.room.refuse(str(fault))

    @property
    def at_rest(self) -> bool:
        is_looking = self._walk_at is not None and self.engine.offline is None
        return not (self._walks.under_way or is_looking) and self.engine.at_rest

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
        if hints.lost:
            self.log.warning("events_lost", why=hints.lost)
            self._tell_watching(self._watcher.health)
            if self._root.moved():
                self._go(offline=self._root.offline(known_records=0, seen_records=0) or REPLACED)
            self.walk()
        with self._news():
            self._see(hints)

    def check_watching(self) -> None:
        """See whether the watcher still sees; what it missed is walked."""
        if self._watcher is None:
            return
        health = self._watcher.check(time.monotonic())
        self._tell_watching(health)
        if health.mode == "scanning":
            self.walk()
        self.take_hints()

    def _tell_watching(self, health: Health) -> None:
        if health.mode != self.watching:
            self.watching = health.mode
            self.log.warning("watching", mode=health.mode, why=health.why)

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

    def _see(self, hints: Hints) -> None:
        paths, findings = dict.fromkeys(hints.files), set(self._unusable_among(hints.files))
        for folder in hints.folders:
            if hints.folders.isdisjoint(set(lineage(folder)) - {folder}):
                seen = self._list(folder)
                gone = self.engine.manifest.read.paths_below(folder) - seen.stamps.keys()
                paths |= dict.fromkeys([*seen.stamps, *gone])
                findings.update(seen.findings)
        self.engine.see(paths, renamed={path for path, by_rename in hints.files.items() if by_rename})
        self._unusable.see(findings, at=hints.files.keys() | hints.folders)

    def _unusable_among(self, paths: Iterable[str]) -> Iterator[Finding]:
        look = Stamper(self.settings.data_path).stamp
        for path in paths:
            try:
                look(path)
            except Unreadable as fault:
                yield fault.finding

    def _list(self, folder: str) -> Walk:
        return walk(self.settings.data_path, self.engine.pipeline.reach(), ignored=self._ignored, start=folder)

    # walking

    def walk(self) -> None:
        """Look at everything, on a thread of its own; the answer comes as an event."""
        if self._walks.begin(WalkOrder(self.name, self._root, self.engine.pipeline, self._ignored)):
            self._unusable.begin_walk()

    def take_walk(self, walked: Walked) -> None:
        """Bring what a walk found to the engine, unless the root is not what it was."""
        again, was_offline = self._walks.end(), self.engine.offline
        if isinstance(walked.failed, ManifestError):
            raise walked.failed
        if walked.failed:
            self.log.error("walk_failed", why=str(walked.failed) or repr(walked.failed))
        else:
            self._go(offline=walked.offline)
        if walked.offline:
            took_s = walked.found.took_s if walked.found else 0.0
            self._walk_at = time.monotonic() + max(REST_S, WALK_SHARE * took_s)
        elif walked.found is not None:
            with self._news():
                self._take(walked.found)
                note_still(self.engine, walked.found, walked.listed)
            if was_offline:
                self.check_watching()
        if again:
            self.walk()

    def _take(self, found: Found) -> None:
        engine, state_path = self.engine, self.settings.data_path / STATE_FOLDER
        self._root.accept()
        state_path.mkdir(exist_ok=True)  # a data folder that took the place of another has none
        engine.gatherer.clock_skew_s = file_system_now(state_path) - time.time()
        self._unusable.end_walk(found.findings)
        engine.meet(found.records)
        engine.retire(engine.records - found.records)
        engine.see(found.changed)
        engine.flights.sweep()
        self.log.info("walked", files=found.files, folders=found.folders, changed=len(found.changed), s=found.took_s)

    def _go(self, *, offline: str | None) -> None:
        if offline != self.engine.offline:
            tell = self.log.error if offline else self.log.info
            tell("offline" if offline else "online", why=offline or "the data folder is back")
        self.engine.offline = offline
