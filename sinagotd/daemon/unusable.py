"""Tells each entry of the data folder that cannot be used, once for as long as it stays so. It looks at no disk."""

from collections.abc import Collection, Iterable

from structlog.typing import FilteringBoundLogger

from sinagotd.core.wiring import lineage
from sinagotd.scan.findings import Finding


class Unusable:
    """What was told. A walk speaks of everything, but not of what was seen after it began; a hint of a few paths."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._told: frozenset[Finding] = frozenset()
        self._since_walk: frozenset[Finding] = frozenset()

    def begin_walk(self) -> None:
        self._since_walk = frozenset()

    def end_walk(self, findings: Iterable[Finding]) -> None:
        found = frozenset(findings)
        self._tell(found)
        self._told = found | self._since_walk

    def see(self, findings: Iterable[Finding], *, at: Collection[str]) -> None:
        """These paths, and what lies below them, were looked at."""
        found = frozenset(findings)
        self._tell(found)
        self._told = found | _elsewhere(self._told, at)
        self._since_walk = found | _elsewhere(self._since_walk, at)

    def _tell(self, found: frozenset[Finding]) -> None:
        for finding in sorted(found - self._told):
            self._log.warning("unusable", path=finding.path, why=finding.why)


def _elsewhere(told: frozenset[Finding], at: Collection[str]) -> frozenset[Finding]:
    return frozenset(finding for finding in told if not any(place in at for place in lineage(finding.path)))
