"""`sinagotd dataset`: what its commands do; each is a module `dataset_<name>` beside this one."""

import click

from sinagotd.cli.lazy import LazyGroup

COMMANDS = {
    "list": "List the datasets of the service and how they stand.",
    "build": "Bring a dataset up to date now: only what changed is loaded.",
    "status": "Show how a dataset stands: versions, the last build, problems.",
    "diff": "Show which cells differ between versions A and B, and why.",
    "rollback": "Publish an older version again; it stays until something changes.",
    "verify": "Build a dataset from scratch, aside, and compare it with what is published.",
    "validate": "Load every cell of a folder and tell which cannot be; or read a saved file to its end.",
    "inspect": "Show for how many rows of a folder or a saved file each source is there.",
    "explore": "Show what a folder or a saved file holds.",
    "profile": "Show what a saved file costs in memory, by source, column and cell.",
    "shell": "Open a Python prompt with a folder or a saved file at hand.",
    "convert": "Write a saved file in another format.",
}


@click.group(cls=LazyGroup, does=COMMANDS, prefix="dataset_")
def command() -> None:
    """Build datasets, keep their versions, and see what changed in them."""
