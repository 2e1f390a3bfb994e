"""`sinagotd demo`: a daemon at work on a workspace made for show; what is said on the screen is measured first."""

import shlex
import time
from pathlib import Path

import click
from rich.console import Console

from sinagotd.cli.dataset_diff import command as diff
from sinagotd.cli.demo_acts import Act, acts
from sinagotd.cli.demo_daemon import LOG_NAME, Daemon, DemoError, signals_interrupt
from sinagotd.cli.demo_dataset import NAME
from sinagotd.cli.demo_screen import progress, say, say_reasons
from sinagotd.cli.demo_watching import Watching
from sinagotd.cli.demo_workspace import STEPS, make_workspace
from sinagotd.cli.explain import command as explain
from sinagotd.cli.faults import INPUT_FAULT, INTERRUPTED, tell
from sinagotd.cli.matrix import Frame, picture
from sinagotd.cli.places import PATH, Place, find_places
from sinagotd.cli.screen import make_console, print_lines
from sinagotd.cli.text import counted
from sinagotd.cli.viewing import viewer

DEFAULT_FOLDER = "demo-workspace"
RECORDS, FEWEST_RECORDS, MOST_RECORDS = 60, 6, 600
TABLE_LINES = 16
BETWEEN_WRITES_S, BETWEEN_GLANCES_S = 0.1, 0.5

NEXT = """\
Look into {folder}: raw files, results, the table of them, and scripts; the daemon's log is {log}.
To go on:
  sinagotd status {quoted}
  sinagotd explain {record} -w {quoted}
  sinagotd logs {quoted}
  sinagotd dataset status {dataset} --config {quoted}"""


@click.command()
@click.argument("folder", type=PATH, default=DEFAULT_FOLDER)
@click.option(
    "--records",
    "count",
    type=click.IntRange(FEWEST_RECORDS, MOST_RECORDS),
    default=RECORDS,
    show_default=True,
    help="How many records arrive at first.",
)
@click.option("--keep", is_flag=True, help="Leave the daemon at work in the end, until Ctrl-C.")
def command(folder: Path, count: int, *, keep: bool) -> int:
    """Watch the daemon at work on a workspace made for show, which stays in FOLDER until the next demo."""
    console = make_console()
    make_workspace(folder)
    place = find_places(folder, None)[0]
    try:
        with signals_interrupt(), Daemon(folder) as daemon:
            _start(daemon, console, folder)
            _perform(Watching(place.state_path, daemon), console, folder, count)
            if keep:
                _linger(daemon, console, folder)
            say(console, f"The daemon was asked to stop and ended well, in {daemon.stop():.1f} s.")
    except DemoError as fault:
        tell(*fault.sentences)
        return INPUT_FAULT
    except (KeyboardInterrupt, click.Abort):
        tell("interrupted; the daemon has ended")
        return INTERRUPTED
    _conclude(console, place, folder)
    return 0


def _start(daemon: Daemon, console: Console, folder: Path) -> None:
    say(console, f"A harbour, where boats are written down: {folder}. Its scripts: {', '.join(STEPS)}.")
    began = time.monotonic()
    daemon.start()
    took_s = time.monotonic() - began
    say(console, f"The daemon is up, as process {daemon.pid}, with {counted(daemon.workers, 'worker')}", took_s=took_s)


def _perform(watching: Watching, console: Console, folder: Path, count: int) -> None:
    for number, act in enumerate(acts(folder, count), start=1):
        _play(act, watching, console, number)
        if act.explain is not None:
            explain.main([act.explain.record, act.explain.step, "-w", str(folder)], standalone_mode=False)
        if act.diff_since is not None:
            diff.main([NAME, str(act.diff_since), "--config", str(folder)], standalone_mode=False)


def _play(act: Act, watching: Watching, console: Console, number: int) -> None:
    """Do it, wait until all is at rest, and tell what happened. Raises DemoError when it is not what must happen."""
    console.print()
    say(console, act.title, number=number)
    began = shown_at = time.monotonic()
    with progress(console, act.expected.steps) as show:
        for _ in act.do:
            time.sleep(BETWEEN_WRITES_S)
            if time.monotonic() - shown_at > BETWEEN_GLANCES_S:
                show(watching.glance())
                shown_at = time.monotonic()
        happened = watching.until_rest(act.expected, show)
    moral = act.moral()
    say(console, f"{counted(happened.runs.total(), 'run')}", took_s=time.monotonic() - began)
    say_reasons(console, happened.whys, STEPS)
    say(console, moral)


def _linger(daemon: Daemon, console: Console, folder: Path) -> None:
    """Let the person play with the workspace until Ctrl-C."""
    console.print()
    say(console, f"The daemon goes on: change something in {folder}. Ctrl-C ends it.")
    try:
        while True:
            daemon.check_alive()
            time.sleep(BETWEEN_GLANCES_S)
    except KeyboardInterrupt:
        console.print()


def _conclude(console: Console, place: Place, folder: Path) -> None:
    with viewer(place) as each:
        view = each.view()
    console.print()
    console.print(picture(view, view.steps, Frame(console.width, TABLE_LINES), as_list=False))
    names = {"dataset": NAME, "folder": folder, "log": folder / LOG_NAME, "quoted": shlex.quote(str(folder))}
    print_lines(console, NEXT.format(record=next(iter(view.steps)).record, **names).splitlines())
