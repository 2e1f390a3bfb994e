"""`sinagotd manifest check`: whether the memory of a workspace is whole."""

from typing import Any

import click

from sinagotd.cli.places import JSON_HELP, Place, on_places, workspace_argument
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.text import counted, size
from sinagotd.manifest.check import CheckReport
from sinagotd.manifest.check import check as check_manifest


@click.group()
def command() -> None:
    """Look after the manifest of a workspace."""


@command.command("check")
@workspace_argument
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
@on_places
def check(places: list[Place], *, as_json: bool) -> int:
    """Check the manifest from end to end, also while the daemon works on it."""
    reports = [(place, check_manifest(place.state_path)) for place in places]
    if as_json:
        print_json([_row(place, report) for place, report in reports])
    else:
        console = make_console()
        for place, report in reports:
            _print(console, place, report)
    return int(not all(report.ok for _, report in reports))


def _row(place: Place, report: CheckReport) -> dict[str, Any]:
    return {
        "workspace": place.name,
        "path": str(report.path),
        "findings": list(report.findings),
        "version": report.version,
        "size_bytes": report.size_bytes,
        "log_bytes": report.log_bytes,
        "rows": dict(report.rows),
    }


def _print(console: Any, place: Place, report: CheckReport) -> None:
    print_lines(console, [line(styled(place.name, "bold"))])
    print_lines(console, (line("  ", styled("fault", "red"), f"    {each}") for each in report.findings))
    if report.ok:
        rows = ", ".join(f"{counted(count, 'row')} of {table}" for table, count in report.rows)
        print_lines(console, [line("  ", styled("fine", "green"), f"     {size(report.size_bytes)}: {rows}")])
