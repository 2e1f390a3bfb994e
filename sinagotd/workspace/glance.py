"""Plans records for somebody who only looks: what nothing is remembered of is not fingerprinted, and nothing is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sinagotd.core.facts import DIGEST_BYTES, Digest, Seen, Stamp
from sinagotd.core.pipeline import Bound
from sinagotd.core.planner import plan
from sinagotd.core.reasons import Reason
from sinagotd.engine.gathering import NO_STAMP
from sinagotd.engine.looking import Planned
from sinagotd.engine.resting import resting
from sinagotd.engine.survey import Surveyor
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.stamps import Stamper
from sinagotd.settings.watch import WatchSettings

MANY = 100
"""Of fewer records than these it takes less to plan them than to ask the manifest which of all are at rest."""

UNREAD = Digest(bytes(DIGEST_BYTES))
"""Stands for the content of a file that there is nothing to compare with."""


def look(surveyor: Surveyor, records: Collection[str]) -> Planned:
    """Plan these records; content is read only of files that changed since something was made of them."""
    looker, history = surveyor.looker, surveyor.read.history(records)
    known = {key.record for key in history} if _takes_all(surveyor.settings.watch) else set(records)
    with_history = [surveyor.pipeline.bind(record) for record in records if record in known]
    without = [surveyor.pipeline.bind(record) for record in records if record not in known]
    glimpsed = _facts(surveyor, without)
    bounds = {bound.key: bound for steps in (*with_history, *without) for bound in steps}
    facts = glimpsed | looker.gatherer.facts([bound for steps in with_history for bound in steps])
    decisions = plan([*with_history, *without], history, facts, now=looker.clock.now(), policy=looker.policy)
    return Planned(bounds, facts, history, decisions)


def at_rest(surveyor: Surveyor, records: Collection[str]) -> set[str]:
    """Those of these records that stand as was said last: every step was current, and their files look as they did then."""
    if len(records) < MANY:
        return set()
    ours = surveyor.looker.policy
    daemons = replace(ours, outputs_outlive=False)  # what is current on these terms is so on ours
    candidates = {
        record for policy in (ours, daemons) for record in resting(surveyor.read, surveyor.pipeline, policy)
    }.intersection(records)
    remembered = dict(surveyor.read.stamps()) if candidates else {}
    stamper = Stamper(surveyor.settings.data_path)
    return {record for record in candidates if _looks_as(remembered, surveyor.pipeline.bind(record), stamper)}


def _looks_as(remembered: Mapping[str, Stamp], bounds: Sequence[Bound], stamper: Stamper) -> bool:
    paths = {path for bound in bounds for path in (*bound.inputs, *bound.outputs)}
    try:
        return all(stamper.stamp(path) == remembered.get(path) for path in paths)
    except Unreadable:
        return False


def _facts(surveyor: Surveyor, bound_records: Sequence[Sequence[Bound]]) -> dict[str, Seen]:
    stamper = Stamper(surveyor.settings.data_path)
    paths = {path for bounds in bound_records for bound in bounds for path in (*bound.inputs, *bound.outputs)}
    return {path: seen for path in paths if (seen := _seen(stamper, path)) is not None}


def _seen(stamper: Stamper, path: str) -> Seen | None:
    try:
        stamp = stamper.stamp(path)
    except Unreadable:
        return Seen(NO_STAMP, None, Reason.INPUT_UNREADABLE)
    return None if stamp is None else Seen(stamp, UNREAD)


def _takes_all(watch: WatchSettings) -> bool:
    """Whether every file that is there may be read, as it is where `[watch]` says nothing else."""
    settles = (watch.settle, *(section.settle for section in watch.modalities.values()))
    return watch.ready is None and watch.empty_files == "accept" and not any(settles)
