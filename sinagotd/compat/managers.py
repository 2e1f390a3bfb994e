"""Sinagot's names for what runs steps. Here they only hand on: where steps run is said by the workspace's settings."""

from dataclasses import dataclass
from typing import Any

from sinagotd.workspace.graph import Graph

DaskGraph = Graph
"""What is made from what: Sinagot made one of Dask for each record, here it is one picture for all."""


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
class DaskLocalScheduler:
    """The name of a scheduler, or the settings of a cluster: it is started with a run and ended with it."""

    settings: Any = None

    def close(self) -> None:
        """It holds nothing."""


DaskDistributedScheduler = DaskLocalScheduler
