"""Shows how far a call of `run()` has come, where somebody can see it: on a terminal or in a notebook."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sinagotd.workspace.running.driving import Counts

if TYPE_CHECKING:
    from rich.console import Console

Show = Callable[[Counts], None]


@contextmanager
def bar(wanted: bool | None) -> Iterator[Show]:  # noqa: FBT001 - the argument of run() that people write
    """A bar while this lasts; None for one if a terminal or a notebook is there to show it."""
    from rich.console import Console  # noqa: PLC0415 - not everybody who runs steps looks on

    console = Console()
    if not (_is_seen(console) if wanted is None else wanted):
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("running"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=console.is_terminal) as progress:
        task = progress.add_task("running", total=None)
        yield lambda counts: progress.update(task, completed=counts.ended, total=counts.known)


def _is_seen(console: "Console") -> bool:
    """A notebook shows a bar with the help of ipywidgets."""
    return console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)
