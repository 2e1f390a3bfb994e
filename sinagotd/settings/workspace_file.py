"""The tables of `workspace.toml` as they are written: Sinagot's keys, also those that nothing reads, and our own."""

from pathlib import Path
from typing import Any

from sinagotd.core.ids import IdPattern
from sinagotd.settings.kinds import LABEL, LOG_LEVEL, NAME, PATH, TEXT, choice
from sinagotd.settings.run import RunSettings
from sinagotd.settings.sections import ANYTHING, Section, listed, named, nested, required, setting, table
from sinagotd.settings.watch import WatchSettings

_OPEN_TABLE = named(ANYTHING)
_SCHEDULERS = "processes multiprocessing threads threading single-threaded synchronous sync distributed"


def _check_format(text: str) -> None:
    from logging import Formatter  # noqa: PLC0415 - only who gives a format waits for it

    try:
        Formatter(text)
    except ValueError as fault:
        raise ValueError('must be a format of Python\'s logging, such as "%(asctime)s : %(message)s"') from fault


class PathSection(Section):
    """Folders, relative to this file's folder."""

    dataset: Path | None = setting(PATH, None, "The data folder.", example="./dataset")
    scripts: Path | None = setting(PATH, None, "The scripts folder.", example="./scripts")
    state: Path | None = setting(
        PATH,
        None,
        "Where the manifest is kept; it needs a local disk, so move it if the data folder is a network mount.",
        example="./dataset/.sinagotd",
    )


class RecordsSection(Section):
    """What a record is."""

    id_pattern: str = required(
        TEXT.checked(IdPattern),
        "The regular expression that a whole id matches; its named groups are placeholders for paths.",
        example="REC-[0-9]{8}",
    )
    file_match: Any = setting(ANYTHING, None)


class StepsSection(Section):
    """The scripts of every record, in their order; only without tasks and modalities."""

    scripts: tuple[str, ...] = setting(
        listed(LABEL), (), 'Names of files in the scripts folder, without ".py".', example=["count"]
    )


class TaskSection(Section):
    """A task: what was done while recording."""

    modalities: tuple[str, ...] = required(listed(NAME), "The modalities that exist for this task.", example=["EEG"])


class ModelsSection(Section):
    """Which classes a notebook gets for this modality."""

    plugin: str | None = setting(choice("pandas", "processed"), None)
    record: str | None = setting(TEXT, None)
    data_path: tuple[str, ...] | None = setting(listed(TEXT), None)
    dataframe_path: Any = setting(ANYTHING, None)


class ModalitySection(Section):
    """A modality: a kind of data, with its scripts in scripts/<modality>."""

    scripts: tuple[str, ...] = setting(
        listed(LABEL), (), "Scripts for every task, in their order.", example=["preprocess"]
    )
    task_scripts: dict[str, tuple[str, ...]] = setting(
        named(listed(LABEL), NAME), {}, "Further scripts for single tasks, after the others.", example={"RS": ["alpha"]}
    )
    models: ModelsSection = nested(ModelsSection)
    file_match: Any = setting(ANYTHING, None)
    record_collection: Any = setting(ANYTHING, None)


class LogSettings(Section):
    """What a notebook's logger says."""

    name: str = setting(TEXT, "sinagot", "The logger's name.")
    format: str = setting(TEXT.checked(_check_format), "%(asctime)s : %(message)s", "The form of a line.")
    level: str = setting(LOG_LEVEL, "INFO", "The least level that is shown.")


class SchedulerSection(Section):
    """Where a notebook in `run.mode = "dask"` runs steps."""

    type: str = setting(choice(*_SCHEDULERS.split()), "processes")


class DaskSection(Section):
    """Dask in a notebook; the service has `[cluster]` in its own file."""

    scheduler: SchedulerSection = nested(SchedulerSection)
    cluster: dict[str, Any] = setting(_OPEN_TABLE, {})


class ProcessedSection(Section):
    """A result that the plugin `processed` offers."""

    task: str = required(TEXT, example="RS")
    modality: str = required(TEXT, example="EEG")
    step_label: str = required(TEXT, example="alpha")
    path_label: str | None = setting(TEXT, None)
    data_getter: str = setting(choice("single_data", "dataframe_from_csv", "series_from_csv"), "single_data")
    data_type: str | None = setting(choice("str", "float", "int"), None)
    columns: tuple[str, ...] | None = setting(listed(TEXT), None)


class WorkspaceFile(Section):
    """Settings of a workspace."""

    info: dict[str, Any] = setting(_OPEN_TABLE, {})
    path: PathSection = nested(PathSection)
    records: RecordsSection = required(table(RecordsSection))
    steps: StepsSection = nested(StepsSection)
    tasks: dict[str, TaskSection] = setting(named(table(TaskSection), NAME), {}, "Tasks, in their order.", example="RS")
    modalities: dict[str, ModalitySection] = setting(
        named(table(ModalitySection), NAME), {}, "Modalities, in the order in which they run.", example="EEG"
    )
    run: RunSettings = nested(RunSettings)
    watch: WatchSettings = nested(WatchSettings)
    log: LogSettings = nested(LogSettings)
    dask: DaskSection = nested(DaskSection)
    processed: dict[str, ProcessedSection] = setting(named(table(ProcessedSection), NAME), {})
