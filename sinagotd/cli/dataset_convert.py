"""`sinagotd dataset convert`: a saved file in another format, as an old pickle in Parquet."""

from pathlib import Path

import click

from sinagotd.cli.dataset_targets import PATH, reading_options
from sinagotd.cli.screen import line, make_console, print_lines
from sinagotd.cli.text import size


@click.command()
@click.argument("file", type=PATH)
@click.argument("output", type=PATH)
@click.option("-f", "--format", "format_", help="By default what the suffix says: parquet, hdf5, csv or pickle.")
@reading_options
def command(file: Path, output: Path, *, format_: str | None, hdf_key: str, trust: bool) -> int:
    """Write a saved file in another format."""
    from sinagotd.datakit.saving.formats import choose  # noqa: PLC0415 - it is not needed for help
    from sinagotd.datakit.saving.reading import load_saved  # noqa: PLC0415 - pandas comes with it
    from sinagotd.datakit.saving.writing import save_frame  # noqa: PLC0415 - as above

    chosen = choose(output, format_)
    frame = load_saved(file, hdf_key=hdf_key, trust=trust)
    save_frame(frame, output, format=chosen, hdf_key=hdf_key)
    told = f"{output}: {frame.shape[0]:,} rows, {frame.shape[1]:,} columns, {size(output.expanduser().stat().st_size)}"
    print_lines(make_console(), [line(told)])
    return 0
