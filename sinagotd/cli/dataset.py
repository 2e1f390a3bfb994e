"""`sinagotd dataset`: knows the name of each of its commands, and imports only the one that is called."""

from importlib import import_module

import click

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
"""What each command does; it is the object `command` in the module `dataset_<name>` beside this one."""


class Commands(click.Group):
    """The group of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"sinagotd.cli.dataset_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands)
def command() -> None:
    """Build datasets, keep their versions, and see what changed in them."""
