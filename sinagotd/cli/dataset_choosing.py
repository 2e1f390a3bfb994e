"""Which dataset of which service a command speaks of, and how it stands. Loads no data."""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sinagotd.cli.places import PATH
from sinagotd.daemon.datasets.desk import Desk, Remembered
from sinagotd.daemon.datasets.jobs import KEPT, Errand, Job, job_for
from sinagotd.errors import ConfigError, DatasetError
from sinagotd.settings.daemon import DAEMON_FILE_NAME, DaemonSettings, load_daemon
from sinagotd.settings.datasets import DatasetSection
from sinagotd.settings.faults import did_you_mean

if TYPE_CHECKING:
    from sinagotd.datakit.builds.versions import Listed

Command = Callable[..., Any]

CONFIG_HELP = "The service's settings, sinagotd.toml; by default the one in this folder."


@dataclass(frozen=True, slots=True)
class Chosen:
    """A dataset of a service."""

    name: str
    settings: DaemonSettings

    @property
    def section(self) -> DatasetSection:
        return self.settings.datasets[self.name]

    @property
    def desk(self) -> Desk:
        return Desk.of(self.name, self.section)

    @property
    def known(self) -> Remembered:
        return Remembered.read(self.desk.file)

    @property
    def output(self) -> Path:
        """As it is today."""
        return self.section.output_for(self.name, today())

    def job(self, errand: Errand = Errand.BUILD) -> Job:
        return job_for(self.name, self.settings, today(), errand)

    @property
    def is_being_built(self) -> bool:
        """Whether a process owns the output at this moment."""
        from sinagotd.datakit.builds.home import Home  # noqa: PLC0415 - as whoever builds it does

        try:
            lock = os.open(Home(self.output).folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False


def today() -> date:
    return datetime.now().astimezone().date()


def all_datasets(config: Path | None) -> list[Chosen]:
    """Every dataset of a service, in the order of its file. Raises ConfigError."""
    settings = load_daemon(config or _here())
    return [Chosen(name, settings) for name in settings.datasets]


def the_dataset(name: str, config: Path | None) -> Chosen:
    """The one of this name. Raises ConfigError."""
    datasets = {each.name: each for each in all_datasets(config)}
    if name not in datasets:
        near = did_you_mean(name, datasets)
        there = ", ".join(datasets) or "none"
        raise ConfigError(f"there is no dataset {name!r}{near or f'; there are {there}'}")
    return datasets[name]


def dataset_argument(command: Command) -> Command:
    """Give a command the argument NAME and the option --config."""
    return click.argument("name")(config_option(command))


def config_option(command: Command) -> Command:
    return click.option("--config", type=PATH, help=CONFIG_HELP)(command)


def version_at(output: Path) -> "tuple[int, dict[int, Any]]":
    """The number of the version that readers see, and those that are kept by number. Raises DatasetError."""
    from sinagotd.datakit.builds import versions  # noqa: PLC0415 - it is not needed to choose

    listing = versions.read(output)
    return listing.latest, {version.number: version for version in listing.versions}


def _here() -> Path:
    with suppress(OSError):
        if Path(DAEMON_FILE_NAME).is_file():
            return Path(DAEMON_FILE_NAME)
    raise ConfigError(f"no {DAEMON_FILE_NAME} in {Path.cwd()}: say --config with the settings of the service")


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is one word or two; `fault` says what is wrong; `latest` is what readers see."""

    state: str
    fault: str | None
    latest: "Listed | None"
    versions: "tuple[Listed, ...]"

    @property
    def published_at(self) -> float | None:
        """Epoch seconds."""
        return None if self.latest is None else datetime.fromisoformat(self.latest.when).timestamp()


def standing(chosen: Chosen) -> Standing:
    """Look at one dataset."""
    from sinagotd.datakit.builds import versions  # noqa: PLC0415 - the settings are read first, and may be wrong

    known, fault = chosen.known, None
    try:
        listing = versions.read(chosen.output)
    except DatasetError as damage:
        listing, fault = versions.Listing(0, ()), str(damage)
    latest = next((each for each in listing.versions if each.number == listing.latest), None)
    fault = known.fault or fault
    state = "failed" if fault else "current" if latest else "never built"
    if state == "current" and latest != listing.versions[-1]:
        state = "rolled back"
    if known.report and known.report.get("status") == KEPT and not fault:
        state, fault = KEPT, str(known.report.get("why"))
    if known.check is not None and known.is_wrong:
        state, fault = "wrong", str(known.check.get("why"))
    if latest and (harm := versions.harm(chosen.output, latest.number)):
        state, fault = "failed", f"{chosen.output}: was {harm} by someone; the next build publishes it again"
    return Standing("building" if chosen.is_being_built else state, fault, latest, listing.versions)
