"""`sinagotd dataset list`: the datasets of a service and how they stand."""

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from sinagotd.cli.dataset_choosing import Chosen, all_datasets, config_option, standing
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import make_console, print_json, styled
from sinagotd.cli.text import iso, moment

COLUMNS = ("dataset", "state", "version", "rows", "published", "schedule", "output")
WAITING = {"never built": "yellow", "rolled back": "yellow", "kept": "yellow"}
STYLES = {"current": "green", "failed": "red", "wrong": "bold red", "building": "bold cyan", **WAITING}


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(config: Path | None, *, as_json: bool) -> int:
    """List the datasets of the service and how they stand."""
    rows = [_row(each) for each in all_datasets(config)]
    if as_json:
        print_json(rows)
        return 0
    table = Table(*COLUMNS, box=None, header_style="bold")
    for row in rows:
        shown = row | {"published": "-" if row["published"] is None else moment(row["published"])}
        table.add_row(*(styled(str(shown[name]), STYLES.get(shown[name], "")) for name in COLUMNS))
    make_console().print(table)
    return 0


def _row(chosen: Chosen) -> dict[str, Any]:
    now, known = standing(chosen), chosen.known
    latest = now.latest
    return {
        "dataset": chosen.name,
        "state": now.state,
        "version": latest.number if latest else 0,
        "rows": latest.rows if latest else 0,
        "published": now.published_at,
        "schedule": chosen.section.schedule,
        "output": str(chosen.output),
        "fault": now.fault,
        "counts": known.counts,
        "succeeded_at": iso(known.succeeded_at),
    }
