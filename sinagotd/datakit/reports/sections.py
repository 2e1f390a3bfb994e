"""Tables of text as people read them: on a terminal, in a pipe, in a notebook. Knows nothing of datasets."""

import html
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_COLUMNS = 160


class Section(NamedTuple):
    """A table with a title; without a head it is pairs of words and values."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def show(sections: Iterable[Section]) -> None:
    """Print to stdout: with colours on a terminal, plain and wide in a pipe."""
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE_COLUMNS, no_color=True)
    _print(sections, console)


def as_text(sections: Iterable[Section]) -> str:
    """Plain text without any escape sequence, whatever stdout is."""
    held = io.StringIO()
    _print(sections, Console(file=held, highlight=False, width=PIPE_COLUMNS, no_color=True, force_terminal=False))
    return "\n".join(line.rstrip() for line in held.getvalue().splitlines())


def as_html(sections: Iterable[Section]) -> str:
    """Tables for a notebook."""
    return "".join(
        f"<h4>{_escaped(title)}</h4><table>{_head(head)}{_rows(rows)}</table>" for title, head, rows in sections
    )


def printable(text: object) -> str:
    """One line without anything that a terminal would act upon."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(text))


def _print(sections: Iterable[Section], console: Console) -> None:
    for title, head, rows in sections:
        console.print(Text(printable(title), style="bold"), soft_wrap=True)
        table = Table(box=SIMPLE_HEAD, show_header=bool(head))
        for name in head or [""] * len(rows[0] if rows else ()):
            table.add_column(Text(name), overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(value)) for value in row))
        console.print(table)


def _head(head: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<th>{_escaped(name)}</th>' for name in head)}</tr>" if head else ""


def _rows(rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"<tr>{''.join(f'<td>{_escaped(value)}</td>' for value in row)}</tr>" for row in rows)


def _escaped(text: object) -> str:
    return html.escape(printable(text))
