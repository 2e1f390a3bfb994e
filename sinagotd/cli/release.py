"""`sinagotd release`: the end of a hold."""

from collections.abc import Sequence

import click

from sinagotd.cli.choosing import ask_and_tell, asking_command, choose
from sinagotd.cli.places import Place


@click.command()
@asking_command
def command(
    places: list[Place], targets: Sequence[str], steps: Sequence[str], *, everything: bool, as_json: bool
) -> int:
    """Let steps run again that were on hold."""
    return ask_and_tell(places, choose("release", targets, steps, everything=everything), as_json=as_json)
