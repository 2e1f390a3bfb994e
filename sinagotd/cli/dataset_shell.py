"""`sinagotd dataset shell`: a Python prompt with a dataset at hand."""

from pathlib import Path

import click

from sinagotd.cli.dataset_targets import PATH, reading_options


@click.command()
@click.argument("target", type=PATH, required=False)
@reading_options
def command(target: Path | None, *, hdf_key: str, trust: bool) -> int:
    """Open a Python prompt with a folder or a saved file at hand."""
    from sinagotd.datakit.shell import open_shell  # noqa: PLC0415 - pandas comes with it

    return open_shell(target, hdf_key=hdf_key, trust=trust)
