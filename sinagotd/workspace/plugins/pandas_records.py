"""The plugin `pandas`: one JSON object for each record, as a Series or as a row of a frame.

Settings and members as in Sinagot 0.2.5 (its specs §13). Reading writes nothing.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sinagotd.atomic import write_atomically
from sinagotd.core.patterns import Template
from sinagotd.errors import ConfigError, WorkspaceError
from sinagotd.workspace.finding import has_all, ids_with
from sinagotd.workspace.model import Scope
from sinagotd.workspace.opened import Opened
from sinagotd.workspace.record import Record
from sinagotd.workspace.record_collection import RecordCollection

if TYPE_CHECKING:
    import pandas as pd


class PandasPath:
    """Where the files of a modality are: `models.data_path`, below the data folder."""

    def __init__(self, scope: Scope) -> None:
        """Raises ConfigError without that key, or for a path that leaves the data folder."""
        opened = scope.workspace.opened
        key = f"modalities.{scope.modality}.models.data_path"
        parts = opened.settings.raw["modalities"][scope.modality].get("models", {}).get("data_path")
        if not parts:
            raise ConfigError(f"{opened.settings.config_path}: {key} is missing: the plugin pandas needs it")
        entities = opened.id_pattern.entities
        try:
            self.template = Template.parse(list(parts), constants={"task": scope.task}, entities=entities)
        except ValueError as fault:
            raise ConfigError(f"{opened.settings.config_path}: {key}: {fault}") from fault
        self._opened: Opened = opened

    def ids(self) -> list[str]:
        return sorted(ids_with(self._opened, [self.template]))

    def has(self, record_id: str) -> bool:
        return self._opened.id_pattern.fits(record_id) and has_all(self._opened, [self.template], record_id)

    def of(self, record_id: str) -> Path:
        """The file of one record. Raises ValueError when its id lacks an entity of the path."""
        return self._opened.settings.data_path / self.template.fill(self._opened.id_pattern.bindings(record_id) or {})


class PandasRecord(Record):
    """A record with a JSON object of its own."""

    ID_FIELD: ClassVar[str] = "record_id"
    DATE_FIELDS: ClassVar[list[str]] = ["date_of_birth", "date_of_recording"]

    @property
    def data(self) -> "pd.Series[Any] | None":
        """The object as a Series named after the id, None without a file; assign a dict or a Series to write it.

        Raises WorkspaceError for a file that does not hold an object.
        """
        import pandas as pd  # noqa: PLC0415 - half a second that only whoever wants a Series pays

        held = self.read_object()
        return None if held is None else pd.Series(held, name=self.id)

    @data.setter
    def data(self, value: "pd.Series[Any] | Mapping[str, Any]") -> None:
        """Raises TypeError for anything else than a dict or a Series."""
        import pandas as pd  # noqa: PLC0415 - as above

        if not isinstance(value, Mapping | pd.Series):
            raise TypeError(f"data of {self.id} is a dict or a Series, not {type(value).__name__}")
        series = value if isinstance(value, pd.Series) else pd.Series(dict(value), dtype=object)
        path = PandasPath(self).of(self.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, series.to_json(force_ascii=True).encode())

    def read_object(self) -> dict[str, Any] | None:
        """The object as it stands in the file, None without a file."""
        path = PandasPath(self).of(self.id)
        try:
            held = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, OSError, RecursionError) as fault:
            raise WorkspaceError(f"{path}: cannot be read as JSON: {fault}") from fault
        if not isinstance(held, dict):
            raise WorkspaceError(f"{path}: holds no JSON object but {type(held).__name__}: write one, {{...}}")
        return held


class PandasRecordCollection(RecordCollection):
    """The records that have such a file; a unit also without a task."""

    @property
    def is_unit(self) -> bool:
        return True

    def iter_ids(self) -> Iterator[str]:
        yield from PandasPath(self).ids()

    def has(self, record_id: object) -> bool:
        return isinstance(record_id, str) and PandasPath(self).has(record_id)

    @property
    def data(self) -> "pd.DataFrame":
        """A row for each record, a column for each key of any of them."""
        import pandas as pd  # noqa: PLC0415 - as above

        rows = {record_id: self.get(record_id).read_object() or {} for record_id in self.iter_ids()}
        return pd.DataFrame.from_dict(rows, orient="index")


MODELS: Mapping[str, type] = {"Record": PandasRecord, "RecordCollection": PandasRecordCollection}
