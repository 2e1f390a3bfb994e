"""`sinagotd dataset verify`: build from scratch and compare with what is published, cell for cell."""

from collections.abc import Iterator
from pathlib import Path

import click
from rich.text import Text

from sinagotd.cli.dataset_build import BAD, done
from sinagotd.cli.dataset_choosing import dataset_argument, the_dataset
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.daemon.datasets.jobs import Errand, Report


@click.command()
@dataset_argument
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), default=1.0, help="The share of rows to look at.")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(name: str, config: Path | None, share: float, *, as_json: bool) -> int:
    """Build a dataset from scratch, aside, and compare it with what is published; 1 if a cell differs."""
    report = done(the_dataset(name, config), Errand.CHECK, share)
    if as_json:
        print_json({"dataset": name} | report)
    else:
        print_lines(make_console(), _lines(name, report))
    return int(report["status"] in BAD)


def _lines(name: str, report: Report) -> Iterator[Text]:
    status = report["status"]
    yield line(styled(name, "bold"), "  ", styled(status, "red" if status in BAD else "green"), f"  {report['why']}")
    yield from (line("  ", styled("differs", "red"), f" {each}") for each in report.get("cells", ()))
