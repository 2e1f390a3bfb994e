"""One walk through a data folder held against the manifest: which records are there, which paths look different."""

from collections.abc import Iterable
from dataclasses import dataclass

from sinagotd.core.facts import Stamp, unpack_stamp
from sinagotd.core.pipeline import Pipeline
from sinagotd.scan.findings import Finding
from sinagotd.scan.walk import Walk


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk says. `changed` holds the paths that differ from what is remembered, the newest last."""

    records: frozenset[str]
    changed: tuple[str, ...]
    findings: tuple[Finding, ...]
    files: int
    folders: int
    took_s: float


def compare(walk: Walk, remembered: Iterable[tuple[str, Stamp]], pipeline: Pipeline, *, took_s: float = 0.0) -> Found:
    """Hold a walk against the remembered stamps; a remembered path that the walk did not meet counts as changed."""
    record_of = pipeline.record_of
    records = frozenset(record for path in walk.stamps if (record := record_of(path)) is not None)
    unknown = dict(walk.stamps)
    gone, differ = [], []
    for path, stamp in remembered:
        now = unknown.pop(path, None)
        if now is None:
            gone.append(path)
        elif now != stamp:
            differ.append(path)
    differ.extend(unknown)
    differ.sort(key=lambda path: unpack_stamp(walk.stamps[path]).mtime_ns)
    return Found(records, (*gone, *differ), walk.findings, len(walk.stamps), walk.folders, round(took_s, 3))
