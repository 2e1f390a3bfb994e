"""`sinagotd dataset build FOLDER`: a folder into one file, without a service. Keeps no versions."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from sinagotd.cli.dataset_targets import PATH, folder_options, is_folder, open_folder
from sinagotd.cli.faults import INPUT_FAULT, tell
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.text import counted, size, span
from sinagotd.datakit.faults import BuildError
from sinagotd.settings.daemon import DAEMON_FILE_NAME

if TYPE_CHECKING:
    import pandas as pd

Command = Callable[..., Any]
FORMATS = {"parquet": ".parquet", "hdf5": ".h5", "csv": ".csv", "pickle": ".pkl"}


def building_options(command: Command) -> Command:
    """Give a command the options of building a folder."""
    options = [
        click.option("-o", "--output", type=PATH, help="Of a folder: the file to write, by default in its processed/."),
        click.option("-f", "--format", "format_", type=click.Choice(list(FORMATS)), help="Of a folder: the format."),
        click.option("--lenient", is_flag=True, help="Of a folder: leave out what cannot be loaded, and say so."),
        click.option("--workers", type=click.IntRange(1), help="Of a folder: how many processes load it."),
    ]
    return reduce(lambda made, option: option(made), reversed(options), folder_options(command))


def means_folder(name: str, config: Path | None) -> bool:
    """Whether a name is that of a folder to build, and not of a dataset of the service here."""
    is_path = os.sep in name or name in (".", "..", "~") or not Path(DAEMON_FILE_NAME).is_file()
    return config is None and is_path and is_folder(Path(name))


def refuse_folder_options(name: str, asked: dict[str, Any]) -> None:
    """Raises UsageError when an option was given that says nothing to a dataset of the service."""
    given = [param.opts[-1] for param in click.get_current_context().command.params if asked.get(param.name or "")]
    if given:
        raise click.UsageError(f"{', '.join(given)}: only for a folder, and {name} is none")


def build_folder(root: Path, asked: dict[str, Any], *, as_json: bool) -> int:
    """Build a folder and say what came of it; 1 if a cell could not be loaded. Raises DatasetError."""
    began_at = time.monotonic()
    format_, strict, workers = asked["format_"], not asked["lenient"], asked["workers"]
    output = asked["output"] or _default_output(root, format_ or "parquet")
    dataset = open_folder(root, asked)
    try:
        path, failed = dataset.save(
            output, format=format_, strict=strict, return_errors=True, progress=sys.stderr.isatty(), workers=workers
        )
    except BuildError as fault:
        said = str(fault).replace("strict=False", "--lenient")
        tell(*said.replace("all in .records", f"which `sinagotd dataset validate {root}` names").splitlines())
        return INPUT_FAULT
    report = {
        "output": str(path),
        "size_bytes": path.stat().st_size,
        "rows": len(dataset),
        "failed": list(_failed(failed, dataset.roots)),
        "problems": dataset.problems["message"].unique().tolist(),
        "took_s": time.monotonic() - began_at,
    }
    if as_json:
        print_json(report)
    else:
        print_lines(make_console(), _lines(report))
    return int(bool(report["failed"]))


def _failed(records: "pd.DataFrame", roots: Iterable[Path]) -> Iterator[str]:
    """A sentence for each cell that could not be loaded."""
    from sinagotd.datakit.records import relative  # noqa: PLC0415 - pandas comes with it

    for source, path, message in zip(records["Source"], records["path"], records["message"], strict=True):
        yield f"{source}, {relative(path, [*map(str, roots)])}: {message}"


def _lines(report: dict[str, Any]) -> Iterator[Text]:
    yield from (line(styled("problem", "yellow"), f"  {each}") for each in report["problems"])
    yield from (line(styled("failed", "red"), f"   {each}") for each in report["failed"])
    rows, took = counted(report["rows"], "row"), span(report["took_s"])
    yield line(f"{report['output']}: {rows}, {size(report['size_bytes'])}, in {took}")


def _default_output(root: Path, format_: str) -> Path:
    day = time.strftime("%y%m%d")
    return root.expanduser() / "processed" / f"{day}_dataset{FORMATS[format_]}"
