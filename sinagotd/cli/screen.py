"""Where commands print: a console that takes text as it is and colours only terminals, and JSON. Decides nothing."""

import json
import sys
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from sinagotd.cli.text import printable
from sinagotd.core.states import State

UNBOUNDED_WIDTH = 100_000

STYLES = {
    State.WAITING: "dim",
    State.BLOCKED: "dim",
    State.STALE: "yellow",
    State.QUEUED: "cyan",
    State.RUNNING: "bold cyan",
    State.CURRENT: "green",
    State.FAILED: "red",
    State.QUARANTINED: "bold red",
    State.HELD: "magenta",
}


def make_console() -> Console:
    """A console on stdout. NO_COLOR is respected; in a pipe no line is cut or wrapped, and nothing is coloured."""
    width = None if sys.stdout.isatty() else UNBOUNDED_WIDTH
    return Console(markup=False, highlight=False, emoji=False, width=width)


def state_word(state: State) -> Text:
    return Text(state.value, style=STYLES[state])


def styled(text: str, style: str) -> Text:
    """Text from anywhere, made printable, in this style."""
    return Text(printable(text), style=style)


def line(*parts: str | Text) -> Text:
    """One line of parts; a part that is a str may come from anywhere and is made printable."""
    return Text.assemble(*(part if isinstance(part, Text) else printable(part) for part in parts))


def print_lines(console: Console, lines: Iterable[Text | str]) -> None:
    for each in lines:
        console.print(line(each), soft_wrap=True)


def print_json(document: Any) -> None:
    """Print one JSON document, plain ASCII."""
    click.echo(json.dumps(document, indent=2))
