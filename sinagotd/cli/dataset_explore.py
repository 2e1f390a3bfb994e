"""`sinagotd dataset explore`: what a folder or a saved file holds, as tables, JSON or a picture."""

from pathlib import Path
from typing import Any

import click

from sinagotd.cli.dataset_targets import PATH, is_folder, open_folder, target_argument
from sinagotd.cli.places import JSON_HELP


@click.command()
@target_argument
@click.option("--plot", type=PATH, metavar="FILE", help="Draw sources by subjects into an .svg or .png too.")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(target: Path, *, hdf_key: str, trust: bool, plot: Path | None, as_json: bool, **asked: Any) -> int:
    """Show what a folder or a saved file holds."""
    from sinagotd.datakit.exploring import explore  # noqa: PLC0415 - pandas comes with it

    looked_at = open_folder(target, asked) if is_folder(target) else target
    report = explore(looked_at, print_output=not as_json, hdf_key=hdf_key, trust=trust)
    if as_json:
        click.echo(report.to_json())
    if plot is not None:
        report.plot(plot)
    return 0
