"""What the commands on folders and saved files have in common: arguments, options, and how a folder is opened. Prints nothing."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sinagotd.datakit.faults import SourceError
from sinagotd.errors import ConfigError, DatasetError
from sinagotd.settings.faults import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from sinagotd.datakit.dataset import Dataset

Command = Callable[..., Any]
PATH = click.Path(path_type=Path)
LEVELS = ("subject", "session", "task")


def target_argument(command: Command) -> Command:
    """Give a command the argument TARGET, a folder or a saved file, and what opening either needs."""
    return click.argument("target", type=PATH)(reading_options(folder_options(command)))


def reading_options(command: Command) -> Command:
    """Give a command the options --hdf-key and --trust."""
    key = click.option("--hdf-key", default="dataset", show_default=True, help="Where in an HDF5 file.")
    trust = click.option("--trust", is_flag=True, help="Run what a pickle holds; only for files made by yourself.")
    return key(trust(command))


def folder_options(command: Command) -> Command:
    """Give a command the options that choose sources and rows of a folder."""
    several: dict[str, Any] = {"multiple": True}
    options = [
        click.option("-t", "--source", "sources", metavar="TAG", help="Only this source.", **several),
        click.option("--sources-from", type=PATH, metavar="FILE", help="Sources of your own, .toml or .py.", **several),
        *(click.option(f"--{level}", f"{level}s", help=f"Only this {level}.", **several) for level in LEVELS),
    ]
    return reduce(lambda made, option: option(made), reversed(options), command)


def open_folder(root: Path, asked: dict[str, Any]) -> "Dataset":
    """The dataset of a folder, with the sources and rows that the options ask for.

    Raises DatasetError for a folder without recordings, an unknown source or value, or a file of sources that cannot be used.
    """
    from sinagotd.datakit.dataset import Dataset  # noqa: PLC0415 - pandas comes with it
    from sinagotd.datakit.registry import Sources  # noqa: PLC0415 - as above

    registry = Sources()
    for file in asked["sources_from"]:
        try:
            registry.add_file(file)
        except SourceError as fault:
            raise ConfigError(*str(fault).splitlines()) from fault
    dataset = Dataset.from_directory(root, sources=list(asked["sources"]) or None, registry=registry)
    chosen = {level: list(values) for level in LEVELS if (values := asked[f"{level}s"])}
    for level, values in chosen.items():
        _check(level, values, getattr(dataset, f"{level}s"))
    return dataset.include(**chosen)


def _check(level: str, values: list[str], there: list[str]) -> None:
    """Raises DatasetError for a value that no row has: who misspells one would look at nothing."""
    unknown = [value for value in values if value not in there]
    if unknown:
        near = did_you_mean(f"{level}-{unknown[0]}", there) or did_you_mean(unknown[0], there)
        raise DatasetError(
            f"no row has the {level} {unknown[0]!r}" + (near or f"; there are {', '.join(there) or 'none'}")
        )


def open_saved(file: Path, *, hdf_key: str, trust: bool) -> "pd.DataFrame":
    """The frame of a saved file. Raises DatasetError for one that is damaged, or a pickle that holds more than data."""
    from sinagotd.datakit import load_dataset  # noqa: PLC0415 - pandas comes with it

    return load_dataset(file, hdf_key=hdf_key, trust=trust)


def is_folder(target: Path) -> bool:
    return target.expanduser().is_dir()
