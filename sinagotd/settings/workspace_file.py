"""The tables of `workspace.toml` as they are written: Sinagot's keys, also those that nothing reads, and our own."""

import logging
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from sinagotd.core.ids import IdPattern
from sinagotd.settings.run import RunSettings
from sinagotd.settings.sections import Labels, LocalPath, LogLevel, Name, Section
from sinagotd.settings.watch import WatchSettings

SCHEDULERS = Literal[
    "processes", "multiprocessing", "threads", "threading", "single-threaded", "synchronous", "sync", "distributed"
]


def _check_pattern(pattern: str) -> str:
    IdPattern(pattern)
    return pattern


def _check_format(text: str) -> str:
    try:
        logging.Formatter(text)
    except ValueError as fault:
        raise ValueError('must be a format of Python\'s logging, such as "%(asctime)s : %(message)s"') from fault
    return text


class PathSection(Section):
    """Folders, relative to this file's folder."""

    dataset: LocalPath | None = Field(None, description="The data folder.", examples=["./dataset"])
    scripts: LocalPath | None = Field(None, description="The scripts folder.", examples=["./scripts"])
    state: LocalPath | None = Field(
        None,
        description="Where the manifest is kept; it needs a local disk, so move it if the data folder is a network mount.",
        examples=["./dataset/.sinagotd"],
    )


class RecordsSection(Section):
    """What a record is."""

    id_pattern: Annotated[str, AfterValidator(_check_pattern)] = Field(
        description="The regular expression that a whole id matches; its named groups are placeholders for paths.",
        examples=["REC-[0-9]{8}"],
    )
    file_match: Any = None


class StepsSection(Section):
    """The scripts of every record, in their order; only without tasks and modalities."""

    scripts: Labels = Field(
        (), description='Names of files in the scripts folder, without ".py".', examples=[["count"]]
    )


class TaskSection(Section):
    """A task: what was done while recording."""

    modalities: tuple[Name, ...] = Field(description="The modalities that exist for this task.", examples=[["EEG"]])


class ModelsSection(Section):
    """Which classes a notebook gets for this modality."""

    plugin: Literal["pandas", "processed"] | None = None
    record: str | None = None
    data_path: tuple[str, ...] | None = None
    dataframe_path: Any = None


class ModalitySection(Section):
    """A modality: a kind of data, with its scripts in scripts/<modality>."""

    scripts: Labels = Field((), description="Scripts for every task, in their order.", examples=[["preprocess"]])
    task_scripts: dict[Name, Labels] = Field(
        {}, description="Further scripts for single tasks, after the others.", examples=[{"RS": ["alpha"]}]
    )
    models: ModelsSection = ModelsSection.defaults()
    file_match: Any = None
    record_collection: Any = None


class LogSettings(Section):
    """What a notebook's logger says."""

    name: str = Field("sinagot", description="The logger's name.")
    format: Annotated[str, AfterValidator(_check_format)] = Field(
        "%(asctime)s : %(message)s", description="The form of a line."
    )
    level: LogLevel = Field("INFO", description="The least level that is shown.")


class SchedulerSection(Section):
    """Where a notebook in `run.mode = "dask"` runs steps."""

    type: SCHEDULERS = "processes"


class DaskSection(Section):
    """Dask in a notebook; the service has `[cluster]` in its own file."""

    scheduler: SchedulerSection = SchedulerSection.defaults()
    cluster: dict[str, Any] = Field({})


class ProcessedSection(Section):
    """A result that the plugin `processed` offers."""

    task: str = Field(examples=["RS"])
    modality: str = Field(examples=["EEG"])
    step_label: str = Field(examples=["alpha"])
    path_label: str | None = None
    data_getter: Literal["single_data", "dataframe_from_csv", "series_from_csv"] = "single_data"
    data_type: Literal["str", "float", "int"] | None = None
    columns: tuple[str, ...] | None = None


class WorkspaceFile(Section):
    """Settings of a workspace."""

    info: dict[str, Any] = Field({})
    path: PathSection = PathSection.defaults()
    records: RecordsSection
    steps: StepsSection = StepsSection.defaults()
    tasks: dict[Name, TaskSection] = Field({}, description="Tasks, in their order.", examples=["RS"])
    modalities: dict[Name, ModalitySection] = Field(
        {}, description="Modalities, in the order in which they run.", examples=["EEG"]
    )
    run: RunSettings = RunSettings.defaults()
    watch: WatchSettings = WatchSettings.defaults()
    log: LogSettings = LogSettings.defaults()
    dask: DaskSection = DaskSection.defaults()
    processed: dict[Name, ProcessedSection] = Field({})
