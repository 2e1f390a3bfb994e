"""A workspace in a notebook: all of Sinagot's `Workspace`, and what people expect beside. Opening it writes nothing."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import cached_property
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sinagotd.errors import ConfigError
from sinagotd.scripts.loading import Loader
from sinagotd.scripts.sinagot_names import SinagotNames
from sinagotd.settings.toml_file import config_file
from sinagotd.settings.workspace import DEFAULT_VERSION, AnyPath, load_workspace
from sinagotd.workspace.classes import COLLECTION, RECORD, Classes
from sinagotd.workspace.faults import MissingFileError
from sinagotd.workspace.finding import NO_IDS, pattern_fault
from sinagotd.workspace.graph import Graph, graph_of
from sinagotd.workspace.html import paragraphs
from sinagotd.workspace.model import ModelWithStepCollection, no_attribute
from sinagotd.workspace.opened import Opened, opened
from sinagotd.workspace.record import Record, RecordUnit
from sinagotd.workspace.record_collection import RecordCollection, RecordCollectionUnit
from sinagotd.workspace.scripts import told_fault
from sinagotd.workspace.step_collection import StepCollection, StepCollectionUnit
from sinagotd.workspace.tables import published, table_of

if TYPE_CHECKING:
    import pandas as pd

    from sinagotd.datakit.dataset import Dataset

DEFAULT_SECTIONS = {"path": {"dataset": "./dataset", "scripts": "./scripts"}, "run": {"mode": "main_process"}}


class Workspace(ModelWithStepCollection):
    """A workspace: its settings, its records and their steps."""

    _record_class: ClassVar[type[RecordUnit]] = Record
    _record_collection_class: ClassVar[type[RecordCollectionUnit]] = RecordCollection
    is_unit: ClassVar[bool] = True
    _record_unit_class: ClassVar[type[RecordUnit]] = Record
    _record_collection_unit_class: ClassVar[type[RecordCollectionUnit]] = RecordCollection

    def __init__(
        self,
        config_path: AnyPath | Sequence[AnyPath],
        data_path: AnyPath | None = None,
        scripts_path: AnyPath | None = None,
        *,
        service: AnyPath | None = None,
    ) -> None:
        """Open the workspace of a settings file, of a folder with `workspace.toml`, or of several of them merged.

        Later files win; relative paths start from the folder of the first. `service` is the settings file of a
        daemon that keeps its manifests in a folder of its own. Raises ConfigError with every fault of the settings,
        FileNotFoundError without them.
        """
        super().__init__(self)
        _refuse_missing(config_path)
        settings = load_workspace(config_path, data_path=data_path, scripts_path=scripts_path, id_pattern=NO_IDS)
        self.opened: Opened = opened(settings, service)
        self._service = service
        self.config_path = self._config_path = settings.config_path
        self.data_path = settings.data_path
        self.scripts_path = self._scripts_path = settings.scripts_path
        self.is_unit_mode = settings.is_unit_mode
        self.tasks = settings.tasks
        self.modalities = settings.modalities
        self.classes = Classes(self.opened, self._plain_classes())
        self._loader = Loader()
        self._run_manager = self
        self.records: Any = self.classes.collection(None)(workspace=self)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The settings as they stand in the files, merged; a copy that may be changed and changes nothing."""
        return deepcopy(DEFAULT_SECTIONS | self.opened.settings.raw)

    @property
    def info(self) -> dict[str, Any]:
        """The table `[info]`."""
        given: dict[str, Any] = self.config.get("info", {})
        return {"version": DEFAULT_VERSION} | given

    @property
    def version(self) -> str:
        return str(self.info["version"])

    @cached_property
    def logger(self) -> logging.Logger:
        """The logger named in `[log]`, untouched."""
        return logging.getLogger(self.opened.settings.log.name)

    @property
    def faults(self) -> list[str]:
        """What is wrong without keeping the rest from working, a sentence each: odd settings, broken scripts and classes.

        Raises ConfigError for scripts whose paths do not fit together.
        """
        scripts = [fault for spec in self.opened.pipeline.specs if (fault := told_fault(spec))]
        missing = [fault] if (fault := pattern_fault(self.opened)) else []
        return [*missing, *self.opened.settings.warnings, *dict.fromkeys(scripts), *self.classes.faults()]

    def graph(self) -> Graph:
        """The pipeline as a picture: what is made from what by which step."""
        return graph_of(self.opened.pipeline)

    @property
    def steps(self) -> StepCollectionUnit:
        """The steps of all records."""
        return self.steps_of(self.records)

    def steps_of(self, model: Any) -> StepCollectionUnit:
        """The steps of a record or of a collection."""
        return StepCollectionUnit(model) if self.is_unit_mode else StepCollection(model)

    def script_class(self, script: str) -> Any:
        """The class `Script` of a file below the scripts folder, as it is now.

        Raises what the file raises, ScriptError where there is no such class.
        """
        with SinagotNames().installed(), self._loader.loaded(self.scripts_path, script) as script_class:
            return script_class

    def as_dataset(self, sources: Sequence[str] = ()) -> "Dataset":
        """Its records as rows of a dataset, the files of its steps as the sources: all of them, or those that are named.

        Raises WorkspaceError without a data folder, UnknownSourceError (a KeyError).
        """
        return table_of(self.opened, sources)

    def dataset(self, name: str) -> "pd.DataFrame":
        """What a service has published under this name: the one of `service=`, else of a `sinagotd.toml` beside the settings.

        Raises ConfigError for a name that it does not have, DatasetError for what is not published yet.
        """
        return published(name, self._service or self.config_path.parent)

    def close(self) -> None:
        """Nothing is held between calls: this is for those who are used to it, and for `with`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def values(self) -> Iterator[RecordUnit]:
        """Its records."""
        return iter(self.records)

    def __iter__(self) -> Iterator[RecordUnit]:
        return self.values()

    def __len__(self) -> int:
        return len(self.records)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, record: object) -> bool:
        return record in self.records

    def __getitem__(self, record_id: str) -> Any:
        return self.records[record_id]

    def __getattr__(self, name: str) -> Any:
        declared = (*self.__dict__.get("tasks", ()), *self.__dict__.get("modalities", ()))
        if name in declared:
            return getattr(self.records, name)
        raise no_attribute(self, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tasks, *self.modalities]

    def _ipython_key_completions_(self) -> list[str]:
        ids: list[str] = self.records.ids()
        return ids

    def _repr_html_(self) -> str:
        with suppress(ConfigError):  # the table says it, too
            table = self.records._repr_html_()
            faults = [fault for fault in self.faults if escape(fault) not in table]
            return f"<h4>{escape(str(self.config_path))}</h4>{paragraphs(faults)}{table}"
        return super()._repr_html_()

    def _plain_classes(self) -> dict[str, type]:
        if self.is_unit_mode:
            return {RECORD: self._record_unit_class, COLLECTION: self._record_collection_unit_class}
        return {RECORD: self._record_class, COLLECTION: self._record_collection_class}


def _refuse_missing(config_path: AnyPath | Sequence[AnyPath]) -> None:
    paths = config_path if isinstance(config_path, list | tuple) else [config_path]
    if not all(isinstance(path, str | os.PathLike) for path in paths):
        hint = "give the path of a settings file or of its folder, or a list of such paths"
        raise TypeError(f"config_path = {config_path!r}: {hint}")
    for path in map(config_file, paths):
        if not path.exists():
            hint = "create it, or give the path of a settings file or its folder"
            raise MissingFileError(f"there is no settings file {path}: {hint}")
