"""What the commands that change something have in common: which steps they speak of, and how they tell what they did."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.text import Text

from sinagotd.cli.asking import Asked, Done, ask_all
from sinagotd.cli.places import JSON_HELP, Place, on_places, workspace_option
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.text import counted

SHOWN_STEPS = 20
NOTHING_DONE = {"retry": "nothing of that has failed: --force runs steps whatever their state"}
NOTHING_TO_CHANGE = "all of that is so already"
NOTHING_CHOSEN = "name records (RECORD or RECORD/STEP), or steps with --step, or say --all"

Command = Callable[..., Any]


def asking_command(command: Command) -> Command:
    """Give a command its targets and options; it is called with the places and everything else by name."""
    for decorate in (
        on_places,
        click.option("--json", "as_json", is_flag=True, help=JSON_HELP),
        click.option("--all", "everything", is_flag=True, help="Every record."),
        click.option("--step", "steps", multiple=True, metavar="STEP", help="Only this step, by its name or label."),
        workspace_option,
        click.argument("targets", nargs=-1, metavar="[RECORD[/STEP]]..."),
    ):
        command = decorate(command)
    return command


def choose(
    verb: str, targets: Sequence[str], steps: Sequence[str], *, everything: bool, force: bool = False
) -> list[Asked]:
    """The requests that these arguments mean. Raises UsageError when they mean nothing, or two things."""
    wanted = tuple(steps) or None
    if everything and targets:
        raise click.UsageError("--all speaks of every record: leave out the names, or --all")
    if not targets:
        if not (everything or steps):
            raise click.UsageError(NOTHING_CHOSEN)
        return [Asked(verb, None, wanted, force)]
    records: dict[tuple[str, ...] | None, list[str]] = defaultdict(list)
    for target in dict.fromkeys(targets):
        record, _, step = target.partition("/")
        records[(step,) if step else wanted].append(record)
    return [Asked(verb, tuple(named), of, force) for of, named in records.items()]


def ask_and_tell(places: list[Place], requests: Sequence[Asked], *, as_json: bool) -> int:
    """Ask, print what was done and what was left; 1 if nothing was done."""
    done = ask_all(places, requests)
    if as_json:
        print_json([asdict(each) for each in done])
    else:
        print_lines(make_console(), (text for each in done for text in _lines(requests[0].verb, each)))
    return int(not any(each.steps for each in done))


def _lines(verb: str, done: Done) -> Iterator[Text | str]:
    yield line(styled(done.workspace, "bold"), f": {verb}: {counted(len(done.steps), 'step')}")
    yield from (line("  ", styled(step, "cyan")) for step in done.steps[:SHOWN_STEPS])
    if len(done.steps) > SHOWN_STEPS:
        yield f"  and {len(done.steps) - SHOWN_STEPS:,} more"
    if not (done.steps or done.left):
        yield f"  {NOTHING_DONE.get(verb, NOTHING_TO_CHANGE)}"
    yield from (line("  ", styled("left", "yellow"), f" {why}") for why in done.left[:SHOWN_STEPS])
    if len(done.left) > SHOWN_STEPS:
        yield f"  and {len(done.left) - SHOWN_STEPS:,} more left"
