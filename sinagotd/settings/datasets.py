"""The tables `[datasets.<name>]` of `sinagotd.toml`: what each is made of, where it is published, and when it is built."""

import os
import re
from collections.abc import Iterator
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinagotd.settings.kinds import FLAG, NUMBER, PATH, PATH_OR_NONE, TEXT, choice, resolve_path
from sinagotd.settings.quantities import DAY_S, DURATION, HOUR_S, INTERVAL_OR_OFF, MINUTE_S, SIZE
from sinagotd.settings.sections import ANYTHING, Kind, Place, Section, as_table, listed, named, required, setting

if TYPE_CHECKING:
    from sinagotd.core.schedule import Schedule

SUFFIXES = (".parquet", ".pq", ".h5", ".hdf5", ".csv", ".pkl", ".pickle")
PARQUET = (".parquet", ".pq", "")
_PLACES = r"\{name\}|\{date\}|\{\{|\}\}"


def _schedule(text: str, *, quiet_s: float = 0.0, at_most_every_s: float = 0.0) -> "Schedule":
    from sinagotd.settings.schedules import read_schedule  # noqa: PLC0415 - only who has datasets waits for it

    return read_schedule(text, quiet_s=quiet_s, at_most_every_s=at_most_every_s)


def _check_plain(tables: dict[str, Any]) -> None:
    import json  # noqa: PLC0415 - only who declares sources waits for it

    try:
        json.dumps(tables)
    except (TypeError, RecursionError):
        raise ValueError("dates and times are given as text: write them in quotes") from None


def _read_filter(given: Any, _place: Place) -> dict[str, tuple[str, ...]]:
    checked = {}
    for level, wanted in as_table(given).items():
        values = [wanted] if isinstance(wanted, str) else wanted
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
            raise ValueError(f'{level} must be a name or a list of names, such as {level} = ["one", "two"]')
        checked[level] = tuple(values)
    return checked


def _read_output(given: Any, place: Place) -> str:
    text = TEXT.read(given, place)
    if set("{}") & set(re.sub(_PLACES, "", text)):
        raise ValueError('may hold the places {name} and {date}, and no others: write "{{" for "{"')
    resolved = resolve_path(text, place.folder)
    if resolved.name.startswith(".") or resolved.suffix.lower() not in (*SUFFIXES, ""):
        raise ValueError(f"must end with {', '.join(SUFFIXES)}, or be a folder")
    return str(resolved)


class DatasetSection(Section):
    """A dataset that is kept up to date: one table of all recordings."""

    roots: tuple[Path, ...] = setting(
        listed(PATH), (), "Folders whose trees (sub-*/ses-*/...) hold the recordings.", example=["/srv/lab/study"]
    )
    workspace: Path | None = setting(
        PATH_OR_NONE, None, "Instead of roots: a workspace, whose records are the rows and whose files the sources."
    )
    sources: tuple[str, ...] = setting(
        listed(TEXT), (), "Tags of sources; all that files are found for if empty.", example=["wheel", "scores"]
    )
    sources_from: tuple[Path, ...] = setting(
        listed(PATH), (), "Python or TOML files with sources of your own.", example=["./sources.py"]
    )
    source: dict[str, dict[str, Any]] = setting(
        named(named(ANYTHING)).checked(_check_plain),
        {},
        "Sources declared here, as in a TOML file of sources: a table [datasets.<name>.source.<tag>].",
    )
    include: dict[str, tuple[str, ...]] = setting(
        Kind(_read_filter), {}, "Only rows with these names in these levels.", example={"subject": ["S01", "S02"]}
    )
    exclude: dict[str, tuple[str, ...]] = setting(
        Kind(_read_filter), {}, "No rows with these names in these levels.", example={"session": "pilot"}
    )
    output: str = required(
        Kind(_read_output),
        "The file, or for parquet the folder, that is published; {name} and {date} are filled in.",
        example="./tables/{name}.parquet",
    )
    format: str = setting(
        choice("auto", "parquet", "hdf5", "csv", "pickle"),
        "auto",
        '"parquet", "hdf5", "csv" or "pickle"; "auto" goes by the ending of the output.',
    )
    schedule: str = setting(
        TEXT.checked(_schedule),
        "on-change",
        'When it is built: "on-change", an interval such as "15min", a cron line such as '
        '"0 3 * * mon-fri Europe/Paris", or "off" for only by command.',
    )
    quiet: float = setting(DURATION, 30.0, "On change: build when nothing has changed for this long.")
    at_most_every: float = setting(DURATION, MINUTE_S, "On change: the least time between two builds.")
    strict: bool = setting(
        FLAG, default=False, text="Publish nothing while a cell cannot be loaded: the last good version stays."
    )
    keep: int = setting(NUMBER, 3, "Older versions that are kept.")
    partition_by: tuple[str, ...] = setting(
        listed(TEXT), (), "Levels by which a folder of parquet files is divided.", example=["Subject"]
    )
    timeout: float | None = setting(
        INTERVAL_OR_OFF, 6 * HOUR_S, 'The longest that a build may take; "off" for no limit.'
    )
    cell_timeout: float | None = setting(
        INTERVAL_OR_OFF, 10 * MINUTE_S, 'The longest that loading one file may take; "off" for no limit.'
    )
    verify: float | None = setting(
        INTERVAL_OR_OFF, DAY_S, 'How often a sample of rows is built from scratch and compared; "off" for never.'
    )

    def check(self) -> None:
        faults = []
        if bool(self.roots) == bool(self.workspace):
            faults.append("needs either roots or a workspace")
        is_parquet = self.format == "parquet" or (self.format == "auto" and Path(self.output).suffix in PARQUET)
        if self.partition_by and not is_parquet:
            faults.append("partition_by is for parquet: take it out, or change output or format")
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def when(self) -> "Schedule":
        return _schedule(self.schedule, quiet_s=self.quiet, at_most_every_s=self.at_most_every)

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

    folder: Path | None = setting(
        PATH_OR_NONE, None, "One folder for all datasets; if empty, .sinagotd beside each output."
    )
    size: int = setting(SIZE, 5 * 1024**3, "The most they may take; those not used for longest go first.")


def check_outputs(datasets: dict[str, DatasetSection]) -> None:
    """Raise ValueError where one dataset would be published over another, or inside it."""
    if clashes := list(_clashes(datasets)):
        raise ValueError("; ".join(clashes))


def _clashes(datasets: dict[str, DatasetSection]) -> Iterator[str]:
    outputs = {name: _real(section.output_for(name, date(2000, 1, 1))) for name, section in datasets.items()}
    for (one, its), (other, path) in permutations(outputs.items(), 2):
        if its == path and one < other:
            yield f"{one} and {other} have the same output, {its}: give each its own"
        elif its.with_suffix("") == path.with_suffix("") and one < other:
            yield f"{one} and {other} would list their versions in one file, {its.stem}.versions.json: name one otherwise"
        elif path in its.parents:
            yield f"the output of {one} lies in that of {other}, {path}: give each its own"


def _real(output: Path) -> Path:
    """One name for an output, whichever links lead to its folder."""
    return Path(os.path.realpath(output.parent), output.name)
