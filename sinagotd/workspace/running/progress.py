"""Shows how far a call of `run()` has come, where somebody can see it: on a terminal or in a notebook."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from sinagotd.workspace.running.driving import Counts

if TYPE_CHECKING:
    from rich.console import Console

Show = Callable[[Counts], None]

DRAWN_EVERY_S = 0.1


@contextmanager
def bar(wanted: bool | None) -> Iterator[Show]:  # noqa: FBT001 - the argument of run() that people write
    """A bar while this lasts; None for one if a terminal or a notebook is there to show it."""
    from rich.console import Console  # noqa: PLC0415 - not everybody who runs steps looks on

    console = Console()
    if not (console.is_terminal or console.is_jupyter if wanted is None else wanted):
        yield lambda _: None
    elif console.is_jupyter:
        with _in_a_notebook() as show:
            yield show
    else:
        with _on_a_terminal(console) as show:
            yield show


@contextmanager
def _on_a_terminal(console: "Console") -> Iterator[Show]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("running"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=console.is_terminal) as progress:
        task = progress.add_task("running", total=None)
        yield lambda counts: progress.update(task, completed=counts.ended, total=counts.known)


@contextmanager
def _in_a_notebook() -> Iterator[Show]:
    """An output of its own above the lines, drawn again and again: rich would need ipywidgets, and break long lines."""
    display = import_module("IPython.display").display
    began, drawn, last = time.monotonic(), float("-inf"), Counts(0, 0)
    handle = display(_drawn(last, 0), raw=True, display_id=True)

    def show(counts: Counts) -> None:
        nonlocal drawn, last
        last, now = counts, time.monotonic()
        if now - drawn > DRAWN_EVERY_S:
            drawn = now
            handle.update(_drawn(counts, now - began), raw=True)

    try:
        yield show
    finally:
        handle.update(_drawn(last, time.monotonic() - began), raw=True)


def _drawn(counts: Counts, seconds: float) -> dict[str, str]:
    """By the kind of output that a front end may prefer."""
    ended, known = counts
    told = f"{ended}/{known} {timedelta(seconds=int(seconds))}"
    element = f'<progress value="{ended}" max="{max(1, known)}"></progress>'
    return {"text/plain": f"running {told}", "text/html": f"running {element} {told}"}
