"""One walk through a data folder held against the manifest: which records are there, which paths look different."""

from dataclasses import dataclass

from sinagotd.core.facts import Digest, Stamp, unpack_stamp
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


def compare(walk: Walk, known: dict[str, tuple[Stamp, Digest]], pipeline: Pipeline, *, took_s: float = 0.0) -> Found:
    """Hold a walk against the remembered stamps; a remembered path that the walk did not meet counts as changed."""
    record_of = pipeline.record_of
    records = frozenset(record for path in walk.stamps if (record := record_of(path)) is not None)
    differ = [path for path, stamp in walk.stamps.items() if path not in known or known[path][0] != stamp]
    differ.sort(key=lambda path: unpack_stamp(walk.stamps[path]).mtime_ns)
    gone = [path for path in known if path not in walk.stamps]
    return Found(records, (*gone, *differ), walk.findings, len(walk.stamps), walk.folders, round(took_s, 3))
