"""The pipeline of an open workspace, read again only when a script, or a module that it imports, has changed."""

from pathlib import Path

from sinagotd.core.patterns import Template
from sinagotd.core.pipeline import Pipeline
from sinagotd.core.steps import StepSpec
from sinagotd.core.wiring import Wiring
from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.loading import ScriptReader
from sinagotd.settings.ownership import Trust
from sinagotd.settings.workspace import WorkspaceSettings

Look = tuple[int, int, int, int]
"""How a file looks: size, mtime_ns, ctime_ns and inode."""


class Scripts:
    """Reads the scripts when first asked. With `trust`, one that somebody else could write counts as broken."""

    def __init__(self, settings: WorkspaceSettings, trust: Trust | None) -> None:
        self._settings = settings
        self._trust = trust
        self._pipeline: Pipeline | None = None
        self._raw: tuple[Template, ...] = ()
        self._looks: dict[Path, Look | None] = {}

    def pipeline(self) -> Pipeline:
        """As the scripts are now. Raises ConfigError, every fault in it, when their paths do not fit together."""
        if self._pipeline is None or any(_look(path) != look for path, look in self._looks.items()):
            self._pipeline = self._read()
            self._raw = _raw(self._pipeline)
        return self._pipeline

    def raw(self) -> tuple[Template, ...]:
        """Where raw files lie: inputs of single records that no step writes. Raises as above."""
        self.pipeline()
        return self._raw

    def _read(self) -> Pipeline:
        """Look first, then read: what changes in between will look different."""
        folder = self._settings.scripts_path
        looks = {path: _look(path) for path in folder.rglob("*.py")}
        with step_host_asked(folder) as ask:
            loaded = ScriptReader(self._settings, ask, self._trust).load()
        self._looks = {folder / name: looks.get(folder / name) for name in loaded.files}
        return loaded.pipeline


def told_fault(spec: StepSpec) -> str | None:
    """Why a script cannot be used, with its name."""
    if spec.fault is None or spec.script in spec.fault:
        return spec.fault
    return f"{spec.script}: {spec.fault}"


def _raw(pipeline: Pipeline) -> tuple[Template, ...]:
    made = Wiring(pipeline.specs).made()
    inputs = (template for spec in pipeline.specs for _, template in spec.inputs)
    return tuple(each for each in dict.fromkeys(inputs) if not each.is_shared and each.text not in made)


def _look(path: Path) -> Look | None:
    try:
        entry = path.stat()
    except OSError:
        return None
    return (entry.st_size, entry.st_mtime_ns, entry.st_ctime_ns, entry.st_ino)
