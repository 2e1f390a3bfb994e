"""The pipeline as the scripts on disk have it, kept up with what changes there once that has settled."""

from sinagotd.core.pipeline import Pipeline
from sinagotd.engine.loading import Ask, ScriptReader
from sinagotd.errors import ConfigError
from sinagotd.scripts.looks import Look, look_at
from sinagotd.settings.ownership import Trust
from sinagotd.settings.workspace import WorkspaceSettings


class Code:
    """Reads the scripts and notices when they, or modules they import, change. Polled: the files are few.

    `fault` says why the scripts on disk cannot be used together; `pipeline` is then the last one that could.
    """

    def __init__(
        self, settings: WorkspaceSettings, ask: Ask, trust: Trust | None, before: Pipeline | None = None
    ) -> None:
        """Raises ConfigError when the paths of the scripts do not fit together."""
        self.fault = ""
        self._reader = ScriptReader(settings, ask, trust)
        self._quiet_s = settings.watch.settle
        self._folder = settings.scripts_path
        self._moved_at = 0.0
        self._read: dict[str, Look | None] = {}
        self._last: dict[str, Look | None] = {}
        self.pipeline = self._load(before)

    @property
    def looks(self) -> dict[str, Look | None]:
        """How every file looked, by its path below the scripts folder, just before it was read."""
        return self._read

    @property
    def in_motion(self) -> bool:
        """Whether something differs from what was read; polled by `changed`."""
        return self._last != self._read

    def changed(self, now: float) -> bool:
        """Look again: whether something differs from what was read and has not moved for a while; `now` is monotonic."""
        looks = {name: look_at(self._folder / name) for name in self._read}
        if looks != self._last:
            self._last, self._moved_at = looks, now
        return self.in_motion and now - self._moved_at >= self._quiet_s

    def read_again(self) -> list[str]:
        """Read everything anew; returns the steps that differ. Raises ConfigError, with `fault` set, as above."""
        before = self.pipeline
        try:
            pipeline = self._load(before)
        except ConfigError as fault:
            self.fault = "; ".join(fault.faults)
            raise
        self.fault = ""
        changed = sorted({spec.step for spec in set(before.specs) ^ set(pipeline.specs)})
        self.pipeline = pipeline if changed else before
        return changed

    def _load(self, before: Pipeline | None) -> Pipeline:
        """Look first, then read: what changes in between will look different."""
        looks = {path.relative_to(self._folder).as_posix(): look_at(path) for path in self._folder.rglob("*.py")}
        try:
            loaded = self._reader.load(before)
        except ConfigError:
            self._read = self._last = looks
            raise
        self._read = self._last = {name: looks.get(name) for name in loaded.files}
        return loaded.pipeline
