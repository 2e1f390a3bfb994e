"""`sinagotd dataset diff`: which cells differ between two versions, and why."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from sinagotd.cli.dataset_choosing import Chosen, dataset_argument, the_dataset, version_at
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.text import counted
from sinagotd.errors import DatasetError

if TYPE_CHECKING:
    from sinagotd.datakit.builds.diffing import Change


@click.command()
@dataset_argument
@click.argument("versions", nargs=-1, type=click.IntRange(min=1), metavar="[A B]")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(name: str, config: Path | None, versions: Sequence[int], *, as_json: bool) -> int:
    """Show which cells differ between versions A and B, and why.

    Without B it is the latest version, without A the one before it.
    """
    from sinagotd.datakit.builds.diffing import diff  # noqa: PLC0415 - pyarrow comes with it

    chosen = the_dataset(name, config)
    old, new = _pair(chosen, versions)
    found = diff(chosen.output, old, new)
    if as_json:
        print_json({"dataset": name, "from": old, "to": new, "cells": [_document(each) for each in found]})
    else:
        print_lines(make_console(), _lines(name, old, new, found))
    return 0


def _pair(chosen: Chosen, versions: Sequence[int]) -> tuple[int, int]:
    if len(versions) > 2:
        raise click.UsageError("name two versions at most")
    latest, kept = version_at(chosen.output)
    if len(versions) == 2:
        return versions[0], versions[1]
    if versions:
        return versions[0], latest
    older = [number for number in kept if number < latest]
    if not older:
        there = f"no version before {latest} is kept, name two" if kept else "nothing is published yet"
        raise DatasetError(f"dataset {chosen.name!r}: {there}")
    return max(older), latest


def _document(change: "Change") -> dict[str, object]:
    causes = [cause.value for cause in change.causes]
    return {"row": list(change.row), "source": change.source, "causes": causes, "detail": change.detail}


def _lines(name: str, old: int, new: int, found: "Sequence[Change]") -> Iterator[Text]:
    what = f"from version {old} to {new}: {counted(len(found), 'cell')}"
    yield line(styled(name, "bold"), f"  {what}")
    for change in found:
        why = ", ".join(cause.value for cause in change.causes) + (f" ({change.detail})" if change.detail else "")
        yield line(f"  {' '.join(change.row)}  {change.source}  ", styled(why, "yellow"))
