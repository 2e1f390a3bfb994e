"""The tables `[datasets.<name>]` of `sinagotd.toml`: what each is made of, where it is published, and when it is built."""

import json
import string
from collections.abc import Iterator
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from sinagotd.core.schedule import Schedule
from sinagotd.settings.quantities import DAY_S, HOUR_S, MINUTE_S, Duration, IntervalOrOff, Size
from sinagotd.settings.schedules import ON_CHANGE, read_schedule
from sinagotd.settings.sections import Flag, LocalPath, LocalPathOrNone, Name, Number, Section, resolve_path

SUFFIXES = (".parquet", ".pq", ".h5", ".hdf5", ".csv", ".pkl", ".pickle")
PARQUET = (".parquet", ".pq", "")
_PLACES = {"name": "name", "date": "2000-01-01"}


def _check_schedule(text: str) -> str:
    read_schedule(text, quiet_s=0.0, at_most_every_s=0.0)
    return text


def _check_plain(tables: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(tables)
    except (TypeError, RecursionError):
        raise ValueError("dates and times are given as text: write them in quotes") from None
    return tables


def _check_filter(levels: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    checked = {}
    for level, wanted in levels.items():
        values = [wanted] if isinstance(wanted, str) else wanted
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
            raise ValueError(f'{level} must be a name or a list of names, such as {level} = ["one", "two"]')
        checked[level] = tuple(values)
    return checked


def _check_output(text: str, info: ValidationInfo) -> str:
    try:
        parts = string.Formatter().parse(text)
        places = {f"{place}{form}{conversion or ''}" for _, place, form, conversion in parts if place is not None}
    except ValueError:
        places = {""}
    if not places <= _PLACES.keys():
        raise ValueError('may hold the places {name} and {date}, and no others: write "{{" for "{"')
    resolved = resolve_path(text, info.context["folder"] if info.context else Path())
    if resolved.name.startswith(".") or resolved.suffix.lower() not in (*SUFFIXES, ""):
        raise ValueError(f"must end with {', '.join(SUFFIXES)}, or be a folder")
    return str(resolved)


Filter = Annotated[dict[str, Any], AfterValidator(_check_filter)]


class DatasetSection(Section):
    """A dataset that is kept up to date: one table of all recordings."""

    roots: tuple[LocalPath, ...] = Field(
        (), description="Folders whose trees (sub-*/ses-*/...) hold the recordings.", examples=[["/srv/lab/study"]]
    )
    workspace: LocalPathOrNone = Field(
        None, description="Instead of roots: a workspace, whose records are the rows and whose files the sources."
    )
    sources: tuple[str, ...] = Field(
        (), description="Tags of sources; all that files are found for if empty.", examples=[["wheel", "scores"]]
    )
    sources_from: tuple[LocalPath, ...] = Field(
        (), description="Python or TOML files with sources of your own.", examples=[["./sources.py"]]
    )
    source: Annotated[dict[str, dict[str, Any]], AfterValidator(_check_plain)] = Field(
        {}, description="Sources declared here, as in a TOML file of sources: a table [datasets.<name>.source.<tag>]."
    )
    include: Filter = Field(
        {}, description="Only rows with these names in these levels.", examples=[{"subject": ["S01", "S02"]}]
    )
    exclude: Filter = Field(
        {}, description="No rows with these names in these levels.", examples=[{"session": "pilot"}]
    )
    output: Annotated[str, AfterValidator(_check_output)] = Field(
        description="The file, or for parquet the folder, that is published; {name} and {date} are filled in.",
        examples=["./tables/{name}.parquet"],
    )
    format: Literal["auto", "parquet", "hdf5", "csv", "pickle"] = Field(
        "auto", description='"parquet", "hdf5", "csv" or "pickle"; "auto" goes by the ending of the output.'
    )
    schedule: Annotated[str, AfterValidator(_check_schedule)] = Field(
        ON_CHANGE,
        description='When it is built: "on-change", an interval such as "15min", a cron line such as '
        '"0 3 * * mon-fri Europe/Paris", or "off" for only by command.',
    )
    quiet: Duration = Field(30.0, description="On change: build when nothing has changed for this long.")
    at_most_every: Duration = Field(MINUTE_S, description="On change: the least time between two builds.")
    strict: Flag = Field(
        default=False, description="Publish nothing while a cell cannot be loaded: the last good version stays."
    )
    keep: Number = Field(3, description="Older versions that are kept.")
    partition_by: tuple[str, ...] = Field(
        (), description="Levels by which a folder of parquet files is divided.", examples=[["Subject"]]
    )
    timeout: IntervalOrOff = Field(6 * HOUR_S, description='The longest that a build may take; "off" for no limit.')
    cell_timeout: IntervalOrOff = Field(
        10 * MINUTE_S, description='The longest that loading one file may take; "off" for no limit.'
    )
    verify: IntervalOrOff = Field(
        DAY_S, description='How often a sample of rows is built from scratch and compared; "off" for never.'
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = []
        if bool(self.roots) == bool(self.workspace):
            faults.append("needs either roots or a workspace")
        is_parquet = self.format == "parquet" or (self.format == "auto" and Path(self.output).suffix in PARQUET)
        if self.partition_by and not is_parquet:
            faults.append("partition_by is for parquet: take it out, or change output or format")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def when(self) -> Schedule:
        return read_schedule(self.schedule, quiet_s=self.quiet, at_most_every_s=self.at_most_every)

    def output_for(self, name: str, today: date) -> Path:
        """Where it is published when its name and the day are filled in."""
        return Path(self.output.format(name=name, date=today.isoformat()))

    def home_for(self, name: str) -> Path:
        """The folder of the output; above every folder that is named after the day."""
        path = Path(self.output)
        dated = [place for place in path.parents if "{date}" in place.name]
        return Path(str(dated[-1].parent if dated else path.parent).format(name=name))


class CellSettings(Section):
    """Loaded cells of datasets, kept so that no file is loaded twice."""

    folder: LocalPathOrNone = Field(
        None, description="One folder for all datasets; if empty, .sinagotd beside each output."
    )
    size: Size = Field(5 * 1024**3, description="The most they may take; those not used for longest go first.")


def check_outputs(datasets: dict[str, DatasetSection]) -> dict[str, DatasetSection]:
    """Raise ValueError where one dataset would be published over another, or inside it."""
    if clashes := list(_clashes(datasets)):
        raise ValueError("; ".join(clashes))
    return datasets


def _clashes(datasets: dict[str, DatasetSection]) -> Iterator[str]:
    outputs = {name: section.output_for(name, date(2000, 1, 1)) for name, section in datasets.items()}
    for (one, its), (other, path) in permutations(outputs.items(), 2):
        if its == path and one < other:
            yield f"{one} and {other} have the same output, {its}: give each its own"
        elif path in its.parents:
            yield f"the output of {one} lies in that of {other}, {path}: give each its own"


Datasets = Annotated[dict[Name, DatasetSection], AfterValidator(check_outputs)]
