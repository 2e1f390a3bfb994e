"""Which records want no planning at a start: every step was current when last planned, on the same terms.

A decision depends on the disk, on what the manifest holds, and on the terms. As long as a walk finds every file as it is
remembered, a record that was current on these terms still is.
"""

from dataclasses import dataclass

from xxhash import xxh3_128_hexdigest

import sinagotd
from sinagotd.core.pipeline import Pipeline
from sinagotd.core.planner import Policy
from sinagotd.engine.still import ALL_PLANNED_ON
from sinagotd.manifest.reader import Reader
from sinagotd.manifest.writer import Manifest

NOT_ALL = ""


def terms_of(pipeline: Pipeline, policy: Policy) -> str:
    """A digest (xxh3-128) of what decisions depend on besides disk and manifest: the steps, the ids, what counts as stale."""
    terms = (sinagotd.__version__, pipeline.id_pattern.text, pipeline.specs, policy)
    return xxh3_128_hexdigest(repr(terms).encode())


def resting(read: Reader, pipeline: Pipeline, policy: Policy) -> set[str]:
    """The records at rest on these terms; none if the last planning had others, or left some record unplanned."""
    if read.meta(ALL_PLANNED_ON) != terms_of(pipeline, policy):
        return set()
    return read.resting([spec.step for spec in pipeline.specs])


@dataclass(slots=True)
class Rest:
    """Keeps in the manifest whether every record is planned, and on which terms."""

    manifest: Manifest
    _is_kept: bool = True  # until the first `end`, we cannot know
    _is_forgone: bool = False

    def end(self) -> None:
        """Some record is to be planned that only we know of, or the terms change: say so before anything is written."""
        if self._is_kept:
            self._set(NOT_ALL)

    def forgo(self) -> None:
        """Some record will not be planned by us."""
        self.end()
        self._is_forgone = True

    def keep(self, pipeline: Pipeline, policy: Policy) -> None:
        """No record is left to be planned."""
        if not (self._is_kept or self._is_forgone):
            self._set(terms_of(pipeline, policy))

    def _set(self, terms: str) -> None:
        with self.manifest.transaction():
            self.manifest.set_meta(ALL_PLANNED_ON, terms)
        self._is_kept = terms != NOT_ALL
