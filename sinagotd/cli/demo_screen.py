"""Shows the demo: a bar and the newest events while the daemon works, then what ran and why. It knows nothing itself."""

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sinagotd.cli.demo_watching import Glance, Show, Why
from sinagotd.cli.screen import line, state_word, styled
from sinagotd.cli.text import counted
from sinagotd.core.states import State
from sinagotd.manifest.rows import EventRow

PLAIN_EVERY_S = 1.0
BAR_WIDTH = 24
STEP_WIDTH = 6
INDENT = "   "
SHOWN_EVENTS = 5
UNTOLD = (State.BLOCKED.value, State.RUNNING.value)
STATES = {state.value: state for state in State}


@contextmanager
def progress(console: Console, total: int) -> Iterator[Show]:
    """Show how far it is: on a terminal a picture that is gone in the end, elsewhere a line every second."""
    if not console.is_terminal:
        yield _plain(console, total)
        return
    from rich.live import Live  # noqa: PLC0415 - only a terminal pays for it

    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda glance: live.update(_picture(glance, total), refresh=True)


def _plain(console: Console, total: int) -> Show:
    shown_at, shown = time.monotonic(), ""

    def show(glance: Glance) -> None:
        nonlocal shown_at, shown
        told = f"{INDENT}{_progress_words(glance, total)}"
        at_rest = glance.counts.get(State.CURRENT) == total
        if not at_rest and told != shown and time.monotonic() - shown_at >= PLAIN_EVERY_S:
            console.print(told)
            shown_at, shown = time.monotonic(), told

    return show


def _picture(glance: Glance, total: int) -> RenderableType:
    bar = Table.grid(padding=(0, 1))
    current = glance.counts.get(State.CURRENT, 0)
    bar.add_row(INDENT[1:], ProgressBar(total, current, width=BAR_WIDTH), _progress_words(glance, total))
    told = [event for event in glance.events if event.event not in UNTOLD]
    return Group(bar, *(_event_line(event) for event in told[-SHOWN_EVENTS:]))


def _progress_words(glance: Glance, total: int) -> str:
    current = glance.counts.get(State.CURRENT, 0)
    in_flight = f", {glance.in_flight} in flight" if glance.in_flight else ""
    return f"{current} of {total} steps current{in_flight}"


def _event_line(event: EventRow) -> Text:
    clock = datetime.fromtimestamp(event.time).astimezone().strftime("%H:%M:%S")
    what = state_word(STATES[event.event]) if event.event in STATES else styled(event.event, "bold")
    whose = "/".join(part for part in (event.record, event.step) if part)
    said = event.detail.get("says") or event.detail.get("why") or ""
    text = line(INDENT, styled(clock, "dim"), f" {whose} ", what, f": {said}" if said else "")
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def say(console: Console, text: str, *, number: int | None = None, took_s: float | None = None) -> None:
    """A paragraph beside the number of an act, if it opens one; in the end how long something took."""
    took = "" if took_s is None else f" ({took_s:.1f} s)"
    _print_row(console, [styled("" if number is None else str(number), "bold")], line(text, took))


def say_reasons(console: Console, whys: Iterable[Why], steps: Iterable[str]) -> None:
    """Why which step ran: a line for each step and reason, in the order of the steps."""
    by_reason: dict[tuple[str, str], list[Why]] = {}
    for why in whys:
        by_reason.setdefault((why.key.step, why.reason), []).append(why)
    for step in steps:
        for (name, _), some in by_reason.items():
            if name == step:
                _print_row(console, [Text(), styled(step.ljust(STEP_WIDTH), "cyan")], _told(some))


def _told(whys: list[Why]) -> Text:
    """One reason; where it is many sentences, for as many files, the first stands for all."""
    first = whys[0]
    if len(whys) == 1:
        return line(first.sentence if first.key.record in first.sentence else f"{first.key.record}: {first.sentence}")
    example = "" if len({why.sentence for why in whys}) == 1 else "for example, "
    return line(f"{counted(len(whys), 'file')}: {example}{first.sentence}")


def _print_row(console: Console, heads: Collection[Text], text: Text) -> None:
    """A line whose last part goes on below itself where it does not fit."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=len(INDENT) - 1)
    for _ in heads:
        row.add_column()
    row.add_row(*heads, text)
    console.print(row)
