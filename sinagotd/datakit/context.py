"""What a source may know while it loads one cell: whose row it is, the row's other files, and the streams it asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinagotd.datakit.settings import DatasetSettings
from sinagotd.datakit.streams import Floats, LoadedStream

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class LoadContext:
    """One row as a source sees it.

    `inventory_row` holds a path or a missing value by tag, also of sources that were not selected; files of the session
    are visible to its tasks. `dependencies` holds the stream, or None, of every tag in the source's `requires`.
    The four `master_…`/`experiment_…`/`dataqueue_…` fields are filled when the source requires `dataqueue` and the row
    has one: its time axis in seconds, the (first, last) queue time of the camera's rows in seconds, its table, its meta.
    `entities` are the row's further BIDS entities (`run`, `acq`, …), values without their key.
    """

    subject: str
    session: str
    task: str | None
    inventory_row: Mapping[str, Any]
    dependencies: Mapping[str, LoadedStream | None] = field(default_factory=dict)
    master_timeline: Floats | None = None
    experiment_window: tuple[float, float] | None = None
    dataqueue_frame: "pd.DataFrame | None" = None
    dataqueue_meta: Mapping[str, Any] | None = None
    entities: Mapping[str, str] = field(default_factory=dict)
    settings: DatasetSettings = field(default_factory=DatasetSettings)

    def path_for(self, tag: str) -> Path | None:
        """The row's file for a tag, or None where there is none."""
        path = self.inventory_row.get(tag)
        if path is None or path != path or path == "":  # noqa: PLR0124  NaN differs from itself
            return None
        return Path(path)

    def require_path(self, tag: str) -> Path:
        """The row's file for a tag. Raises FileNotFoundError where there is none."""
        path = self.path_for(tag)
        if path is None:
            raise FileNotFoundError(f"{self.name} has no {tag!r} file, which this source needs")
        return path

    def get_dependency(self, tag: str) -> LoadedStream | None:
        return self.dependencies.get(tag)

    def require_dependency(self, tag: str) -> LoadedStream:
        """The stream of a tag in `requires`. Raises RuntimeError where it is missing or could not be loaded."""
        stream = self.get_dependency(tag)
        if stream is None:
            raise RuntimeError(f"{self.name} has no loaded {tag!r}, which this source needs")
        return stream

    @property
    def name(self) -> str:
        """The row in words, for messages."""
        parts = (
            f"sub-{self.subject}",
            self.session,
            self.task,
            *(f"{key}-{value}" for key, value in self.entities.items()),
        )
        return "_".join(part for part in parts if part)
