"""Sinagot's names for what runs steps. Here they only hand on: where steps run is said by the workspace's settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sinagotd.core.keys import StepKey


class RunManager:
    """Runs the steps of a workspace, of a collection or of a record."""

    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace

    def run(self, model: Any, **options: Any) -> Any:
        """As `model.steps.run(**options)`."""
        return model.steps.run(**options)

    def close(self) -> None:
        """Every run ends what it started: nothing is left to be closed."""


class DaskRunManager(RunManager):
    """The same: `run.mode` and `dask.scheduler.type` say where."""

    def visualize(self, _records: Any = None, **_options: Any) -> Any:
        """The steps of the workspace as a picture."""
        return self.workspace.graph()


@dataclass(frozen=True, slots=True)
class DaskGraph:
    """What is made from what for one record, from the actual paths of its steps."""

    workspace: Any

    def build(self, record: Any, run_opts: Mapping[str, Any] | None = None) -> dict[str, list[str]]:
        """By step key, the keys of the steps whose outputs it reads."""
        del run_opts
        pipeline = self.workspace.opened.pipeline
        return {
            str(bound.key): [str(StepKey(record.id, step)) for step in pipeline.upstream(bound.key.step)]
            for bound in pipeline.bind(record.id)
        }


@dataclass(frozen=True, slots=True)
class DaskLocalScheduler:
    """The name of a scheduler on this machine."""

    scheduler: str

    def close(self) -> None:
        """It holds nothing."""


@dataclass(frozen=True, slots=True)
class DaskDistributedScheduler:
    """The settings of a cluster, which is started with a run and ended with it."""

    cluster_config: Mapping[str, Any] = field(default_factory=dict)

    def close(self) -> None:
        """It holds nothing."""
