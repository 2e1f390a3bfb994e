"""What a call of `run()` asks for: options, steps and the way to run them, each refused with a sentence if it cannot be."""

from dataclasses import dataclass

from sinagotd.core.pipeline import Pipeline
from sinagotd.core.steps import StepSpec
from sinagotd.errors import ConfigError, WorkspaceError
from sinagotd.settings.faults import did_you_mean
from sinagotd.settings.workspace import DEFAULT_VERSION, WorkspaceSettings
from sinagotd.workspace.opened import Wanted

HERE, POOL, CLUSTER = "here", "pool", "cluster"

SCHEDULERS = {
    "main_process": HERE,
    "single-threaded": HERE,
    "synchronous": HERE,
    "sync": HERE,
    "threads": POOL,
    "threading": POOL,
    "processes": POOL,
    "multiprocessing": POOL,
    "distributed": CLUSTER,
}
"""Sinagot's and Dask's names for where steps run: one after the other in this process, in step hosts, or on a cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to run: `force` runs steps that are current too, `ignore_missing` those whose inputs are not there.

    `debug` raises the first exception of a script, in this process. `scheduler` is a name of SCHEDULERS, None what
    the workspace says; `progress` shows a bar or not, None where somebody can see it. While another process runs
    steps of this workspace, `wait` is how many seconds to wait for it: None for as long as it takes, 0 not at all.
    `version`, which people give their workspace, stands in every log line.
    """

    force: bool = False
    ignore_missing: bool = False
    debug: bool = False
    scheduler: str | None = None
    progress: bool | None = None
    wait: float | None = None
    version: str = DEFAULT_VERSION

    def __post_init__(self) -> None:
        """Raises WorkspaceError for a time that cannot be waited."""
        if self.wait is not None and not (isinstance(self.wait, int | float) and self.wait >= 0):
            hint = "write a number of seconds, 0 not to wait, None for as long as it takes"
            raise WorkspaceError(f"wait = {self.wait!r}: {hint}")

    def place(self, settings: WorkspaceSettings) -> str:
        """HERE, POOL or CLUSTER. Raises ConfigError for a scheduler that does not exist."""
        name = self.scheduler or _scheduler_of(settings)
        if name not in SCHEDULERS:
            near = did_you_mean(name, SCHEDULERS) or f": these are {', '.join(SCHEDULERS)}"
            raise ConfigError(f"there is no scheduler {name!r}{near}")
        return HERE if self.debug else SCHEDULERS[name]


def _scheduler_of(settings: WorkspaceSettings) -> str:
    return "main_process" if settings.run.mode == "main_process" else settings.dask.scheduler.type


def asked_specs(pipeline: Pipeline, wanted: Wanted) -> list[StepSpec]:
    """The steps that are meant, in the order in which they run; none where there are none.

    Raises WorkspaceError for a step label that the asked scope does not have.
    """
    within = [spec for spec in pipeline.specs if wanted._replace(label=None).takes(spec)]
    specs = [spec for spec in within if wanted.takes(spec)]
    if wanted.label is not None and not specs:
        labels = list(dict.fromkeys(spec.label for spec in within))
        near = did_you_mean(wanted.label, labels) or f": {_these(labels)}"
        raise WorkspaceError(f"there is no step {wanted.label!r}{near}")
    return specs


def _these(labels: list[str]) -> str:
    return f"the steps here are {', '.join(labels)}" if labels else "there are no steps here"
