"""Asks for a change: of the daemon that owns the workspace, or of an engine of our own while nobody does."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sinagotd.cli.places import Place
from sinagotd.cli.walking import walked
from sinagotd.daemon.logs import make_log
from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.calling import request
from sinagotd.engine.clock import SystemClock
from sinagotd.engine.engine import Engine
from sinagotd.engine.requests import perform
from sinagotd.engine.tools import Tools
from sinagotd.errors import WorkspaceError
from sinagotd.manifest.lock import Lock, owner
from sinagotd.manifest.opening import open_manifest
from sinagotd.scan.digests import digest


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: a verb for steps (None: all) of records (None: all)."""

    verb: str
    records: tuple[str, ...] | None
    steps: tuple[str, ...] | None
    force: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "records": None if self.records is None else list(self.records),
            "steps": None if self.steps is None else list(self.steps),
            "force": self.force,
        }


@dataclass(frozen=True, slots=True)
class Done:
    """What was changed, as step keys, and a sentence for each step that was left."""

    workspace: str
    steps: tuple[str, ...]
    left: tuple[str, ...]


def ask_all(places: Sequence[Place], requests: Sequence[Asked]) -> list[Done]:
    """Ask in every place. Where several were chosen, a record may be in any of them.

    Raises WorkspaceError if nobody did anything, LockedError if the workspace is taken meanwhile.
    """
    done: list[Done] = []
    refusals: list[WorkspaceError] = []
    for place in places:
        try:
            done.append(ask(place, requests))
        except WorkspaceError as refusal:
            refusals.append(refusal)
    if refusals and not done:
        raise refusals[0]
    return done


def ask(place: Place, requests: Sequence[Asked]) -> Done:
    """Ask the daemon if one owns this place, else do it here, which nobody can disturb."""
    if owner(place.state_path) is not None:
        return _summed(place, [request(place.state_path, each.verb, each.arguments) for each in requests])
    with _own_engine(place, requests[0].verb) as engine:
        if requests[0].verb == "accept":
            _fingerprint_large(engine)
        return _summed(place, [perform(engine, each.verb, each.arguments) for each in requests])


def _summed(place: Place, answers: Sequence[Mapping[str, Sequence[str]]]) -> Done:
    steps = tuple(step for answer in answers for step in answer["steps"])
    return Done(place.name, steps, tuple(why for answer in answers for why in answer["left"]))


@contextmanager
def _own_engine(place: Place, verb: str) -> Iterator[Engine]:
    """An engine that knows all records and runs nothing; the workspace is ours as long."""
    now = time.time()
    log = make_log("console", "ERROR", stream=sys.stderr)
    with (
        Lock.acquire(place.state_path, command=f"sinagotd {verb}", at=now),
        step_host_asked(place.settings.scripts_path) as declare,
    ):
        opened = open_manifest(place.state_path, at=now)
        try:
            if opened.repaired:
                log.error("manifest_repaired", why=opened.repaired)
            tools = Tools(SystemClock(), log, _run_nothing, declare, _run_nothing, place.daemon.trust)
            engine = Engine(place.settings, opened.manifest, tools)
            engine.register.known.update(opened.manifest.read.records())
            engine.meet(walked(place.settings, engine.pipeline).records)
            yield engine
        finally:
            opened.manifest.close()


def _run_nothing(*_: object) -> None:
    """Whatever is asked for is done by the next daemon."""


def _fingerprint_large(engine: Engine) -> None:
    """Read now what the daemon would read aside: without it such files never count as settled here."""
    planned = engine.looker.look(sorted(engine.records))
    sample_above = engine.settings.watch.sample_above
    for path, seen in planned.facts.items():
        if seen.digest is None and seen.unsettled is None:
            engine.hashed(path, seen.stamp, digest(engine.settings.data_path, path, sample_above=sample_above))
