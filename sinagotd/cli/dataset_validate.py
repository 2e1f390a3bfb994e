"""`sinagotd dataset validate`: which cells of a folder cannot be loaded, or whether a saved file is whole."""

import sys
from pathlib import Path
from typing import Any

import click

from sinagotd.cli.dataset_targets import is_folder, open_folder, open_saved, target_argument
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import print_json
from sinagotd.cli.text import counted

FAILED = "error"
SHOWN = ("Source", "status", "path", "message", "findings")


@click.command()
@target_argument
@click.option(
    "--level", type=click.Choice(["load", "discovery"]), default="load", help="Of a folder: discovery opens no file."
)
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(target: Path, *, level: str, hdf_key: str, trust: bool, as_json: bool, **asked: Any) -> int:
    """Load every cell of a folder and tell which cannot be; or read a saved file to its end."""
    if is_folder(target):
        dataset = open_folder(target, asked)
        records = dataset.validate(level=level, progress=sys.stderr.isatty())  # type: ignore[arg-type]  # one of the two
        problems = dataset.problems.to_dict("records")
    else:
        from sinagotd.datakit import cell_records  # noqa: PLC0415 - pandas comes with it

        records, problems = cell_records(open_saved(target, hdf_key=hdf_key, trust=trust)), []
    if as_json:
        print_json({"cells": _plain(records), "problems": problems})
    else:
        _print(records, problems)
    return int(bool((records["status"] == FAILED).any()))


def _plain(records: Any) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = records.astype(object).where(records.notna(), None).to_dict("records")
    return cells


def _print(records: Any, problems: list[Any]) -> None:
    from sinagotd.datakit.reports.sections import Section, show  # noqa: PLC0415 - pandas comes with it

    levels = list(records.columns)[: list(records.columns).index("Source")]
    telling = records[(records["status"] == FAILED) | records["findings"].notna()][[*levels, *SHOWN]]
    cells = telling.astype(object).where(telling.notna(), "").astype(str).to_numpy().tolist()
    counts = [[status, f"{count:,}"] for status, count in records["status"].value_counts().items()]
    files = list(dict.fromkeys((str(problem["path"]), str(problem["message"])) for problem in problems))
    head = (
        counted(len(records), "cell") if len(records) else "it can be read; what became of its cells it does not tell"
    )
    show([Section(head, (), counts)])
    show([Section("cells to look at", [*levels, *SHOWN], cells)] if cells else [])
    show([Section("files to look at", ("path", "problem"), files)] if files else [])
