"""`sinagotd retry`: failed steps are tried again, whatever their backoff or quarantine; with --force any step is run."""

from collections.abc import Sequence
from typing import Any

import click

from sinagotd.cli.choosing import ask_and_tell, asking_command, choose
from sinagotd.cli.places import Place


@click.command()
@asking_command
@click.option("--force", is_flag=True, help="Run the steps whatever their state, also over outputs edited by hand.")
def command(places: list[Place], targets: Sequence[str], steps: Sequence[str], *, as_json: bool, **how: Any) -> int:
    """Try failed steps again now, or with --force run any step again."""
    return ask_and_tell(places, choose("retry", targets, steps, **how), as_json=as_json)
