"""Gathers facts: how the paths of some steps look now, settled or not, with their digests. Decides nothing."""

import functools
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sinagotd.core.facts import Digest, Seen, Stamp, pack_stamp, unpack_stamp
from sinagotd.core.ids import IdPattern
from sinagotd.core.pipeline import Bound
from sinagotd.core.reasons import Reason
from sinagotd.core.settle import Settler
from sinagotd.engine.clock import Clock
from sinagotd.engine.rules import Rule, Rules
from sinagotd.manifest.reader import Reader
from sinagotd.scan.digests import digest
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.stamps import Stamper, is_folder, stamp
from sinagotd.scan.writers import FileId, open_for_writing, written_by_own_processes
from sinagotd.settings.workspace import WorkspaceSettings

StampOf = Callable[[str], Stamp | None]
"""How a path looks now, None when nothing is there; raises Unreadable."""

NO_STAMP = pack_stamp(0, 0, 0, 0)
MARKER_LOOK_S = 5.0


@dataclass(slots=True)
class Gatherer:
    """Looks at the paths of bound steps. `clock_skew_s` is the file system's clock minus ours."""

    settings: WorkspaceSettings
    id_pattern: IdPattern
    read: Reader
    settler: Settler
    clock: Clock
    hash_later: Callable[[str, Stamp], None]
    clock_skew_s: float = 0.0
    own_writers: Callable[[], frozenset[FileId]] = written_by_own_processes
    stamper: Stamper = field(init=False)
    gone: set[str] = field(default_factory=set)
    renamed: dict[str, Stamp] = field(default_factory=dict)
    fresh: dict[str, tuple[Stamp, Digest]] = field(default_factory=dict)

    def facts(self, bounds: Sequence[Bound], stamp_of: StampOf | None = None) -> dict[str, Seen]:
        """Look at every input and output of these steps; digests that were not known are left in `fresh`."""
        self.own_writers = functools.cache(written_by_own_processes)
        rules = Rules(self.settings, self.id_pattern, bounds)
        paths = rules.paths()
        self.stamper = Stamper(self.settings.data_path)
        look, known = stamp_of or self.stamper.stamp, self.read.digests(paths)
        facts: dict[str, Seen] = {}
        for path in paths:
            seen = self._see(path, look, rules, known.get(path))
            if seen is not None:
                facts[path] = seen
        return facts

    def take_fresh(self) -> list[tuple[str, Stamp, Digest]]:
        """The digests found since the last call, to be remembered."""
        fresh, self.fresh = self.fresh, {}
        return [(path, *found) for path, found in fresh.items()]

    def take_gone(self) -> set[str]:
        """The remembered paths that were found missing since the last call, to be forgotten."""
        gone, self.gone = self.gone - self.fresh.keys(), set()
        return gone

    def forget_strays(self) -> None:
        """Everything was looked at: of what came by rename only that is still wanted which must not be read yet."""
        self.renamed = {path: stamp for path, stamp in self.renamed.items() if path in self.settler}

    def is_there(self, path: str) -> bool:
        return _stamp_or_none(self.stamp, path) is not None

    def news(self, paths: Sequence[str], renamed: Collection[str] = ()) -> list[str]:
        """The paths that do not look as they are remembered: our own publishing is not news.

        Those that came by rename are settled while they look as they do now: who writes on, writes in place.
        """
        known = self.read.digests(paths)
        look = Stamper(self.settings.data_path).stamp
        news = []
        for path in paths:
            now = _stamp_or_none(look, path)
            if path not in known or known[path][0] != now:
                news.append(path)
                if now is not None and path in renamed:
                    self.renamed[path] = now
                elif now is None and path in known:
                    self.gone.add(path)
        return news

    def stamp(self, path: str) -> Stamp | None:
        """How a path looks now; raises Unreadable."""
        return stamp(self.settings.data_path, path)

    def _see(self, path: str, look: StampOf, rules: Rules, known: tuple[Stamp, Digest] | None) -> Seen | None:
        try:
            now = look(path)
        except Unreadable:
            self._doubt(path, is_known=known is not None)
            return Seen(NO_STAMP, None, Reason.INPUT_UNREADABLE)
        if now is None:
            self._doubt(path, is_known=known is not None)
            self.settler.forget(path)
            self.renamed.pop(path, None)
            return None
        known = self.fresh.get(path, known)
        if known is not None and known[0] == now:
            return Seen(now, known[1])
        rule = rules.of(path)
        unsettled = self._unsettled(path, now, rule)
        return Seen(now, None, unsettled) if unsettled else self._digested(path, now, rule)

    def _doubt(self, path: str, *, is_known: bool = True) -> None:
        """Its steps are planned without this path: when it is back it is news, however much it looks as it did."""
        self.fresh.pop(path, None)
        if is_known:
            self.gone.add(path)

    def _unsettled(self, path: str, now: Stamp, rule: Rule) -> Reason | None:
        still_for = math.inf if self.renamed.get(path) == now else self._age(now)
        monotonic = self.clock.monotonic()
        moving = self.settler.judge(path, now, rule.settle, now=monotonic, still_for=still_for)
        if moving is not None:
            return moving
        if rule.marker is not None and self.stamp(rule.marker) is None:
            self.settler.look_again(path, at=monotonic + MARKER_LOOK_S)
            return Reason.INPUT_NOT_READY
        if self._is_open(path):
            self.settler.look_again(path, at=monotonic + rule.settle.quiet_s)
            return Reason.INPUT_OPEN
        return None

    def _is_open(self, path: str) -> bool:
        try:
            return bool(open_for_writing(self.settings.data_path / path, own_writers=self.own_writers))
        except OSError:
            return False  # it vanished, or cannot be read: its digest will say

    def _age(self, now: Stamp) -> float:
        """Seconds since the file last changed, by its own file system's clock; a change of its name counts."""
        if is_folder(now):
            return 0.0  # old times inside do not say that nothing more is coming
        parts = unpack_stamp(now)
        changed_at = max(parts.mtime_ns, parts.ctime_ns) / 1e9
        return max(0.0, self.clock.now() + self.clock_skew_s - changed_at)

    def _digested(self, path: str, now: Stamp, rule: Rule) -> Seen:
        if unpack_stamp(now).size > self.settings.watch.hash_inline:
            self.hash_later(path, now)
            return Seen(now, None)
        try:
            found = digest(self.settings.data_path, path, sample_above=self.settings.watch.sample_above)
        except (OSError, Unreadable):
            self._doubt(path)
            return Seen(NO_STAMP, None, Reason.INPUT_UNREADABLE)
        if self.stamper.stamp(path) != now:
            self.settler.look_again(path, at=self.clock.monotonic() + rule.settle.quiet_s)
            return Seen(now, None, Reason.INPUT_ARRIVING)
        self.settler.forget(path)
        self.renamed.pop(path, None)
        self.fresh[path] = (now, found)
        return Seen(now, found)


def _stamp_or_none(look: StampOf, path: str) -> Stamp | None:
    try:
        return look(path)
    except Unreadable:
        return None
