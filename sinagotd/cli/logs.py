"""`sinagotd logs`: the events of a workspace as lines; follows them as they come."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.text import Text

from sinagotd.cli.places import Place, on_places, workspace_argument
from sinagotd.cli.screen import line, make_console, print_lines, state_word, styled
from sinagotd.cli.text import iso, moment
from sinagotd.core.states import State
from sinagotd.manifest.reader import open_reader
from sinagotd.manifest.rows import EventRow

LOOK_AGAIN_S = 0.5
MOST_EVENTS = 100_000
STATES = {state.value: state for state in State}
TOLD = ("why", "says")
KNOWN_ANYWAY = ("exception", "reason", "severity")
WIDEST_EVENT = max(map(len, STATES))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events, and how they are printed."""

    follow: bool
    records: tuple[str, ...]
    steps: tuple[str, ...]
    states: tuple[str, ...]
    count: int
    as_json: bool

    def wants(self, event: EventRow) -> bool:
        return (
            (not self.records or event.record in self.records)
            and (not self.steps or bool({event.step, (event.step or "").rpartition("/")[2]} & set(self.steps)))
            and (not self.states or event.event in self.states)
        )


class Told(NamedTuple):
    """An event and the workspace in which it happened."""

    place: Place
    event: EventRow


@click.command()
@workspace_argument
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now, until interrupted.")
@click.option("--record", "records", multiple=True, metavar="ID", help="Only this record; may be given several times.")
@click.option("--step", "steps", multiple=True, metavar="STEP", help="Only this step, by its name or label.")
@click.option("--state", "states", multiple=True, type=click.Choice(list(STATES)), help="Only changes to this state.")
@click.option("-n", "count", type=click.IntRange(min=0), default=50, show_default=True, help="How many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@on_places
def command(places: list[Place], **wanted: Any) -> int:
    """Show what happened, the newest last."""
    want = Wanted(**wanted)
    console = make_console()
    trails = [Trail(place) for place in places]
    events = _next_events(trails, want)
    _show(events[len(events) - want.count :] if want.count < len(events) else events, want, console)
    with suppress(KeyboardInterrupt):
        while want.follow:
            time.sleep(LOOK_AGAIN_S)
            _show(_next_events(trails, want), want, console)
    return 0


@dataclass(slots=True)
class Trail:
    """The events of one place; remembers how far they were read."""

    place: Place
    _seen: int = field(default=0)

    def read_on(self, want: Wanted) -> Iterator[Told]:
        """What happened since the last call. Raises ManifestError when there is no manifest."""
        record = want.records[0] if len(want.records) == 1 else None
        with open_reader(self.place.state_path) as read:
            events = read.events(self._seen, record, limit=MOST_EVENTS)
        self._seen = max((event.seq for event in events), default=self._seen)
        return (Told(self.place, event) for event in events if want.wants(event))


def _next_events(trails: Sequence[Trail], want: Wanted) -> list[Told]:
    return sorted((told for trail in trails for told in trail.read_on(want)), key=lambda told: told.event.time)


def _show(events: Sequence[Told], want: Wanted, console: Console) -> None:
    if want.as_json:
        for told in events:
            click.echo(json.dumps(_row(told)))
        return
    print_lines(console, (text for told in events for text in _lines(told.event)))


def _row(told: Told) -> dict[str, Any]:
    event = told.event
    return {
        "workspace": told.place.name,
        "seq": event.seq,
        "time": iso(event.time),
        "record": event.record,
        "step": event.step,
        "event": event.event,
        "detail": dict(event.detail),
    }


def _lines(event: EventRow) -> Iterator[Text]:
    yield _line(event)
    yield from (line("    ", text) for text in str(event.detail.get("exception", "")).splitlines())


def _line(event: EventRow) -> Text:
    what = state_word(STATES[event.event]) if event.event in STATES else styled(event.event, "bold")
    what.pad_right(max(0, WIDEST_EVENT - len(what)))
    whose = "/".join(part for part in (event.record, event.step) if part)
    said = [str(event.detail[name]) for name in TOLD if event.detail.get(name)]
    said += [f"{name}={value}" for name, value in event.detail.items() if name not in TOLD + KNOWN_ANYWAY]
    return line(f"{moment(event.time)}  ", what, "  ", styled(whose, "cyan"), "  " if whose else "", " ".join(said))
