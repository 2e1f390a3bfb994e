"""`sinagotd accept`: a person says that what is there is right."""

from collections.abc import Sequence

import click

from sinagotd.cli.choosing import ask_and_tell, asking_command, choose
from sinagotd.cli.places import Place


@click.command()
@asking_command
def command(
    places: list[Place], targets: Sequence[str], steps: Sequence[str], *, everything: bool, as_json: bool
) -> int:
    """Take steps for current with the outputs they have, without a run."""
    return ask_and_tell(places, choose("accept", targets, steps, everything=everything), as_json=as_json)
