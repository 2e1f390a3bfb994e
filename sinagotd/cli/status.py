"""`sinagotd status`: how every step of every record stands, once or live."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console, Group

from sinagotd.cli.matrix import Frame, picture
from sinagotd.cli.places import JSON_HELP, Place, on_places, workspace_argument
from sinagotd.cli.screen import make_console, print_json
from sinagotd.cli.text import iso, key_columns
from sinagotd.cli.viewing import View, Viewer, viewer
from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.manifest.rows import Standing

REFRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person wants to see."""

    records: tuple[str, ...]
    states: tuple[str, ...]
    everything: bool
    watch: bool
    as_json: bool

    def pick(self, view: View) -> dict[StepKey, Standing]:
        states = set(self.states) or set(State)
        return {key: standing for key, standing in view.steps.items() if standing.state in states}


@click.command()
@workspace_argument
@click.option("--record", "records", multiple=True, metavar="ID", help="Only this record; may be given several times.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in State]),
    help="Only steps in this state.",
)
@click.option("--all", "everything", is_flag=True, help="Show all records, however many.")
@click.option("--watch", is_flag=True, help="Keep showing until interrupted.")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
@on_places
def command(places: list[Place], **wanted: Any) -> int:
    """Show how every step of every record stands."""
    want = Wanted(**wanted)
    if want.watch and want.as_json:
        raise click.UsageError("--watch shows a picture that changes: leave out --json")
    with ExitStack() as stack:
        viewers = [stack.enter_context(viewer(place)) for place in places]
        if want.watch:
            _watch(viewers, want)
            return 0
        views = look(viewers, want.records)
    if want.as_json:
        print_json([row for view in views for row in _rows(view, want)])
    else:
        console = make_console()
        console.print(_pictures(views, want, console))
    return 0


def look(viewers: Sequence[Viewer], records: Sequence[str]) -> list[View]:
    """One view of each place. Raises WorkspaceError for a record that is not there."""
    return [each.view(records) for each in viewers]


def _rows(view: View, want: Wanted) -> Iterator[dict[str, Any]]:
    for key, standing in want.pick(view).items():
        yield key_columns(view.place.name, key) | {
            "state": standing.state.value,
            "code": standing.state.code,
            "reason": standing.reason.lower(),
            "why": standing.sentence,
            "since": iso(standing.since),
            "until": iso(standing.until),
        }


def _pictures(views: Sequence[View], want: Wanted, console: Console) -> Group:
    bounded = console.is_terminal and not want.everything
    frame = Frame(console.width, console.height // len(views) if bounded else None)
    as_list = bool(want.records or want.states)
    return Group(*(picture(view, want.pick(view), frame, as_list=as_list) for view in views))


def _watch(viewers: Sequence[Viewer], want: Wanted) -> None:
    console = make_console()
    with suppress(KeyboardInterrupt), _shown_live(console) as show:
        while True:
            show(_pictures(look(viewers, want.records), want, console))
            time.sleep(REFRESH_S)


@contextmanager
def _shown_live(console: Console) -> Iterator[Callable[[Group], None]]:
    """On a terminal each picture replaces the one before; in a pipe they follow each other."""
    if not console.is_terminal:
        yield console.print
        return
    from rich.live import Live  # noqa: PLC0415 - only a watcher pays for it

    with Live(console=console, auto_refresh=False, screen=True) as live:
        yield lambda group: live.update(group, refresh=True)
