"""What an open workspace is made of: settings, folders, scripts, and ways to look. Opening it touches no data folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from sinagotd.core.ids import IdPattern
from sinagotd.core.pipeline import Pipeline
from sinagotd.core.planner import Policy
from sinagotd.core.settle import Settler
from sinagotd.core.steps import StepSpec
from sinagotd.engine.clock import SystemClock
from sinagotd.engine.gathering import Gatherer
from sinagotd.engine.looking import Looker, policy_of
from sinagotd.engine.survey import Surveyor
from sinagotd.errors import ConfigError
from sinagotd.manifest.blank import open_blank
from sinagotd.manifest.lock import Owner, owner
from sinagotd.manifest.place import has_manifest
from sinagotd.manifest.reader import Reader, open_reader
from sinagotd.manifest.signpost import signpost
from sinagotd.scan.names import IgnoredNames
from sinagotd.settings.daemon import load_daemon
from sinagotd.settings.ownership import Trust
from sinagotd.settings.workspace import STATE_FOLDER, AnyPath, UnitSettings, WorkspaceSettings
from sinagotd.workspace.scripts import Scripts


class Wanted(NamedTuple):
    """Which steps are meant; None stands for all: records by id, the others by name."""

    records: tuple[str, ...] | None = None
    task: str | None = None
    modality: str | None = None
    label: str | None = None

    def takes(self, spec: StepSpec) -> bool:
        """Whether this step is meant, whatever the record."""
        return self.meets(spec) and self.label in (None, spec.label)

    def meets(self, where: StepSpec | UnitSettings) -> bool:
        """Whether this is where steps are meant."""
        return self.task in (None, where.task) and self.modality in (None, where.modality)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open workspace. `trust` is None where whoever runs the scripts answers for them.

    In `settings` every file that is there counts as arrived, unless `[watch]` says otherwise: whoever asks has looked.
    """

    settings: WorkspaceSettings
    state_path: Path
    id_pattern: IdPattern
    ignored: IgnoredNames
    scripts: Scripts
    trust: Trust | None = None

    @property
    def pipeline(self) -> Pipeline:
        """As the scripts are now. Raises ConfigError when their paths do not fit together."""
        return self.scripts.pipeline()

    @property
    def policy(self) -> Policy:
        """What makes a step stale; as in Sinagot, outputs outlive the inputs that they were made from."""
        return replace(policy_of(self.settings), outputs_outlive=True)

    def owner(self) -> Owner | None:
        """The process that owns this workspace now, be it a daemon or another notebook."""
        return owner(self.state_path)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A reader of the manifest, of an empty one if nothing ever ran. Raises ManifestError."""
        with open_reader(self.state_path) if has_manifest(self.state_path) else open_blank() as read:
            yield read

    @contextmanager
    def surveying(self) -> Iterator[Surveyor]:
        """A surveyor of this workspace: it plans as the daemon would, and writes nothing. Raises as the two above."""
        pipeline, clock = self.pipeline, SystemClock()
        with self.reading() as read:
            gatherer = Gatherer(self.settings, pipeline.id_pattern, read, Settler(), clock, lambda _path, _stamp: None)
            yield Surveyor(self.settings, pipeline, read, Looker(pipeline, gatherer, read, clock, self.policy))


def opened(settings: WorkspaceSettings, service: AnyPath | None = None) -> Opened:
    """Open a workspace; `service` is the settings file of a daemon that keeps manifests in a folder of its own.

    Raises ConfigError when the manifest turns out to be kept elsewhere.
    """
    daemon = load_daemon(service)
    state_path = daemon.state_path_for(settings)
    there = signpost(settings.data_path / STATE_FOLDER)
    if service is None and there is not None and there.state_path != state_path:
        say = f'Workspace(..., service="{there.config}")' if there.config else "service= with its settings file"
        raise ConfigError(f"{settings.config_path}: a service keeps the manifest in {there.state_path}: write {say}")
    trust = daemon.trust if service is not None else None
    id_pattern, ignored = IdPattern(settings.id_pattern), IgnoredNames(settings.watch.ignore)
    return Opened(_as_arrived(settings), state_path, id_pattern, ignored, Scripts(settings, trust), trust)


def _as_arrived(settings: WorkspaceSettings) -> WorkspaceSettings:
    lenient = {"settle": 0.0, "empty_files": "accept"}
    silent = {key: value for key, value in lenient.items() if key not in settings.watch.given}
    return settings._replace(watch=settings.watch.but(**silent))
