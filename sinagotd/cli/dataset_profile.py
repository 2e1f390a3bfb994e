"""`sinagotd dataset profile`: what a saved file costs in memory once it is loaded."""

from pathlib import Path

import click

from sinagotd.cli.dataset_targets import PATH, reading_options
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import line, make_console, print_json, print_lines


@click.command()
@click.argument("file", type=PATH)
@reading_options
@click.option("--verbose", is_flag=True, help="Columns, nested keys and single cells too.")
@click.option("--top-cells", default=20, show_default=True, type=click.IntRange(0), help="How many cells.")
@click.option("--json-file", type=PATH, metavar="FILE", help="Write all figures there.")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(  # noqa: PLR0913 - one parameter per option
    file: Path, *, hdf_key: str, trust: bool, verbose: bool, top_cells: int, json_file: Path | None, as_json: bool
) -> int:
    """Show what a saved file costs in memory, by source, column and cell."""
    from sinagotd.datakit.profile import profile_materialized  # noqa: PLC0415 - pandas comes with it

    report = profile_materialized(file, top_n_cells=top_cells, hdf_key=hdf_key, trust=trust)
    if json_file is not None:
        report.to_json(json_file)
    if as_json:
        print_json(report.to_dict())
        return 0
    told = report.verbose(top_n_cells=top_cells) if verbose else report.summary()
    print_lines(make_console(), (line(each) for each in told.splitlines()))
    return 0
