"""The plugin `processed`: results of steps, gathered into frames as `[processed]` of the settings says.

Settings and members as in Sinagot 0.2.5 (its specs §13).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinagotd.core.keys import step_name
from sinagotd.settings.faults import did_you_mean
from sinagotd.workspace.faults import UnknownKeyError
from sinagotd.workspace.outputs import output_path
from sinagotd.workspace.record import Record
from sinagotd.workspace.record_collection import RecordCollection

if TYPE_CHECKING:
    import pandas as pd

ID = "record_id"
TYPES: Mapping[str | None, Callable[[str], Any]] = {None: str, "str": str, "float": float, "int": int}


class ProcessedRecord(Record):
    """A record that results are gathered of, whatever its scope."""

    def get_processed_data(self, data_key: str) -> "pd.DataFrame":
        """What `processed.<data_key>` describes, indexed by `record_id`; without the file an empty frame of its columns.

        Raises KeyError for a key that the settings do not have.
        """
        import pandas as pd  # noqa: PLC0415 - half a second that only whoever wants a frame pays

        wanted = described(self, data_key)
        step = step_name(wanted["step_label"], wanted["task"], wanted["modality"])
        path = output_path(self.workspace.opened, self.id, step, wanted.get("path_label"))
        if not path.exists():
            return pd.DataFrame(columns=wanted.get("columns"))
        got = GETTERS[wanted.get("data_getter", "single_data")](path, wanted)
        return got.assign(**{ID: self.id}).set_index(ID)


class ProcessedRecordCollection(RecordCollection):
    """Records that results are gathered of: those of its scope, else all of the workspace."""

    def get_processed_data(self, *, data_key: str) -> "pd.DataFrame":
        """As for a record, one below the other."""
        import pandas as pd  # noqa: PLC0415 - as above

        wanted = described(self, data_key)
        ids = self.ids() or self.workspace.records.ids()
        frames = [frame for each in ids if not (frame := self.get(each).get_processed_data(data_key)).empty]
        return pd.concat(frames) if frames else pd.DataFrame(columns=wanted.get("columns"))


def described(scope: Any, data_key: str) -> dict[str, Any]:
    """The table `processed.<data_key>` of the settings."""
    settings = scope.workspace.opened.settings
    tables: dict[str, dict[str, Any]] = settings.raw.get("processed", {})
    if data_key not in tables:
        near = did_you_mean(data_key, tables) or f": there are {', '.join(tables) or 'none'}"
        raise UnknownKeyError(f"{settings.config_path}: there is no processed.{data_key}{near}")
    return tables[data_key]


def _single_data(path: Path, wanted: Mapping[str, Any]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - as above

    value = TYPES[wanted.get("data_type")](path.read_text())
    return pd.DataFrame([{"task": wanted["task"], "modality": wanted["modality"], wanted["step_label"]: value}])


def _dataframe_from_csv(path: Path, wanted: Mapping[str, Any]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - as above

    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=wanted.get("columns"))


def _series_from_csv(path: Path, wanted: Mapping[str, Any]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - as above

    row = pd.read_csv(path, header=None, index_col=0, names=["name", "value"])["value"]
    made = pd.DataFrame([row.to_dict()])
    return made.reindex(columns=wanted["columns"]) if "columns" in wanted else made


GETTERS: Mapping[str, Callable[[Path, Mapping[str, Any]], "pd.DataFrame"]] = {
    "single_data": _single_data,
    "dataframe_from_csv": _dataframe_from_csv,
    "series_from_csv": _series_from_csv,
}
MODELS: Mapping[str, type] = {"Record": ProcessedRecord, "RecordCollection": ProcessedRecordCollection}
