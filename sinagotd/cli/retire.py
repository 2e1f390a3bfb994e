"""`sinagotd retire`: a person knows that raw files are gone for good."""

from collections.abc import Sequence

import click

from sinagotd.cli.choosing import ask_and_tell, asking_command, choose
from sinagotd.cli.places import Place


@click.command()
@asking_command
def command(
    places: list[Place], targets: Sequence[str], steps: Sequence[str], *, everything: bool, as_json: bool
) -> int:
    """Believe that raw files are gone, however many, and retire their records."""
    return ask_and_tell(places, choose("retire", targets, steps, everything=everything), as_json=as_json)
