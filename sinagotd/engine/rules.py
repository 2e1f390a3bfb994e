"""Which rule a path settles by: what a step makes by that of made files, what is only read by that of its reader."""

from collections.abc import Sequence
from typing import NamedTuple

from sinagotd.core.ids import IdPattern
from sinagotd.core.patterns import Template
from sinagotd.core.pipeline import Bound
from sinagotd.core.settle import SettleRule
from sinagotd.settings.workspace import WorkspaceSettings


class Rule(NamedTuple):
    """How one path settles, and the marker that must stand beside it."""

    settle: SettleRule
    marker: str | None = None


class Rules:
    """The rules of all paths of some bound steps, worked out when asked for: most paths are as they are remembered."""

    def __init__(self, settings: WorkspaceSettings, id_pattern: IdPattern, bounds: Sequence[Bound]) -> None:
        self._settings = settings
        self._id_pattern = id_pattern
        self._readers = {path: bound for bound in reversed(bounds) for path in bound.inputs}
        self._makers = {path: bound for bound in bounds for path in bound.outputs}

    def paths(self) -> list[str]:
        """Every input and output, once."""
        return list(self._readers | self._makers)

    def of(self, path: str) -> Rule:
        watch = self._settings.watch
        maker = self._makers.get(path)
        if maker is not None:
            return Rule(SettleRule(watch.settle_for(maker.spec.modality), accept_empty=True))
        reader = self._readers[path]
        settle = SettleRule(watch.settle_for(reader.spec.modality), accept_empty=watch.empty_files == "accept")
        return Rule(settle, self._marker(reader))

    def _marker(self, bound: Bound) -> str | None:
        ready = self._settings.watch.ready
        if not ready:
            return None
        template = Template.parse(ready, constants={"task": bound.spec.task}, entities=self._id_pattern.entities)
        return template.fill(self._id_pattern.bindings(bound.key.record) or {})
