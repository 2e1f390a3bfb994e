"""A group of commands that knows their names and what they do, and imports only the one that is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from sinagotd.collecting import no_collecting


class LazyGroup(click.Group):
    """`does` says of each command what it does; it is the object `command` in the module `<prefix><name>` beside this one."""

    def __init__(self, *args: Any, does: Mapping[str, str], prefix: str = "", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._does = does
        self._prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self._does)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in self._does:
            return None
        with no_collecting():
            command: click.Command = import_module(f"sinagotd.cli.{self._prefix}{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click does it; a misspelt name is told with the nearest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as fault:
            from sinagotd.settings.faults import did_you_mean  # noqa: PLC0415 - nobody else pays for what is misspelt

            near = did_you_mean(args[0], self._does)
            raise click.UsageError(f"{fault.message.rstrip('.')}{near}", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self._does.items()))
